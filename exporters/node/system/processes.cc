#include <algorithm>
#include <array>

#include "core/base/numbers.h"
#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/system/process_stat.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kThreads{"node_processes_threads", "Allocated threads in system"};
constexpr MetricDesc kMaxThreads{"node_processes_max_threads", "Limit of threads in the system"};
constexpr MetricDesc kThreadStates{"node_processes_threads_state",
                                   "Number of threads in each state.", MetricType::kGauge,
                                   "thread_state"};
constexpr MetricDesc kStates{"node_processes_state", "Number of processes in each state.",
                             MetricType::kGauge, "state"};
constexpr MetricDesc kPids{"node_processes_pids", "Number of PIDs"};
constexpr MetricDesc kMaxPids{"node_processes_max_processes", "Number of max PIDs limit"};

using StateCounts = std::array<std::uint64_t, 256>;  // by the state's letter

bool IsNumber(std::string_view name) {
  return !name.empty() &&
         std::all_of(name.begin(), name.end(), [](char c) { return c >= '0' && c <= '9'; });
}

void Emit(const MetricDesc& desc, const StateCounts& counts, MetricSink& out) {
  for (std::size_t state = 0; state < counts.size(); ++state) {
    const char letter = static_cast<char>(state);
    if (counts[state] != 0)
      out.Add(desc, {std::string_view(&letter, 1)}, static_cast<double>(counts[state]));
  }
}

class Processes final : public Collector {
 public:
  explicit Processes(const CollectorInput& input)
      : proc_(input.roots.proc),
        max_threads_(*proc_, "sys/kernel/threads-max"),
        max_pids_(*proc_, "sys/kernel/pid_max"),
        is_procfs_(proc_->Exists("self/task")) {}

  Status Collect(MetricSink& out) override {
    Totals totals;
    DROVER_CHECK(CountAll(totals));
    out.Add(kThreads, static_cast<double>(totals.threads));
    DROVER_CHECK(EmitLimit(max_threads_, kMaxThreads, out));
    Emit(kStates, totals.states, out);
    Emit(kThreadStates, totals.thread_states, out);
    DROVER_CHECK(EmitLimit(max_pids_, kMaxPids, out));
    out.Add(kPids, static_cast<double>(totals.pids));
    return {};
  }

 private:
  struct Totals {
    std::uint64_t pids = 0, threads = 0;
    StateCounts states{}, thread_states{};
  };

  // A process that ended meanwhile is passed over: absent, or ESRCH while it is read.
  Result<std::optional<ProcessStat>> ReadStat(const std::string& folder) {
    if (const auto status = proc_->ReadFile(folder + "/stat", text_); !status) {
      if (status.error().code() == ErrorCode::kNotFound) return std::optional<ProcessStat>();
      return Fail(status.error());
    }
    DROVER_TRY(const ProcessStat stat, ParseProcessStat(text_));
    return std::optional<ProcessStat>(stat);
  }

  Status CountAll(Totals& totals) {
    DROVER_TRY(const auto names, proc_->List(""));
    for (const std::string& pid : names) {
      if (!IsNumber(pid)) continue;
      DROVER_TRY(const auto stat, ReadStat(pid));
      if (!stat) continue;
      ++totals.pids;
      ++totals.states[static_cast<unsigned char>(stat->state)];
      totals.threads += stat->threads;
      DROVER_CHECK(CountThreads(pid, *stat, totals));
    }
    return {};
  }

  // The first thread's state is the process's; the others are read one by one.
  Status CountThreads(const std::string& pid, const ProcessStat& process, Totals& totals) {
    const std::string folder = pid + "/task";
    const auto count = [&](char state) {
      ++totals.thread_states[static_cast<unsigned char>(state)];
    };
    if (process.threads == 1) {
      if (is_procfs_ || proc_->Exists(folder)) count(process.state);
      return {};
    }
    const auto threads = proc_->List(folder);
    if (!threads && threads.error().code() == ErrorCode::kNotFound) return {};
    if (!threads) return Fail(threads.error());
    for (const std::string& thread : *threads) {
      if (!IsNumber(thread)) continue;
      if (thread == pid) {
        count(process.state);
        continue;
      }
      DROVER_TRY(const auto stat, ReadStat(folder + "/" + thread));
      if (stat) count(stat->state);
    }
    return {};
  }

  Status EmitLimit(HotFile& file, const MetricDesc& desc, MetricSink& out) {
    DROVER_CHECK(file.Read(text_));
    const auto limit = ParseUint(Trim(text_));
    if (!limit) return Fail(ErrorCode::kInvalid, file.path() + ": not a number");
    out.Add(desc, static_cast<double>(*limit));
    return {};
  }

  const std::shared_ptr<FileSystem> proc_;
  HotFile max_threads_, max_pids_;
  const bool is_procfs_;  // every process has its threads' folder: no need to look for it
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Processes>(input);
}

}  // namespace

CollectorSpec ProcessesSpec() {
  return {"processes",
          false,
          "Processes and threads by state, and their limits.",
          "/proc/PID/stat, /proc/PID/task/TID/stat, /proc/sys/kernel/{threads-max,pid_max}",
          {},
          Make,
          {"node_processes_threads", "node_processes_max_threads", "node_processes_threads_state",
           "node_processes_state", "node_processes_pids", "node_processes_max_processes"}};
}

}  // namespace drover::exporters::node
