#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kSlaves{"node_bonding_slaves",
                             "Number of configured slaves per bonding interface.",
                             MetricType::kGauge, "master"};
constexpr MetricDesc kActive{"node_bonding_active",
                             "Number of active slaves per bonding interface.", MetricType::kGauge,
                             "master"};

class Bonding final : public Collector {
 public:
  explicit Bonding(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const std::string net = "class/net/";
    DROVER_TRY(const auto masters_text, sys_.Text(net + "bonding_masters"));
    const std::string masters(masters_text);
    FirstError errors;
    std::string_view rest = masters;
    for (auto master = NextField(rest); !master.empty(); master = NextField(rest)) {
      const std::string folder = net + std::string(master);
      const auto slaves_text = sys_.Text(folder + "/bonding/slaves");
      if (!errors.Ok(slaves_text)) continue;
      const std::string slaves(*slaves_text);
      Emit(master, folder, slaves, errors, out);
    }
    return errors.status();
  }

 private:
  void Emit(std::string_view master, const std::string& folder, std::string_view slaves,
            FirstError& errors, MetricSink& out) {
    double all = 0;
    double up = 0;
    for (auto slave = NextField(slaves); !slave.empty(); slave = NextField(slaves)) {
      const std::string status = std::string(slave) + "/bonding_slave/mii_status";
      auto state = sys_.Text(folder + "/lower_" + status);
      // The name on older kernels.
      if (!state && IsNoValue(state.error())) state = sys_.Text(folder + "/slave_" + status);
      if (!errors.Ok(state)) continue;
      ++all;
      if (*state == "up") ++up;
    }
    out.Add(kSlaves, {master}, all);
    out.Add(kActive, {master}, up);
  }

  SysFs sys_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Bonding>(input);
}

}  // namespace

CollectorSpec BondingSpec() {
  return {"bonding",
          true,
          "Bonding interfaces and their slaves.",
          "/sys/class/net/bonding_masters, /sys/class/net/*/bonding",
          {},
          Make,
          NamesOf(kSlaves, kActive)};
}

}  // namespace drover::exporters::node
