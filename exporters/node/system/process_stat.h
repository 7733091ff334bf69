// /proc/PID/stat and /proc/PID/task/TID/stat (man 5 proc), of which we want two fields.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/result.h"

namespace drover::exporters::node {

struct ProcessStat {
  char state = '?';           // R, S, D, Z, T, I …
  std::uint64_t threads = 0;  // 0 for a zombie's
};

// kInvalid when it is not such a line. The program's name may hold anything, brackets and newlines
// too.
Result<ProcessStat> ParseProcessStat(std::string_view text);

}  // namespace drover::exporters::node
