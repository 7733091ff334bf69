// /proc/stat (man 5 proc_stat): CPU time, interrupts, context switches since boot.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

// user nice system idle iowait irq softirq steal guest guest_nice, in seconds (ticks of 1/100 s).
// An old kernel's missing columns are 0.
using CpuTimes = std::array<double, 10>;
enum CpuMode { kUser, kNice, kSystem, kIdle, kIowait, kIrq, kSoftirq, kSteal, kGuest, kGuestNice };

struct ProcStat {
  struct Cpu {
    std::string_view id;  // "0"; points into the text
    CpuTimes seconds;
  };
  std::vector<Cpu> cpus;  // without the sum
  std::optional<double> interrupts, context_switches, boot_time, forks, running, blocked;
  // hi timer net_tx net_rx block block_iopoll tasklet sched hrtimer rcu
  std::vector<double> softirqs;
};

// Into `out`, whose vectors are reused. Unknown lines are skipped. kInvalid for a number that is
// none, and where there is no CPU.
Status ParseProcStat(std::string_view text, ProcStat& out);

}  // namespace drover::exporters::node
