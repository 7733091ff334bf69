// What the kernel knows about this process (proc(5): stat, statm, status, limits).
#pragma once

#include <cstdint>

#include "core/base/result.h"

namespace drover {

struct ProcessStats {
  double cpu_seconds = 0;         // user and system, all threads
  double start_time_seconds = 0;  // since the epoch
  std::uint64_t resident_bytes = 0;
  std::uint64_t anonymous_bytes = 0;  // RssAnon: what is ours, without shared library text
  std::uint64_t virtual_bytes = 0;
  std::uint64_t open_fds = 0;
  std::uint64_t max_fds = 0;
  std::uint64_t threads = 0;
};

// kUnsupported where there is no /proc.
Result<ProcessStats> ReadProcessStats();

}  // namespace drover
