#include "core/os/file_system.h"
#include "exporters/node/collectors.h"
#include "exporters/node/system/runit_status.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kState{"node_service_state", "State of runit service.", kGauge,
                            "service,supervisor"};
constexpr MetricDesc kDesired{"node_service_desired_state", "Desired state of runit service.",
                              kGauge, "service,supervisor"};
constexpr MetricDesc kNormal{"node_service_normal_state", "Normal state of runit service.", kGauge,
                             "service,supervisor"};
constexpr MetricDesc kChanged{"node_service_state_last_change_timestamp_seconds",
                              "Unix timestamp of the last runit service state change.", kGauge,
                              "service,supervisor"};

class Runit final : public Collector {
 public:
  explicit Runit(const CollectorInput& input)
      : services_(MakeFileSystem(input.flags.Text("runit.servicedir"))) {}

  // A service without a status has no supervisor (yet).
  Status Collect(MetricSink& out) override {
    DROVER_TRY(const auto names, services_->List(""));
    for (const std::string& name : names) {
      if (!services_->ReadFile(name + "/supervise/status", bytes_)) continue;
      const auto status = ParseRunitStatus(bytes_);
      if (!status) continue;
      out.Add(kState, {name, "runit"}, status->state);
      out.Add(kDesired, {name, "runit"}, status->is_wanted_up ? 1 : 0);
      out.Add(kChanged, {name, "runit"}, static_cast<double>(status->changed_unix_seconds));
      out.Add(kNormal, {name, "runit"}, services_->Exists(name + "/supervise/down") ? 0 : 1);
    }
    return {};
  }

 private:
  const std::unique_ptr<FileSystem> services_;
  std::string bytes_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  input.log.Warn("deprecated collector: upstream will take it out", {{"name", "runit"}});
  return std::make_unique<Runit>(input);
}

}  // namespace

CollectorSpec RunitSpec() {
  using enum CollectorFlag::Kind;
  return {"runit",
          false,
          "Services under runit (deprecated).",
          "SERVICE/supervise/status of the service folder",
          {{"runit.servicedir", kText, "/etc/service", "Path to runit service directory."}},
          Make,
          {kState.name, kDesired.name, kNormal.name, kChanged.name}};
}

}  // namespace drover::exporters::node
