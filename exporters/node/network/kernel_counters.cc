#include "exporters/node/network/kernel_counters.h"

#include <charconv>
#include <cstdint>
#include <string>
#include <vector>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {

Status ParseLnstat(std::string_view text, const LnstatSink& sink) {
  std::vector<std::string_view> names;
  std::string_view heading = NextLine(text);
  for (std::string_view name = NextField(heading); !name.empty(); name = NextField(heading))
    names.push_back(name);
  if (names.empty()) return Fail(ErrorCode::kInvalid, "no heading");
  for (std::size_t cpu = 0; !text.empty(); ++cpu) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line;
    std::size_t column = 0;
    for (std::string_view field = NextField(rest); !field.empty(); field = NextField(rest)) {
      std::uint64_t value = 0;
      const char* end = field.data() + field.size();
      const auto read = std::from_chars(field.data(), end, value, 16);
      if (read.ec != std::errc() || read.ptr != end || column == names.size()) {
        return Fail(ErrorCode::kInvalid, "malformed line: " + std::string(line.substr(0, 80)));
      }
      sink(cpu, names[column++], static_cast<double>(value));
    }
  }
  return {};
}

Status ParseXfrmStat(std::string_view text,
                     const std::function<void(std::string_view name, double value)>& sink) {
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    if (Trim(line).empty()) continue;
    std::string_view rest = line;
    const std::string_view name = NextField(rest);
    const auto value = ParseUint(Trim(rest));
    if (!value)
      return Fail(ErrorCode::kInvalid,
                  "xfrm_stat: malformed line: " + std::string(line.substr(0, 80)));
    sink(name, static_cast<double>(*value));
  }
  return {};
}

}  // namespace drover::exporters::node
