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

constexpr MetricDesc kDropped{
    "drover_collector_series_dropped_total",
    "Series of a collector left out because they were more than --collector.max-series.",
    MetricType::kCounter, "collector"};
constexpr MetricDesc kAge{"drover_collector_age_seconds",
                          "Time since a collector with an interval of its own last ran.",
                          MetricType::kGauge, "collector"};

// Makes the collector when it is first asked, and again at each page until that works.
class LateCollector final : public Collector {
 public:
  LateCollector(const CollectorSpec& spec, const CollectorInput& input)
      : make_(spec.make),
        roots_(input.roots),
        flags_(input.flags),
        log_(input.log),
        clock_(input.clock) {}

  Status Collect(MetricSink& out) override {
    if (!collector_) {
      DROVER_TRY(collector_, make_({roots_, flags_, log_, clock_}));
    }
    return collector_->Collect(out);
  }

 private:
  const decltype(CollectorSpec::make) make_;
  const Roots roots_;
  const FlagValues flags_;
  const Logger& log_;
  const Clock& clock_;
  std::unique_ptr<Collector> collector_;
};

}  // namespace

NodeFlags::NodeFlags() : collectors(Collectors()) {}

void NodeFlags::AddTo(Flags& flags) {
  flags.Add("path.procfs", procfs, "procfs mountpoint.");
  flags.Add("path.sysfs", sysfs, "sysfs mountpoint.");
  flags.Add("path.rootfs", rootfs, "rootfs mountpoint.");
  flags.Add("path.udev.data", udev_data, "udev data path.");
  flags.Add("collector.timeout", collector_timeout,
            "How long a page waits for one collector; a later one is left behind and reported as "
            "failed. --collector.<name>.timeout sets it for one, --collector.<name>.interval how "
            "long what a collector said stays good (its age: drover_collector_age_seconds).");
  flags.Add("collector.max-series", max_series,
            "Series that one collector may make; the rest is dropped, its success is 0 and "
            "drover_collector_series_dropped_total counts them.");
  collectors.AddTo(flags);
}

Result<std::unique_ptr<Runner>> NodeFlags::MakeRunner(const CollectorFlags::Choice& choice,
                                                      const Clock& clock, const Logger& log,
                                                      decltype(RunnerConfig::on_end) on_end) const {
  if (collector_timeout <= Millis(0))
    return Fail(ErrorCode::kInvalid, "--collector.timeout: must be above 0");
  if (max_series <= 0) return Fail(ErrorCode::kInvalid, "--collector.max-series: must be above 0");
  const CollectorInput input{MakeRoots(procfs, sysfs, rootfs, udev_data), choice.values, log,
                             clock};
  std::vector<Runner::Entry> entries;
  for (const CollectorSpec* spec : choice.on) {
    auto collector = spec->make(input);
    if (!collector && collector.error().code() == ErrorCode::kInvalid)
      return Fail(std::move(collector).error());
    Runner::Entry entry;
    entry.name = spec->name;
    if (collector) {
      entry.collector = *std::move(collector);
    } else {
      entry.collector = std::make_unique<LateCollector>(*spec, input);
    }
    if (const auto found = choice.limits.find(spec->name); found != choice.limits.end()) {
      entry.timeout = found->second.timeout;
      entry.interval = found->second.interval;
    }
    entries.push_back(std::move(entry));
  }
  RunnerConfig config;
  config.max_series = static_cast<std::size_t>(max_series);
  config.dropped = &kDropped;
  config.age = &kAge;
  config.timeout = collector_timeout;
  config.success = &kSuccess;
  config.on_end = std::move(on_end);
  config.duration = &kDuration;
  return std::make_unique<Runner>(std::move(entries), config, clock, log);
}

}  // namespace drover::exporters::node
