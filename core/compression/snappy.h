// Snappy's block format (github.com/google/snappy, format_description.txt), as remote write uses
// it; not the framed one. Thread-safe functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace drover::compression {

// Replaces `out`; its capacity is reused.
void SnappyCompress(std::string_view in, std::string& out);

// Replaces `out`. The size a block declares is checked before anything is allocated: kExhausted
// when it is above `max_bytes`. kInvalid when the block is broken (`out` is then empty).
Status SnappyUncompress(std::string_view in, std::size_t max_bytes, std::string& out);

}  // namespace drover::compression
