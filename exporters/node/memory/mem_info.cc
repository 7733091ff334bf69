#include "exporters/node/memory/mem_info.h"

#include <string>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {

Status ParseMemInfo(std::string_view text, std::vector<MemField>& out) {
  out.clear();
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos) continue;
    std::string_view rest = line.substr(colon + 1);
    const auto number = ParseFloat(NextField(rest));
    if (!number)
      return Fail(ErrorCode::kInvalid, "meminfo: not a number: " + std::string(line.substr(0, 60)));
    const bool in_kilobytes = NextField(rest) == "kB";
    out.push_back(
        {Trim(line.substr(0, colon)), in_kilobytes ? *number * 1024 : *number, in_kilobytes});
  }
  if (out.empty()) return Fail(ErrorCode::kInvalid, "meminfo: no field");
  return {};
}

}  // namespace drover::exporters::node
