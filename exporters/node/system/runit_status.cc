#include "exporters/node/system/runit_status.h"

#include "core/base/bytes.h"

namespace drover::exporters::node {

std::optional<RunitStatus> ParseRunitStatus(std::string_view bytes) {
  constexpr std::size_t kSize = 20, kWanted = 17, kState = 19;
  constexpr std::uint64_t kTaiOfUnixEpoch = 4611686018427387914U;  // 2^62 and 10 leap seconds
  if (bytes.size() < kSize) return std::nullopt;
  Cursor cursor(bytes);
  RunitStatus status;
  status.changed_unix_seconds =
      static_cast<std::int64_t>(cursor.BigEndian<std::uint64_t>() - kTaiOfUnixEpoch);
  status.is_wanted_up = bytes[kWanted] == 'u';
  status.state = static_cast<unsigned char>(bytes[kState]);
  return status;
}

}  // namespace drover::exporters::node
