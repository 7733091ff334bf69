#include "exporters/node/system/os_release.h"

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

std::string Unquote(std::string_view text) {
  std::string out;
  char quote = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (quote == 0 && (c == '"' || c == '\'')) {
      quote = c;
    } else if (c == quote && quote != 0) {
      quote = 0;
    } else if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      out += text[++i];
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace

std::map<std::string, std::string, std::less<>> ParseOsRelease(std::string_view text) {
  std::map<std::string, std::string, std::less<>> values;
  while (!text.empty()) {
    const std::string_view line = Trim(NextLine(text));
    const std::size_t equal = line.find('=');
    if (line.starts_with('#') || equal == std::string_view::npos) continue;
    values[std::string(Trim(line.substr(0, equal)))] = Unquote(Trim(line.substr(equal + 1)));
  }
  return values;
}

std::optional<double> OsVersion(std::string_view version_id) {
  std::size_t end = 0;
  bool dot = false;
  for (; end < version_id.size(); ++end) {
    const char c = version_id[end];
    if (c == '.' && !dot && end > 0) {
      dot = true;
    } else if (c < '0' || c > '9') {
      break;
    }
  }
  return ParseFloat(version_id.substr(0, end));
}

std::optional<double> SupportEnd(std::string_view day) {
  if (day.size() != 10) return std::nullopt;
  const auto time = ParseRfc3339(std::string(day) + "T00:00:00Z");
  if (!time) return std::nullopt;
  return static_cast<double>(ToMs(*time)) / 1000;
}

}  // namespace drover::exporters::node
