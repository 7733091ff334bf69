#include "exporters/node/node_flags.h"

#include "exporters/node/collectors.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kSuccess{"node_scrape_collector_success",
                              "node_exporter: Whether a collector succeeded.", MetricType::kGauge,
                              "collector"};
constexpr MetricDesc kDuration{"node_scrape_collector_duration_seconds",
                               "node_exporter: Duration of a collector scrape.", MetricType::kGauge,
                               "collector"};

}  // namespace

NodeFlags::NodeFlags() : collectors(Collectors(), NotBuilt()) {}

void NodeFlags::AddTo(Flags& flags) {
  flags.Add("path.procfs", procfs, "procfs mountpoint.");
  flags.Add("path.sysfs", sysfs, "sysfs mountpoint.");
  flags.Add("path.rootfs", rootfs, "rootfs mountpoint.");
  flags.Add("path.udev.data", udev_data, "udev data path.");
  flags.Add("collector.timeout", collector_timeout,
            "How long a page waits for one collector; a later one is left behind and reported as "
            "failed.");
  collectors.AddTo(flags);
}

Result<std::unique_ptr<Runner>> NodeFlags::MakeRunner(const CollectorFlags::Choice& choice,
                                                      const Clock& clock, const Logger& log) const {
  if (collector_timeout <= Millis(0))
    return Fail(ErrorCode::kInvalid, "--collector.timeout: must be above 0");
  const CollectorInput input{MakeRoots(procfs, sysfs, rootfs, udev_data), choice.values, log,
                             clock};
  std::vector<Runner::Entry> entries;
  for (const CollectorSpec* spec : choice.on) {
    auto collector = spec->make(input);
    if (!collector && collector.error().code() == ErrorCode::kInvalid)
      return Fail(std::move(collector).error());
    if (!collector) {
      log.Warn("collector left out", {{"name", spec->name}, {"err", collector.error().message()}});
      continue;
    }
    entries.push_back({std::string(spec->name), *std::move(collector)});
  }
  RunnerConfig config;
  config.timeout = collector_timeout;
  config.success = &kSuccess;
  config.duration = &kDuration;
  return std::make_unique<Runner>(std::move(entries), config, clock, log);
}

}  // namespace drover::exporters::node
