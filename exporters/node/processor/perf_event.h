// Counters of the kernel's perf subsystem (man 2 perf_event_open): one file descriptor per event
// and CPU, counting all processes.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct PerfEvent {
  std::uint32_t type = 0;  // PERF_TYPE_*
  std::uint64_t config = 0;
};

// Counts from its opening on. Move only.
class PerfCounter {
 public:
  // kUnsupported: no such event on this CPU, or the CPU is off; kDenied:
  // /proc/sys/kernel/perf_event_paranoid; kExhausted: no more file descriptors.
  static Result<PerfCounter> Open(const PerfEvent& event, int cpu);
  ~PerfCounter();
  PerfCounter(PerfCounter&& other) noexcept;
  PerfCounter& operator=(PerfCounter&&) = delete;

  Result<std::uint64_t> Read() const;

 private:
  explicit PerfCounter(int fd) : fd_(fd) {}
  int fd_;
};

// "0-3,8,10-20:5" (every fifth): kInvalid for anything else and for more than 8192 CPUs.
Result<std::vector<int>> ParsePerfCpus(std::string_view text);

}  // namespace drover::exporters::node
