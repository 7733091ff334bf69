// Constants of docs/formats/record_log.md and the names of segments.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/os/file_system.h"

namespace drover::record_log {

inline constexpr std::size_t kPageBytes = 32 << 10;
inline constexpr std::size_t kHeaderBytes = 7;
inline constexpr std::size_t kMaxRecordBytes = 256 << 20;  // unpacked; a larger one is corrupt
inline constexpr std::uint8_t kTypeMask = 0x07;
inline constexpr std::uint8_t kSnappyFlag = 0x08;
inline constexpr std::uint8_t kZstdFlag = 0x10;
enum FragmentType : std::uint8_t { kEmpty = 0, kFull = 1, kFirst = 2, kMiddle = 3, kLast = 4 };

enum class Compression { kNone, kSnappy, kZstd };

// A place in a log: behind a record, so that reading goes on with the next.
struct Position {
  std::uint64_t segment = 0;
  std::uint64_t offset = 0;
  auto operator<=>(const Position&) const = default;
};

// "000007".
std::string SegmentName(std::uint64_t segment);
// Numbers of the segments in `folder`, ascending; other names are passed over. An absent folder has
// none.
Result<std::vector<std::uint64_t>> ListSegments(const FileSystem& fs, std::string_view folder);

}  // namespace drover::record_log
