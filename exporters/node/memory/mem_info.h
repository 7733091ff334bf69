// /proc/meminfo (man 5 proc_meminfo).
#pragma once

#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct MemField {
  std::string_view key;  // "Active(anon)"; points into the text
  double value = 0;      // bytes, or a count where the kernel prints no unit
  bool is_bytes = false;
};

// Into `out`, replaced. kInvalid for a line without a number, and for a text without fields.
Status ParseMemInfo(std::string_view text, std::vector<MemField>& out);

}  // namespace drover::exporters::node
