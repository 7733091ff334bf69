// /proc/schedstat (kernel: Documentation/scheduler/sched-stats.rst): per CPU, how long tasks ran
// and waited.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct SchedStat {
  std::string_view cpu;  // "0"
  std::uint64_t running_ns = 0;
  std::uint64_t waiting_ns = 0;
  std::uint64_t timeslices = 0;
};

// Views point into `text`. Lines other than cpuN's are skipped (domains; version 17 adds names).
// kInvalid when there is no CPU, or one of fewer than nine numbers.
Status ParseSchedStat(std::string_view text, std::vector<SchedStat>& out);

}  // namespace drover::exporters::node
