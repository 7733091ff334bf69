#include "exporters/node/storage/drbd_status.h"

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {

Status ParseDrbd(std::string_view text, std::vector<DrbdField>& out) {
  out.clear();
  if (!text.starts_with("version:"))
    return Fail(ErrorCode::kInvalid, "drbd: no version in the first line");
  std::string_view device;
  while (!text.empty()) {
    std::string_view line = NextLine(text);
    for (std::string_view word = NextField(line); !word.empty(); word = NextField(line)) {
      const std::size_t colon = word.find(':');
      if (colon == std::string_view::npos || colon != word.rfind(':')) continue;
      const std::string_view key = word.substr(0, colon);
      const std::string_view value = word.substr(colon + 1);
      if (value.empty() && ParseUint(key)) {
        device = key;
      } else if (!device.empty() && !value.empty()) {
        out.push_back({device, key, value});
      }
    }
  }
  return {};
}

}  // namespace drover::exporters::node
