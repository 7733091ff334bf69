#include "exporters/node/storage/xfs_stats.h"

#include <string>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {

Result<std::map<std::string_view, std::vector<std::uint64_t>>> ParseXfsStats(
    std::string_view text) {
  if (text.empty()) return Fail(ErrorCode::kInvalid, "xfs stats: empty");
  std::map<std::string_view, std::vector<std::uint64_t>> lines;
  while (!text.empty()) {
    std::string_view rest = NextLine(text);
    const std::string_view key = NextField(rest);
    if (key == "gc") continue;  // its name has two words
    std::vector<std::uint64_t> numbers;
    for (auto field = NextField(rest); !field.empty(); field = NextField(rest)) {
      const auto number = ParseUint(field);
      if (!number)
        return Fail(ErrorCode::kInvalid, "xfs stats: not a number in line " + std::string(key));
      numbers.push_back(*number);
    }
    lines.insert_or_assign(key, std::move(numbers));
  }
  return lines;
}

}  // namespace drover::exporters::node
