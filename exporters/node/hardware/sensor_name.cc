#include "exporters/node/hardware/sensor_name.h"

#include <algorithm>

#include "core/base/numbers.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kTypes[] = {
    "vrm",  "beep_enable", "update_interval", "in",     "cpu",      "fan",       "pwm",
    "temp", "curr",        "power",           "energy", "humidity", "intrusion", "freq"};

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

bool IsType(std::string_view text) {
  return std::find(std::begin(kTypes), std::end(kTypes), text) != std::end(kTypes);
}

}  // namespace

std::optional<SensorFile> ParseSensorFile(std::string_view file_name) {
  const std::size_t digits = static_cast<std::size_t>(
      std::find_if(file_name.begin(), file_name.end(), IsDigit) - file_name.begin());
  SensorFile file;
  file.type = file_name.substr(0, digits);
  if (digits == file_name.size()) {  // no number: all of it is the type
    if (!IsType(file.type)) return std::nullopt;
    file.sensor = std::string(file.type) + "0";
    return file;
  }
  std::size_t end = digits;
  while (end < file_name.size() && IsDigit(file_name[end])) ++end;
  const auto number = ParseInt(file_name.substr(digits, end - digits));
  if (!number || !IsType(file.type)) return std::nullopt;
  file.property = file_name.substr(end);
  if (!file.property.empty()) {
    if (file.property.size() < 2 || file.property.front() != '_') return std::nullopt;
    file.property.remove_prefix(1);
  }
  file.sensor = std::string(file.type) + std::to_string(*number);
  return file;
}

}  // namespace drover::exporters::node
