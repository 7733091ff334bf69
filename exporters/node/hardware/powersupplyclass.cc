#include <algorithm>

#include "core/base/numbers.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

// kernel: Documentation/ABI/testing/sysfs-class-power. Volts, amperes, watts and their hours are
// given in millionths, temperatures in tenths of a degree.
constexpr double kMicro = 1e6;
constexpr double kTenth = 10;
struct Attribute {
  std::string_view file;
  std::string_view metric;  // node_power_supply_…
  double divisor = 1;
};
constexpr Attribute kNumbers[] = {
    {"authentic", "authentic"},
    {"calibrate", "calibrate"},
    {"capacity", "capacity"},
    {"capacity_alert_max", "capacity_alert_max"},
    {"capacity_alert_min", "capacity_alert_min"},
    {"charge_control_limit", "charge_control_limit", kMicro},
    {"charge_control_limit_max", "charge_control_limit_max", kMicro},
    {"charge_counter", "charge_counter", kMicro},
    {"charge_empty", "charge_empty", kMicro},
    {"charge_empty_design", "charge_empty_design", kMicro},
    {"charge_full", "charge_full", kMicro},
    {"charge_full_design", "charge_full_design", kMicro},
    {"charge_now", "charge_ampere", kMicro},
    {"charge_term_current", "charge_term_current", kMicro},
    {"constant_charge_current", "constant_charge_current", kMicro},
    {"constant_charge_current_max", "constant_charge_current_max", kMicro},
    {"constant_charge_voltage", "constant_charge_voltage", kMicro},
    {"constant_charge_voltage_max", "constant_charge_voltage_max", kMicro},
    {"current_boot", "current_boot", kMicro},
    {"current_max", "current_max", kMicro},
    {"current_now", "current_ampere", kMicro},
    {"cycle_count", "cyclecount"},
    {"energy_empty", "energy_empty", kMicro},
    {"energy_empty_design", "energy_empty_design", kMicro},
    {"energy_full", "energy_full", kMicro},
    {"energy_full_design", "energy_full_design", kMicro},
    {"energy_now", "energy_watthour", kMicro},
    {"input_current_limit", "input_current_limit", kMicro},
    {"online", "online"},
    {"power_now", "power_watt", kMicro},
    {"precharge_current", "precharge_current", kMicro},
    {"present", "present"},
    {"temp", "temp_celsius", kTenth},
    {"temp_alert_max", "temp_alert_max_celsius", kTenth},
    {"temp_alert_min", "temp_alert_min_celsius", kTenth},
    {"temp_ambient", "temp_ambient_celsius", kTenth},
    {"temp_ambient_max", "temp_ambient_max_celsius", kTenth},
    {"temp_ambient_min", "temp_ambient_min_celsius", kTenth},
    {"temp_max", "temp_max_celsius", kTenth},
    {"temp_min", "temp_min_celsius", kTenth},
    {"time_to_empty_now", "time_to_empty_seconds"},
    {"time_to_full_now", "time_to_full_seconds"},
    {"voltage_boot", "voltage_boot", kMicro},
    {"voltage_max", "voltage_max", kMicro},
    {"voltage_max_design", "voltage_max_design", kMicro},
    {"voltage_min", "voltage_min", kMicro},
    {"voltage_min_design", "voltage_min_design", kMicro},
    {"voltage_now", "voltage_volt", kMicro},
    {"voltage_ocv", "voltage_ocv", kMicro},
};
constexpr std::string_view kTexts[] = {"capacity_level", "charge_type",   "health", "manufacturer",
                                       "model_name",     "serial_number", "status", "technology",
                                       "type",           "usb_type",      "scope"};

class PowerSupplyClass final : public Collector {
 public:
  PowerSupplyClass(const CollectorInput& input, std::optional<Regex> ignored)
      : sys_(input.roots.sys), ignored_(std::move(ignored)) {
    for (const Attribute& attribute : kNumbers) {
      const std::string metric(attribute.metric);
      numbers_.push_back(&descs_.Get("node_power_supply_" + metric,
                                     metric + " value of /sys/class/power_supply/<power_supply>.",
                                     MetricType::kGauge, "power_supply"));
    }
  }

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const auto supplies, sys_.List(kFolder));
    FirstError errors;
    for (const std::string& supply : supplies) {
      if (!ignored_ || !ignored_->Search(supply)) CollectSupply(supply, errors, out);
    }
    return errors.status();
  }

 private:
  static constexpr std::string_view kFolder = "class/power_supply";

  void CollectSupply(const std::string& supply, FirstError& errors, MetricSink& out) {
    const std::string folder = std::string(kFolder) + "/" + supply;
    const auto files = sys_.List(folder);
    if (!errors.Ok(files)) return;
    labels_ = "power_supply";
    values_.assign(1, supply);
    for (const std::string& file : *files) {
      const Attribute* const number =
          std::find_if(std::begin(kNumbers), std::end(kNumbers),
                       [&](const Attribute& one) { return one.file == file; });
      if (number != std::end(kNumbers)) {
        const auto value = sys_.Int(folder + "/" + file);
        if (errors.Ok(value)) {
          out.Add(*numbers_[static_cast<std::size_t>(number - kNumbers)], {supply},
                  static_cast<double>(*value) / number->divisor);
        }
      } else if (std::find(std::begin(kTexts), std::end(kTexts), file) != std::end(kTexts)) {
        const auto text = sys_.Text(folder + "/" + file);
        if (!errors.Ok(text) || text->empty()) continue;
        (labels_ += ',') += file;
        values_.emplace_back(*text);
      }
    }
    EmitInfo(out);
  }

  // Only the labels that have a value.
  void EmitInfo(MetricSink& out) {
    const MetricDesc& info =
        descs_.Get("node_power_supply_info", "info of /sys/class/power_supply/<power_supply>.",
                   MetricType::kGauge, labels_);
    const std::vector<std::string_view> values(values_.begin(), values_.end());
    out.Add(info, std::span(values), 1);
  }

  SysFs sys_;
  const std::optional<Regex> ignored_;
  DescPool descs_;
  std::vector<const MetricDesc*> numbers_;  // as kNumbers
  std::string labels_;
  std::vector<std::string> values_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto ignored, PatternFlag(input.flags, "powersupply.ignored-supplies"));
  return std::make_unique<PowerSupplyClass>(input, std::move(ignored));
}

}  // namespace

CollectorSpec PowerSupplyClassSpec() {
  return {"powersupplyclass",
          true,
          "Batteries and mains.",
          "/sys/class/power_supply",
          {{"powersupply.ignored-supplies", CollectorFlag::Kind::kText, "^$",
            "Regexp of power supplies to ignore for powersupplyclass collector."}},
          Make,
          {"node_power_supply_*"}};
}

}  // namespace drover::exporters::node
