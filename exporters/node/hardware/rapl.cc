#include <map>

#include "core/base/numbers.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/metric_name.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr MetricDesc kJoules{"node_rapl_joules_total", "Current RAPL value in joules", kCounter,
                             "index,path,rapl_zone"};
constexpr double kMicro = 1e6;

// kernel: Documentation/power/powercap/powercap.rst
class Rapl final : public Collector {
 public:
  explicit Rapl(const CollectorInput& input)
      : sys_(input.roots.sys), with_zone_label_(input.flags.Switch("rapl.enable-zone-label")) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "class/powercap";
    DROVER_TRY(const auto entries, sys_.List(base));
    std::map<std::string, std::int64_t> used;
    FirstError errors;
    for (const std::string& entry : entries) {
      const std::string folder = base + "/" + entry;
      const auto text = sys_.Text(folder + "/name");
      if (!text) continue;
      std::string name(*text);
      const std::int64_t index = TakeIndex(name, used);
      used[name] = index + 1;
      const auto energy = sys_.Uint(folder + "/energy_uj");
      // Only for root since CVE-2020-8694: then there is nothing for us.
      if (!energy && energy.error().code() == ErrorCode::kDenied)
        return Fail(ErrorCode::kUnsupported, energy.error().message());
      if (errors.Ok(energy))
        Emit(name, index, sys_.files().RealPath(folder), static_cast<double>(*energy) / kMicro,
             out);
    }
    return errors.status();
  }

 private:
  // "package-0" has its number in the name; of the others, each of one name gets the next.
  static std::int64_t TakeIndex(std::string& name,
                                const std::map<std::string, std::int64_t>& used) {
    const std::size_t dash = name.find('-');
    if (dash != std::string::npos && dash == name.rfind('-')) {
      if (const auto number = ParseInt(std::string_view(name).substr(dash + 1))) {
        name.resize(dash);
        return *number;
      }
    }
    const auto found = used.find(name);
    return found == used.end() ? 0 : found->second;
  }

  void Emit(const std::string& name, std::int64_t index, const std::string& path, double joules,
            MetricSink& out) {
    const std::string number = std::to_string(index);
    if (with_zone_label_) {
      out.Add(kJoules, {number, path, name}, joules);
      return;
    }
    out.Add(descs_.Get("node_rapl_" + SanitizeMetricName(name) + "_joules_total",
                       "Current RAPL " + name + " value in joules", kCounter, "index,path"),
            {number, path}, joules);
  }

  SysFs sys_;
  const bool with_zone_label_;
  DescPool descs_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Rapl>(input);
}

}  // namespace

CollectorSpec RaplSpec() {
  return {"rapl",
          true,
          "Energy used by processors and memory.",
          "/sys/class/powercap",
          {{"rapl.enable-zone-label", CollectorFlag::Kind::kSwitch, "false",
            "Enables service unit metric unit_start_time_seconds"}},
          Make,
          {"node_rapl_*"}};
}

}  // namespace drover::exporters::node
