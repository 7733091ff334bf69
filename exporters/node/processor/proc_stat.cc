#include "exporters/node/processor/proc_stat.h"

#include <string>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

constexpr double kTicksPerSecond = 100;  // USER_HZ, part of the kernel's interface

Status BadLine(std::string_view line) {
  return Fail(ErrorCode::kInvalid, "stat: not a number in " + std::string(line.substr(0, 60)));
}

}  // namespace

Status ParseProcStat(std::string_view text, ProcStat& out) {
  out.cpus.clear();
  out.softirqs.clear();
  out.interrupts = out.context_switches = out.boot_time = std::nullopt;
  out.forks = out.running = out.blocked = std::nullopt;
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line;
    const std::string_view key = NextField(rest);
    if (key.starts_with("cpu")) {
      if (key.size() == 3) continue;
      ProcStat::Cpu cpu{key.substr(3), {}};
      for (double& seconds : cpu.seconds) {
        const std::string_view field = NextField(rest);
        if (field.empty()) break;
        const auto ticks = ParseFloat(field);
        if (!ticks) return BadLine(line);
        seconds = *ticks / kTicksPerSecond;
      }
      out.cpus.push_back(cpu);
    } else if (key == "softirq") {
      NextField(rest);  // the sum
      for (auto field = NextField(rest); !field.empty(); field = NextField(rest)) {
        const auto count = ParseFloat(field);
        if (!count) return BadLine(line);
        out.softirqs.push_back(*count);
      }
    } else {
      std::optional<double>* const field = key == "intr"            ? &out.interrupts
                                           : key == "ctxt"          ? &out.context_switches
                                           : key == "btime"         ? &out.boot_time
                                           : key == "processes"     ? &out.forks
                                           : key == "procs_running" ? &out.running
                                           : key == "procs_blocked" ? &out.blocked
                                                                    : nullptr;
      if (field == nullptr) continue;
      *field = ParseFloat(NextField(rest));
      if (!*field) return BadLine(line);
    }
  }
  if (out.cpus.empty()) return Fail(ErrorCode::kInvalid, "stat: no CPU");
  return {};
}

}  // namespace drover::exporters::node
