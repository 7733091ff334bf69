// The flags that decide what node collectors show: --path.*, --collector.*, and the runner made of
// them. The stand-alone exporter and the agent (`exporters: node: args:`) read the same ones.
//
//   NodeFlags node;
//   Flags flags("drover-node-exporter", "…");
//   node.AddTo(flags);
//   DROVER_CHECK(node.collectors.Prepare(arguments));
//   DROVER_TRY(const auto end, flags.Parse(arguments));
//   DROVER_TRY(const auto choice, node.collectors.Choose(flags));
//   DROVER_TRY(const auto runner, node.MakeRunner(choice, clock, log));
#pragma once

#include <memory>
#include <string>

#include "core/config/flags.h"
#include "exporters/common/collector_flags.h"
#include "exporters/common/runner.h"

namespace drover::exporters::node {

// Outlives the Flags it was added to.
struct NodeFlags {
  NodeFlags();
  void AddTo(Flags& flags);

  // kInvalid for flags that contradict each other or do not parse. A collector that cannot be made
  // for another reason is there and fails, and each page tries to make it again. `clock` and `log`
  // outlive the runner.
  Result<std::unique_ptr<Runner>> MakeRunner(const CollectorFlags::Choice& choice,
                                             const Clock& clock, const Logger& log,
                                             decltype(RunnerConfig::on_end) on_end = {}) const;

  CollectorFlags collectors;
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::string rootfs = "/";
  std::string udev_data = "/run/udev/data";
  Millis collector_timeout{2000};
  std::int64_t max_series = 50'000;
};

}  // namespace drover::exporters::node
