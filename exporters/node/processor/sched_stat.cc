#include "exporters/node/processor/sched_stat.h"

#include <array>
#include <string>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {

Status ParseSchedStat(std::string_view text, std::vector<SchedStat>& out) {
  out.clear();
  while (!text.empty()) {
    std::string_view rest = NextLine(text);
    const std::string_view key = NextField(rest);
    if (!key.starts_with("cpu")) continue;
    std::array<std::uint64_t, 9> numbers{};
    for (std::uint64_t& number : numbers) {
      const auto value = ParseUint(NextField(rest));
      if (!value) return Fail(ErrorCode::kInvalid, "schedstat: " + std::string(key) + " is short");
      number = *value;
    }
    out.push_back({key.substr(3), numbers[6], numbers[7], numbers[8]});
  }
  if (out.empty()) return Fail(ErrorCode::kInvalid, "schedstat: no CPU");
  return {};
}

}  // namespace drover::exporters::node
