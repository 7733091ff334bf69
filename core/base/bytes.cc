#include "core/base/bytes.h"

namespace drover {

std::uint64_t Cursor::Uvarint() {
  std::uint64_t v = 0;
  for (std::size_t i = 0; i < 10; ++i) {
    if (i >= rest_.size()) break;
    const auto byte = static_cast<std::uint8_t>(rest_[i]);
    if (i == 9 && byte > 1) break;  // beyond 64 bits
    v |= static_cast<std::uint64_t>(byte & 0x7F) << (7 * i);
    if (byte < 0x80) {
      rest_.remove_prefix(i + 1);
      return v;
    }
  }
  Bad();
  return 0;
}

}  // namespace drover
