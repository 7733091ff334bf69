// /sys/fs/xfs/<device>/stats/stats (kernel: fs/xfs/xfs_stats.c): lines of a name and counters of 32
// bits. Later kernels append counters to a line and add lines.
#pragma once

#include <cstdint>
#include <map>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

// Views point into `text`. kInvalid for an empty text and for what is no number in a line of one
// word and numbers.
Result<std::map<std::string_view, std::vector<std::uint64_t>>> ParseXfsStats(std::string_view text);

}  // namespace drover::exporters::node
