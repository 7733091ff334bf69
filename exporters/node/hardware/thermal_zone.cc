#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kTemperature{"node_thermal_zone_temp", "Zone temperature in Celsius", kGauge,
                                  "zone,type"};
constexpr MetricDesc kCurrent{"node_cooling_device_cur_state",
                              "Current throttle state of the cooling device", kGauge, "name,type"};
constexpr MetricDesc kMax{"node_cooling_device_max_state",
                          "Maximum throttle state of the cooling device", kGauge, "name,type"};

constexpr std::string_view kZone = "thermal_zone";
constexpr std::string_view kDevice = "cooling_device";

bool IsNumbered(std::string_view name, std::string_view prefix) {
  return name.size() > prefix.size() && name.starts_with(prefix) && name[prefix.size()] >= '0' &&
         name[prefix.size()] <= '9';
}

class ThermalZone final : public Collector {
 public:
  explicit ThermalZone(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const auto names = sys_.List("class/thermal");
    if (!names) {  // no driver is fine
      if (IsNoValue(names.error())) return {};
      return Fail(names.error());
    }
    FirstError errors;
    for (const std::string& name : *names) {
      const std::string folder = "class/thermal/" + name;
      if (IsNumbered(name, kZone)) {
        CollectZone(name.substr(kZone.size()), folder, errors, out);
      } else if (IsNumbered(name, kDevice)) {
        CollectDevice(name.substr(kDevice.size()), folder, errors, out);
      }
    }
    return errors.status();
  }

 private:
  bool ReadType(const std::string& folder, FirstError& errors) {
    const auto type = sys_.Text(folder + "/type");
    if (!errors.Ok(type)) return false;
    type_ = *type;
    return true;
  }

  // A zone whose sensor cannot be read now is left out: it would be shown as 0 degrees otherwise.
  void CollectZone(const std::string& zone, const std::string& folder, FirstError& errors,
                   MetricSink& out) {
    if (!ReadType(folder, errors)) return;
    const auto millidegrees = sys_.Int(folder + "/temp");
    if (!millidegrees && millidegrees.error().code() == ErrorCode::kUnavailable) return;
    if (errors.Ok(millidegrees))
      out.Add(kTemperature, {zone, type_}, static_cast<double>(*millidegrees) / 1000);
  }

  void CollectDevice(const std::string& device, const std::string& folder, FirstError& errors,
                     MetricSink& out) {
    if (!ReadType(folder, errors)) return;
    const auto max = sys_.Int(folder + "/max_state");
    const auto current = sys_.Int(folder + "/cur_state");
    if (!errors.Ok(max) || !errors.Ok(current)) return;
    out.Add(kCurrent, {device, type_}, static_cast<double>(*current));
    out.Add(kMax, {device, type_}, static_cast<double>(*max));
  }

  SysFs sys_;
  std::string type_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<ThermalZone>(input);
}

}  // namespace

CollectorSpec ThermalZoneSpec() {
  return {"thermal_zone",
          true,
          "Temperatures of thermal zones, states of cooling devices.",
          "/sys/class/thermal",
          {},
          Make,
          NamesOf(kTemperature, kCurrent, kMax)};
}

}  // namespace drover::exporters::node
