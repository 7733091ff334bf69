#include <filesystem>
#include <map>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/hardware/sensor_name.h"
#include "exporters/node/metric_name.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr double kMilli = 1e-3;
constexpr double kMicros = 1e6;
constexpr std::string_view kSensorLabels = "chip,sensor";
constexpr MetricDesc kChipName{"node_hwmon_chip_names",
                               "Annotation metric for human-readable chip names", kGauge,
                               "chip,chip_name"};
constexpr MetricDesc kSensorLabel{"node_hwmon_sensor_label", "Label for given chip and sensor",
                                  kGauge, "chip,sensor,label"};
constexpr MetricDesc kBeepEnabled{"node_hwmon_beep_enabled", "Hardware beep enabled", kGauge,
                                  kSensorLabels};
constexpr MetricDesc kRegulator{"node_hwmon_voltage_regulator_version",
                                "Hardware voltage regulator", kGauge, kSensorLabels};
constexpr MetricDesc kUpdateInterval{"node_hwmon_update_interval_seconds",
                                     "Hardware monitor update interval", kGauge, kSensorLabels};

constexpr std::string_view kFolder = "class/hwmon";

// Unlike a NameFilter both patterns may be given; a name must pass both.
struct TwoPatterns {
  std::optional<Regex> include, exclude;
  bool Passes(std::string_view name) const {
    return !(exclude && exclude->Search(name)) && !(include && !include->Search(name));
  }
};

struct Chip {
  std::string entry;  // hwmon3
  std::uint64_t inode = 0;
  std::string folder;
  std::string chip;  // the label
  std::string name;  // the driver's, cleaned; may be empty
  bool is_shown = false;
};

class HwMon final : public Collector {
 public:
  HwMon(const CollectorInput& input, TwoPatterns chips, TwoPatterns sensors)
      : sys_(input.roots.sys), chip_filter_(std::move(chips)), sensor_filter_(std::move(sensors)) {}

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const auto entries, sys_.List(kFolder));
    RefreshChips(entries);
    FirstError errors;
    for (const Chip& chip : chips_) {
      if (!chip.is_shown) continue;
      const Status read = ReadSensors(chip.folder);
      if (!read) {
        errors.Note(read.error());
        continue;
      }
      if (!chip.name.empty()) out.Add(kChipName, {chip.chip, chip.name}, 1);
      for (const auto& [sensor, properties] : sensors_) {
        if (sensor_filter_.Passes(chip.chip + ";" + sensor))
          EmitSensor(chip, sensor, properties, out);
      }
    }
    return errors.status();
  }

 private:
  using Properties = std::map<std::string, std::string, std::less<>>;

  // Names cost many calls of realpath and change only when a chip comes or goes (a new inode).
  void RefreshChips(const std::vector<std::string>& entries) {
    std::vector<Chip> now;
    for (const std::string& entry : entries) {
      const std::string folder = std::string(kFolder) + "/" + entry;
      const auto info = sys_.files().Stat(folder);
      if (info && info->is_directory) now.push_back({entry, info->inode, folder, {}, {}, false});
    }
    const bool is_same = std::equal(
        now.begin(), now.end(), chips_.begin(), chips_.end(),
        [](const Chip& a, const Chip& b) { return a.entry == b.entry && a.inode == b.inode; });
    if (is_same) return;
    chips_ = std::move(now);
    NameChips();
  }

  // Several chips of one device get their driver's name behind it, or the number of the entry
  // where that is the same too.
  void NameChips() {
    std::map<std::string, int> chip_counts;
    std::map<std::pair<std::string, std::string>, int> name_counts;
    for (Chip& chip : chips_) {
      const auto text = sys_.Text(chip.folder + "/name");
      chip.name = text ? CleanMetricName(*text) : "";
      chip.chip = BaseName(chip);
      ++chip_counts[chip.chip];
      ++name_counts[{chip.chip, chip.name}];
    }
    for (Chip& chip : chips_) {
      if (chip_counts[chip.chip] > 1) {
        const bool is_unique = !chip.name.empty() && name_counts[{chip.chip, chip.name}] == 1;
        chip_suffix_ = is_unique ? chip.name : CleanMetricName(chip.entry);
        chip.chip += "_" + chip_suffix_;
      }
      chip.is_shown = chip_filter_.Passes(chip.chip);
    }
  }

  // By the device's place, which is stable: platform_coretemp_0. Else the driver's name, else
  // hwmon4.
  std::string BaseName(const Chip& chip) const {
    std::error_code error;
    const auto device =
        std::filesystem::canonical(sys_.files().RealPath(chip.folder + "/device"), error);
    if (!error) {
      const std::string name = CleanMetricName(device.filename().native());
      const std::string type = CleanMetricName(device.parent_path().filename().native());
      if (!name.empty()) return type.empty() ? name : type + "_" + name;
    }
    if (!chip.name.empty()) return chip.name;
    const auto real = std::filesystem::canonical(sys_.files().RealPath(chip.folder), error);
    return CleanMetricName(error ? chip.entry : real.filename().native());
  }

  Status ReadSensors(const std::string& folder) {
    sensors_.clear();
    DROVER_CHECK(ReadFolder(folder));
    // Old drivers have their files at the device itself.
    if (sys_.Exists(folder + "/device")) return ReadFolder(folder + "/device");
    return {};
  }

  Status ReadFolder(const std::string& folder) {
    DROVER_TRY(const auto files, sys_.List(folder));
    for (const std::string& name : files) {
      const auto file = ParseSensorFile(name);
      // A sensor that fails now (EAGAIN, ENODATA, EIO) is left out; so are folders ("power").
      if (!file || !sys_.files().ReadFile(folder + "/" + name, text_)) continue;
      std::string_view value = text_;
      while (value.ends_with('\n')) value.remove_suffix(1);
      sensors_[file->sensor].insert_or_assign(std::string(file->property), std::string(value));
    }
    return {};
  }

  void EmitSensor(const Chip& chip, const std::string& sensor, const Properties& properties,
                  MetricSink& out) {
    const auto label = properties.find("label");
    if (label != properties.end()) out.Add(kSensorLabel, {chip.chip, sensor, label->second}, 1);
    const std::string_view type = ParseSensorFile(sensor)->type;
    const auto bare = properties.find("");
    const std::string bare_text = bare == properties.end() ? "" : bare->second;
    if (type == "beep_enable") {
      out.Add(kBeepEnabled, {chip.chip, sensor}, bare_text == "1" ? 1 : 0);
    } else if (type == "vrm") {
      if (const auto number = ParseFloat(bare_text))
        out.Add(kRegulator, {chip.chip, sensor}, *number);
    } else if (type == "update_interval") {
      if (const auto number = ParseFloat(bare_text))
        out.Add(kUpdateInterval, {chip.chip, sensor}, *number * kMilli);
    } else {
      for (const auto& [property, text] : properties) {
        const auto value = ParseFloat(text);
        if (!value || property == "label") continue;
        if (type == "freq" && property == "input") {
          if (label == properties.end()) continue;
          out.Add(DescOf(type, property, bare != properties.end()).desc,
                  {chip.chip, CleanMetricName(label->second)}, *value / kMicros);
          continue;
        }
        const Form& form = DescOf(type, property, bare != properties.end());
        out.Add(form.desc, {chip.chip, sensor},
                form.divisor == 1 ? *value * form.factor : *value / form.divisor);
      }
    }
  }

  struct Form {
    const MetricDesc& desc;
    double factor = 1, divisor = 1;
  };

  // The family of a property, and its unit. `has_bare`: there is a file without property, which
  // takes the name that "input" has otherwise.
  const Form& DescOf(std::string_view type, std::string_view property, bool has_bare) {
    key_.assign(type).append(1, has_bare ? '+' : '/').append(property);
    const auto known = forms_.find(key_);
    if (known != forms_.end()) return known->second;
    return forms_.emplace(key_, MakeForm(std::string(type), std::string(property), has_bare))
        .first->second;
  }

  Form MakeForm(const std::string& type, const std::string& property, bool has_bare) {
    std::string name = "node_hwmon_" + type;
    if (property == "input") {
      if (has_bare) name += "_input";
    } else if (!property.empty()) {
      name += "_" + CleanMetricName(property);
    }
    const std::string in_brackets = " (" + property + ")";
    const auto form = [&](const std::string& suffix, const std::string& help, double factor = 1,
                          double divisor = 1, MetricType metric_type = kGauge) -> Form {
      return {descs_.Get(name + suffix, help, metric_type, kSensorLabels), factor, divisor};
    };
    if (property == "fault" || property == "alarm")
      return form("", "Hardware sensor " + property + " status (" + type + ")");
    if (property == "beep") return form("_enabled", "Hardware monitor sensor has beeping enabled");
    if (type == "in" || type == "cpu")
      return form("_volts", "Hardware monitor for voltage" + in_brackets, kMilli);
    if (type == "temp" && property != "type") {
      return form(
          "_celsius",
          "Hardware monitor for temperature (" + (property.empty() ? "input" : property) + ")",
          kMilli);
    }
    if (type == "curr") return form("_amps", "Hardware monitor for current" + in_brackets, kMilli);
    if (type == "energy") {
      return form("_joule_total", "Hardware monitor for joules used so far" + in_brackets, 1,
                  kMicros, MetricType::kCounter);
    }
    if (type == "power" && property == "accuracy")
      return form("", "Hardware monitor power meter accuracy, as a ratio", 1, kMicros);
    if (type == "power" && (property == "average_interval" || property == "average_interval_min" ||
                            property == "average_interval_max")) {
      return form("_seconds", "Hardware monitor power usage update interval" + in_brackets, kMilli);
    }
    if (type == "power")
      return form("_watt", "Hardware monitor for power usage in watts" + in_brackets, 1, kMicros);
    if (type == "humidity") {
      return form("",
                  "Hardware monitor for humidity, as a ratio (multiply with 100.0 to get the "
                  "humidity as a percentage)" +
                      in_brackets,
                  1, kMicros);
    }
    if (type == "fan" &&
        (property == "input" || property == "min" || property == "max" || property == "target")) {
      return form("_rpm", "Hardware monitor for fan revolutions per minute" + in_brackets);
    }
    if (type == "freq" && property == "input")
      return form("_freq_mhz", "Hardware monitor for GPU frequency in MHz");
    return form("", "Hardware monitor " + type + " element " + property);
  }

  SysFs sys_;
  const TwoPatterns chip_filter_, sensor_filter_;
  std::vector<Chip> chips_;
  std::map<std::string, Properties> sensors_;  // of the chip at hand
  DescPool descs_;
  std::map<std::string, Form, std::less<>> forms_;
  std::string text_, key_, chip_suffix_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  TwoPatterns chips, sensors;
  DROVER_TRY(chips.include, PatternFlag(input.flags, "hwmon.chip-include"));
  DROVER_TRY(chips.exclude, PatternFlag(input.flags, "hwmon.chip-exclude"));
  DROVER_TRY(sensors.include, PatternFlag(input.flags, "hwmon.sensor-include"));
  DROVER_TRY(sensors.exclude, PatternFlag(input.flags, "hwmon.sensor-exclude"));
  return std::make_unique<HwMon>(input, std::move(chips), std::move(sensors));
}

}  // namespace

CollectorSpec HwMonSpec() {
  using enum CollectorFlag::Kind;
  return {"hwmon",
          true,
          "Sensors: temperatures, voltages, fans, power.",
          "/sys/class/hwmon",
          {{"hwmon.chip-include", kText, "",
            "Regexp of hwmon chip to include (mutually exclusive to device-exclude)."},
           {"hwmon.chip-exclude", kText, "",
            "Regexp of hwmon chip to exclude (mutually exclusive to device-include)."},
           {"hwmon.sensor-include", kText, "",
            "Regexp of hwmon sensor to include (mutually exclusive to sensor-exclude)."},
           {"hwmon.sensor-exclude", kText, "",
            "Regexp of hwmon sensor to exclude (mutually exclusive to sensor-include)."}},
          Make,
          {"node_hwmon_*"}};
}

}  // namespace drover::exporters::node
