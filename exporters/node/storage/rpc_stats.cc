#include "exporters/node/storage/rpc_stats.h"

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {

Result<RpcStats> ParseRpcStats(std::string_view text) {
  RpcStats stats;
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line;
    const std::string_view key = NextField(rest);
    std::vector<std::uint64_t> numbers;
    for (auto field = NextField(rest); !field.empty(); field = NextField(rest)) {
      if (key == "th" && numbers.size() == 2) break;
      const auto number = ParseUint(field);
      if (!number)
        return Fail(ErrorCode::kInvalid, "rpc: not a number in line " + std::string(key));
      numbers.push_back(*number);
    }
    const bool is_counted = key.starts_with("proc");
    if (numbers.empty() || (is_counted && numbers.front() != numbers.size() - 1))
      return Fail(ErrorCode::kInvalid, "rpc: line " + std::string(key) + " is short");
    stats.insert_or_assign(std::string(key), std::move(numbers));
  }
  return stats;
}

}  // namespace drover::exporters::node
