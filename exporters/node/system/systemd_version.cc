#include "exporters/node/system/systemd_version.h"

#include "core/base/numbers.h"

namespace drover::exporters::node {

std::optional<double> ParseSystemdVersion(std::string_view text) {
  const auto digits_at = [&](std::size_t at) {
    std::size_t end = at;
    while (end < text.size() && text[end] >= '0' && text[end] <= '9') ++end;
    return end - at;
  };
  for (std::size_t at = 0; at < text.size();) {
    std::size_t length = digits_at(at);
    if (length < 3) {
      at += length + 1;
      continue;
    }
    if (at + length < text.size() && text[at + length] == '.') {
      const std::size_t fraction = digits_at(at + length + 1);
      if (fraction > 0) length += 1 + fraction;
    }
    return ParseFloat(text.substr(at, length));
  }
  return std::nullopt;
}

}  // namespace drover::exporters::node
