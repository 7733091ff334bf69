#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/processor/sched_stat.h"

namespace drover::exporters::node {
namespace {

constexpr double kNanos = 1e9;
constexpr MetricDesc kRunning{"node_schedstat_running_seconds_total",
                              "Number of seconds CPU spent running a process.",
                              MetricType::kCounter, "cpu"};
constexpr MetricDesc kWaiting{"node_schedstat_waiting_seconds_total",
                              "Number of seconds spent by processing waiting for this CPU.",
                              MetricType::kCounter, "cpu"};
constexpr MetricDesc kTimeslices{"node_schedstat_timeslices_total",
                                 "Number of timeslices executed by CPU.", MetricType::kCounter,
                                 "cpu"};

class SchedStatCollector final : public Collector {
 public:
  explicit SchedStatCollector(const CollectorInput& input)
      : file_(*input.roots.proc, "schedstat") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseSchedStat(text_, cpus_));
    for (const SchedStat& one : cpus_) {
      out.Add(kRunning, {one.cpu}, static_cast<double>(one.running_ns) / kNanos);
      out.Add(kWaiting, {one.cpu}, static_cast<double>(one.waiting_ns) / kNanos);
      out.Add(kTimeslices, {one.cpu}, static_cast<double>(one.timeslices));
    }
    return {};
  }

 private:
  HotFile file_;
  std::string text_;
  std::vector<SchedStat> cpus_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<SchedStatCollector>(input);
}

}  // namespace

CollectorSpec SchedStatSpec() {
  return {"schedstat", true, "How long tasks ran and waited on each CPU.", "/proc/schedstat",
          {},          Make, NamesOf(kRunning, kWaiting, kTimeslices)};
}

}  // namespace drover::exporters::node
