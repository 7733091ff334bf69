#include "exporters/node/system/process_stat.h"

#include <string>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {

Result<ProcessStat> ParseProcessStat(std::string_view text) {
  constexpr int kFieldsBetween = 16;  // state is the 3rd, num_threads the 20th
  const std::size_t end = text.rfind(')');
  if (end == std::string_view::npos) return Fail(ErrorCode::kInvalid, "process stat: no name");
  std::string_view rest = text.substr(end + 1);
  const std::string_view state = NextField(rest);
  for (int i = 0; i < kFieldsBetween; ++i) NextField(rest);
  const auto threads = ParseUint(Trim(NextField(rest)));
  if (state.size() != 1 || !threads) return Fail(ErrorCode::kInvalid, "process stat: too short");
  return ProcessStat{state.front(), *threads};
}

}  // namespace drover::exporters::node
