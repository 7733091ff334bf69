#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/system/small_tables.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kCgroups{"node_cgroups_cgroups", "Current cgroup number of the subsystem.",
                              kGauge, "subsys_name"};
constexpr MetricDesc kEnabled{"node_cgroups_enabled", "Current cgroup number of the subsystem.",
                              kGauge, "subsys_name"};

class Cgroups final : public Collector {
 public:
  explicit Cgroups(const CollectorInput& input) : file_(*input.roots.proc, "cgroups") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseCgroups(text_, subsystems_));
    for (const CgroupSubsystem& one : subsystems_) {
      out.Add(kCgroups, {one.name}, one.cgroups);
      out.Add(kEnabled, {one.name}, one.enabled ? 1 : 0);
    }
    return {};
  }

 private:
  HotFile file_;
  std::string text_;
  std::vector<CgroupSubsystem> subsystems_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Cgroups>(input);
}

}  // namespace

CollectorSpec CgroupsSpec() {
  return {"cgroups", false, "Control groups by subsystem.", "/proc/cgroups",
          {},        Make,  NamesOf(kCgroups, kEnabled)};
}

}  // namespace drover::exporters::node
