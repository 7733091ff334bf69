// /proc/drbd of DRBD 8 (drbd-8.4 user's guide, "Using /proc/drbd").
#pragma once

#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct DrbdField {
  std::string_view device;      // "1"
  std::string_view key, value;  // "cs", "Connected"; views into the text
};

// Replaces `out` by the key:value words of all devices; the lines before the first are passed over.
// kInvalid for a text without the version line.
Status ParseDrbd(std::string_view text, std::vector<DrbdField>& out);

}  // namespace drover::exporters::node
