#include "core/record_log/format.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace drover::record_log {

std::string SegmentName(std::uint64_t segment) { return fmt::format("{:06}", segment); }

Result<std::vector<std::uint64_t>> ListSegments(const FileSystem& fs, std::string_view folder) {
  std::vector<std::uint64_t> segments;
  const auto names = fs.List(folder);
  if (!names) {
    if (names.error().code() == ErrorCode::kNotFound) return segments;
    return Fail(names.error());
  }
  for (const std::string& name : *names) {
    std::uint64_t number = 0;
    const char* end = name.data() + name.size();
    const auto [at, error] = std::from_chars(name.data(), end, number);
    if (error == std::errc() && at == end && name.size() >= 6) segments.push_back(number);
  }
  std::sort(segments.begin(), segments.end());
  return segments;
}

}  // namespace drover::record_log
