#include "core/os/process_stats.h"

#include <sys/resource.h>
#include <unistd.h>

#include "core/base/numbers.h"
#include "core/os/file_system.h"

namespace drover {
namespace {

// Field `index` (from 1) of /proc/self/stat; the command in parentheses may hold spaces.
std::uint64_t StatField(std::string_view stat, int index) {
  stat.remove_prefix(std::min(stat.size(), stat.rfind(')') + 2));
  for (int i = 3; i < index; ++i) stat.remove_prefix(std::min(stat.size(), stat.find(' ') + 1));
  return ParseUint(stat.substr(0, stat.find(' '))).value_or(0);
}

std::uint64_t StatusKib(std::string_view status, std::string_view key) {
  std::size_t at = status.find(key);
  if (at == std::string_view::npos) return 0;
  at = status.find_first_of("0123456789", at);
  if (at == std::string_view::npos) return 0;
  const std::size_t end = status.find_first_not_of("0123456789", at);
  return ParseUint(status.substr(at, end - at)).value_or(0);
}

double BootTimeSeconds(std::string_view stat) {
  const std::size_t at = stat.find("\nbtime ");
  if (at == std::string_view::npos) return 0;
  const std::string_view rest = stat.substr(at + 7);
  return static_cast<double>(ParseUint(rest.substr(0, rest.find('\n'))).value_or(0));
}

}  // namespace

Result<ProcessStats> ReadProcessStats() {
  const auto proc = MakeFileSystem("/proc");
  const auto stat = proc->ReadFile("self/stat");
  const auto status = proc->ReadFile("self/status");
  const auto machine = proc->ReadFile("stat");
  const auto fds = proc->List("self/fd");
  if (!stat || !status || !machine || !fds)
    return Fail(ErrorCode::kUnsupported, "no /proc/self here");
  const auto ticks = static_cast<double>(::sysconf(_SC_CLK_TCK));
  ProcessStats out;
  out.cpu_seconds = static_cast<double>(StatField(*stat, 14) + StatField(*stat, 15)) / ticks;
  out.start_time_seconds =
      BootTimeSeconds(*machine) + static_cast<double>(StatField(*stat, 22)) / ticks;
  out.virtual_bytes = StatField(*stat, 23);
  out.resident_bytes = StatusKib(*status, "VmRSS:") * 1024;
  out.anonymous_bytes = StatusKib(*status, "RssAnon:") * 1024;
  out.threads = StatusKib(*status, "Threads:");
  out.open_fds = fds->size() - 1;  // the folder itself was open while it was read
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) == 0) out.max_fds = limit.rlim_cur;
  return out;
}

}  // namespace drover
