// Cutting kernel text: lines, blank-separated fields, the part before a separator. All views point
// into the text.
#pragma once

#include <string_view>

namespace drover::exporters {

// The next line of `rest` without its newline; `rest` moves on. Loop while !rest.empty().
inline std::string_view NextLine(std::string_view& rest) {
  const std::size_t at = rest.find('\n');
  const std::string_view line = rest.substr(0, at);
  rest = at == std::string_view::npos ? std::string_view() : rest.substr(at + 1);
  return line;
}

// The next field of `rest`, "" when there is none.
inline std::string_view NextField(std::string_view& rest) {
  std::size_t begin = 0;
  while (begin < rest.size() && (rest[begin] == ' ' || rest[begin] == '\t')) ++begin;
  std::size_t end = begin;
  while (end < rest.size() && rest[end] != ' ' && rest[end] != '\t') ++end;
  const std::string_view field = rest.substr(begin, end - begin);
  rest.remove_prefix(end);
  return field;
}

inline std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlank = " \t\r\n";
  const std::size_t begin = text.find_first_not_of(kBlank);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlank) - begin + 1);
}

}  // namespace drover::exporters
