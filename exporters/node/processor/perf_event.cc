#include "exporters/node/processor/perf_event.h"

#include <errno.h>
#include <linux/perf_event.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <utility>

#include "core/base/numbers.h"

namespace drover::exporters::node {
namespace {

constexpr std::size_t kMaxCpus = 8192;

// An event on every CPU of a big host takes more descriptors than a process may have at first.
bool RaiseDescriptorLimit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= limit.rlim_max) return false;
  limit.rlim_cur = limit.rlim_max;
  return ::setrlimit(RLIMIT_NOFILE, &limit) == 0;
}

long OpenEvent(perf_event_attr& attributes, int cpu) {
  constexpr int kAllProcesses = -1, kNoGroup = -1;
  return ::syscall(SYS_perf_event_open, &attributes, kAllProcesses, cpu, kNoGroup,
                   PERF_FLAG_FD_CLOEXEC);
}

}  // namespace

Result<PerfCounter> PerfCounter::Open(const PerfEvent& event, int cpu) {
  perf_event_attr attributes{};
  attributes.size = sizeof attributes;
  attributes.type = event.type;
  attributes.config = event.config;
  attributes.exclude_hv = 1;
  attributes.inherit = 1;
  long fd = OpenEvent(attributes, cpu);
  if (fd < 0 && errno == EMFILE && RaiseDescriptorLimit()) fd = OpenEvent(attributes, cpu);
  if (fd < 0 && (errno == ENOENT || errno == EINVAL))  // not on this processor
    return Fail(ErrorCode::kUnsupported, "perf: no such event");
  if (fd < 0) return FailErrno(errno, "perf event");
  return PerfCounter(static_cast<int>(fd));
}

PerfCounter::~PerfCounter() {
  if (fd_ >= 0) ::close(fd_);
}

PerfCounter::PerfCounter(PerfCounter&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}

Result<std::uint64_t> PerfCounter::Read() const {
  std::uint64_t value = 0;
  const ssize_t n = ::read(fd_, &value, sizeof value);
  if (n < 0) return FailErrno(errno, "perf event");
  if (n != sizeof value) return Fail(ErrorCode::kUnsupported, "perf: the event has no value");
  return value;
}

Result<std::vector<int>> ParsePerfCpus(std::string_view text) {
  std::vector<int> cpus;
  const auto number = [](std::string_view part) -> std::optional<int> {
    const auto value = ParseUint(part);
    if (!value || *value >= kMaxCpus || part.front() == '+') return std::nullopt;
    return static_cast<int>(*value);
  };
  const std::string whole(text);
  for (bool more = true; more;) {
    const std::size_t comma = text.find(',');
    std::string_view part = text.substr(0, comma);
    more = comma != std::string_view::npos;
    if (more) text.remove_prefix(comma + 1);
    std::optional<int> stride = 1;
    const std::size_t dash = part.find('-');
    if (const std::size_t colon = part.find(':');
        colon != std::string_view::npos && dash != std::string_view::npos) {
      stride = number(part.substr(colon + 1));
      part = part.substr(0, colon);
    }
    const auto first = part.empty() ? std::nullopt : number(part.substr(0, dash));
    const auto last = dash == std::string_view::npos ? first
                      : dash + 1 < part.size()       ? number(part.substr(dash + 1))
                                                     : std::nullopt;
    if (!first || !last || !stride || *stride == 0)
      return Fail(ErrorCode::kInvalid, "not a list of CPUs: " + whole);
    for (int cpu = *first; cpu <= *last && cpus.size() < kMaxCpus; cpu += *stride)
      cpus.push_back(cpu);
  }
  return cpus;
}

}  // namespace drover::exporters::node
