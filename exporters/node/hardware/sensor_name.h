// Names of hwmon attributes (kernel: Documentation/hwmon/sysfs-interface.rst): temp1_max_alarm is
// type "temp", number 1, property "max_alarm"; pwm1 has no property, beep_enable no number.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace drover::exporters::node {

struct SensorFile {
  std::string_view type;      // "temp"
  std::string_view property;  // "input", "" for the bare file
  std::string sensor;         // "temp1"; number 0 where none is given
};

// nullopt for files of other kinds (uevent, name) and types that no sensor has.
std::optional<SensorFile> ParseSensorFile(std::string_view file_name);

}  // namespace drover::exporters::node
