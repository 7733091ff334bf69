#include <algorithm>

#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/processor/proc_stat.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kInterrupts{"node_intr_total", "Total number of interrupts serviced.",
                                 kCounter};
constexpr MetricDesc kContextSwitches{"node_context_switches_total",
                                      "Total number of context switches.", kCounter};
constexpr MetricDesc kForks{"node_forks_total", "Total number of forks.", kCounter};
constexpr MetricDesc kBootTime{"node_boot_time_seconds", "Node boot time, in unixtime.", kGauge};
constexpr MetricDesc kRunning{"node_procs_running", "Number of processes in runnable state.",
                              kGauge};
constexpr MetricDesc kBlocked{"node_procs_blocked",
                              "Number of processes blocked waiting for I/O to complete.", kGauge};
constexpr MetricDesc kSoftirqs{"node_softirqs_total", "Number of softirq calls.", kCounter,
                               "vector"};
constexpr std::string_view kVectors[] = {"hi",           "timer",   "net_tx", "net_rx",  "block",
                                         "block_iopoll", "tasklet", "sched",  "hrtimer", "rcu"};

class Stat final : public Collector {
 public:
  explicit Stat(const CollectorInput& input)
      : file_(*input.roots.proc, "stat"), with_softirqs_(input.flags.Switch("stat.softirq")) {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseProcStat(text_, parsed_));
    out.Add(kInterrupts, parsed_.interrupts.value_or(0));
    out.Add(kContextSwitches, parsed_.context_switches.value_or(0));
    out.Add(kForks, parsed_.forks.value_or(0));
    out.Add(kBootTime, parsed_.boot_time.value_or(0));
    out.Add(kRunning, parsed_.running.value_or(0));
    out.Add(kBlocked, parsed_.blocked.value_or(0));
    if (!with_softirqs_) return {};
    const std::size_t count = std::min(std::size(kVectors), parsed_.softirqs.size());
    for (std::size_t i = 0; i < count; ++i) out.Add(kSoftirqs, {kVectors[i]}, parsed_.softirqs[i]);
    return {};
  }

 private:
  HotFile file_;
  const bool with_softirqs_;
  ProcStat parsed_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Stat>(input);
}

}  // namespace

CollectorSpec StatSpec() {
  using enum CollectorFlag::Kind;
  return {"stat",
          true,
          "Interrupts, context switches, forks: /proc/stat.",
          "/proc/stat",
          {{"stat.softirq", kSwitch, "false", "Export softirq calls per vector"}},
          Make,
          NamesOf(kInterrupts, kContextSwitches, kForks, kBootTime, kRunning, kBlocked, kSoftirqs)};
}

}  // namespace drover::exporters::node
