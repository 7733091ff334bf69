// Counters of the network stack in /proc/net (kernel: net/core/neighbour.c, net/xfrm/xfrm_proc.c).
// Views point into the texts. kInvalid for a line that breaks its table's form.
#pragma once

#include <functional>
#include <string_view>

#include "core/base/result.h"

namespace drover::exporters::node {

// stat/<cache>: a heading of names, then a line of hexadecimal numbers per CPU. `sink` gets the
// number of the line (from 0), the name and the value.
using LnstatSink = std::function<void(std::size_t cpu, std::string_view name, double value)>;
Status ParseLnstat(std::string_view text, const LnstatSink& sink);

// xfrm_stat: "XfrmInError 1" lines.
Status ParseXfrmStat(std::string_view text,
                     const std::function<void(std::string_view name, double value)>& sink);

}  // namespace drover::exporters::node
