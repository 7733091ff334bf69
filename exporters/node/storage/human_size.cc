#include "exporters/node/storage/human_size.h"

#include <cmath>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

// Takes the unit off. A number above 2^64 is nobody's size.
double TakeUnit(std::string_view& text, std::string_view units) {
  if (text.empty()) return 1;
  const std::size_t power = units.find(text.back());
  if (power == std::string_view::npos) return 1;
  text.remove_suffix(1);
  return std::ldexp(1, 10 * (static_cast<int>(power) % 8 + 1));
}

std::optional<double> Whole(double size) {
  if (!(size >= 0) || size >= 0x1p64) return std::nullopt;
  return std::floor(size);
}

}  // namespace

std::optional<double> ParseHumanSize(std::string_view text) {
  text = Trim(text);
  const double unit = TakeUnit(text, "kmgtpe  KMGTPE");
  const auto number = ParseFloat(Trim(text));
  if (!number) return std::nullopt;
  return Whole(*number * unit);
}

std::optional<double> ParseBcacheSize(std::string_view text) {
  const bool is_negative = text.starts_with('-');
  if (is_negative) text.remove_prefix(1);
  const double unit = TakeUnit(text, "kMGTPEZY");
  const std::size_t point = unit == 1 ? std::string_view::npos : text.find('.');
  auto number = ParseFloat(text.substr(0, point));
  if (number && point != std::string_view::npos) {
    const auto fraction = ParseUint(text.substr(point + 1));
    if (!fraction) return std::nullopt;
    *number += static_cast<double>(*fraction) / 10.24;
  }
  if (!number) return std::nullopt;
  const auto size = Whole(*number * unit);
  if (!size) return std::nullopt;
  return is_negative ? -*size : *size;
}

}  // namespace drover::exporters::node
