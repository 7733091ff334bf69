#include "exporters/node/metric_name.h"

namespace drover::exporters::node {
namespace {

bool IsWord(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

}  // namespace

std::string CleanMetricName(std::string_view text) {
  std::string clean;
  for (const char c : text) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool is_allowed = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') ||
                            lower == ':' || lower == '_';
    clean += is_allowed ? lower : '_';
  }
  const std::size_t begin = clean.find_first_not_of('_');
  if (begin == std::string::npos) return {};
  return clean.substr(begin, clean.find_last_not_of('_') - begin + 1);
}

std::string SanitizeMetricName(std::string_view text) {
  std::string out;
  std::size_t copied = 0;  // how many characters at the end of `out` are the text's own
  for (std::size_t at = 0; at < text.size();) {
    if (IsWord(text[at])) {
      out += text[at++];
      ++copied;
      continue;
    }
    for (; copied > 0 && out.back() == '_'; --copied) out.pop_back();
    while (at < text.size() && !IsWord(text[at])) ++at;
    while (at < text.size() && text[at] == '_') ++at;
    out += '_';
    copied = 0;
  }
  return out;
}

}  // namespace drover::exporters::node
