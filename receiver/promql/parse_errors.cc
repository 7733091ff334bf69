#include "receiver/promql/parse_errors.h"

#include <algorithm>

namespace drover::promql {

std::string LineAndColumn(std::string_view query, std::size_t at) {
  at = std::min(at, query.size());
  const std::string_view before = query.substr(0, at);
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t last = before.rfind('\n');
  const std::size_t column = last == std::string_view::npos ? at + 1 : at - last;
  return std::to_string(line) + ":" + std::to_string(column);
}

void ParseErrors::Add(TextRange range, std::string_view text) {
  messages_.push_back(LineAndColumn(query_, range.begin) + ": parse error: " + std::string(text));
}

Error ParseErrors::Joined() const {
  std::string all;
  for (const std::string& message : messages_) {
    if (!all.empty()) all.push_back('\n');
    all += message;
  }
  return Error(ErrorCode::kInvalid, all);
}

}  // namespace drover::promql
