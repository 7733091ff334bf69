// /proc/interrupts (man 5 proc): a heading with one word per CPU, then one line per interrupt.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct Interrupt {
  std::string_view name;       // "0", "NMI"; a view into the text
  std::string info;            // of a numbered one the chip ("IO-APIC"), else the description
  std::string devices;         // "2-edge timer"; empty when it is not numbered
  std::vector<double> counts;  // by CPU, in the heading's order
};

// Replaces `out`. Lines without a count for every CPU and a description (ERR, MIS) are passed over.
// kInvalid: no heading, or something else than a number where a count should be.
Status ParseInterrupts(std::string_view text, std::vector<Interrupt>& out);

}  // namespace drover::exporters::node
