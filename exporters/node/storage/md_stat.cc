#include "exporters/node/storage/md_stat.h"

#include <string>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

tl::unexpected<Error> BadLine(std::string_view line) {
  return Fail(ErrorCode::kInvalid, "mdstat: unexpected line: " + std::string(line.substr(0, 80)));
}

bool Contains(std::string_view text, std::string_view part) {
  return text.find(part) != std::string_view::npos;
}

std::int64_t Count(std::string_view text, std::string_view part) {
  std::int64_t count = 0;
  for (std::size_t at = text.find(part); at != std::string_view::npos;
       at = text.find(part, at + part.size()))
    ++count;
  return count;
}

// "a/b" between `open` and `close`, the last such pair that is followed by `then`.
bool FindRatio(std::string_view line, char open, char close, std::string_view then,
               std::int64_t& first, std::int64_t& second) {
  for (std::size_t end = line.rfind(close); end != std::string_view::npos && end > 0;
       end = line.rfind(close, end - 1)) {
    const std::size_t begin = line.rfind(open, end);
    if (begin == std::string_view::npos) return false;
    const std::string_view inside = line.substr(begin + 1, end - begin - 1);
    const std::size_t slash = inside.find('/');
    if (slash == std::string_view::npos || !line.substr(end + 1).starts_with(then)) continue;
    const auto a = ParseInt(inside.substr(0, slash));
    const auto b = ParseInt(inside.substr(slash + 1));
    if (!a || !b) continue;
    first = *a;
    second = *b;
    return true;
  }
  return false;
}

// "523968 blocks super 1.2 [4/4] [UUUU]"
Status ParseStatusLine(std::string_view device_line, std::string_view line, MdArray& array) {
  std::string_view rest = line;
  const auto blocks = ParseInt(NextField(rest));
  if (!blocks) return BadLine(line);
  array.blocks = *blocks;
  if (Contains(device_line, "raid0") || Contains(device_line, "linear")) {
    // Only disks carry a number in brackets there.
    array.disks_active = array.disks_required = Count(device_line, "[");
    return {};
  }
  if (Contains(device_line, "inactive")) return {};
  if (!FindRatio(line, '[', ']', " [", array.disks_required, array.disks_active))
    return BadLine(line);
  return {};
}

std::string_view StateOf(std::string_view sync_line) {
  if (Contains(sync_line, "recovery")) return "recovering";
  if (Contains(sync_line, "reshape")) return "reshaping";
  if (Contains(sync_line, "check")) return "checking";
  if (Contains(sync_line, "resync")) return "resyncing";
  return {};
}

}  // namespace

Status ParseMdStat(std::string_view text, std::vector<MdArray>& out) {
  out.clear();
  if (text.empty()) return Fail(ErrorCode::kInvalid, "mdstat: empty");
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    if (Trim(line).empty() || line.front() == ' ' || line.starts_with("unused") ||
        line.starts_with("Personalities"))
      continue;
    MdArray array;
    std::string_view rest = line;
    array.name = NextField(rest);
    const std::string_view colon = NextField(rest);
    array.state = NextField(rest);
    if (colon != ":" || array.state.empty()) return BadLine(line);
    array.disks_failed = Count(line, "(F)");
    array.disks_spare = Count(line, "(S)");
    if (text.empty()) return BadLine(line);
    DROVER_CHECK(ParseStatusLine(line, NextLine(text), array));
    array.blocks_synced = array.blocks;
    // A bitmap and what is going on may follow, in either order of kernels.
    std::string_view ahead = text;
    std::string_view sync = NextLine(ahead);
    if (Contains(sync, "bitmap")) sync = NextLine(ahead);
    if (const std::string_view state = StateOf(sync); !state.empty() && sync.front() == ' ') {
      array.state = state;
      std::int64_t all = 0;
      if (Contains(sync, "PENDING") || Contains(sync, "DELAYED")) {
        array.blocks_synced = 0;
      } else if (!FindRatio(sync, '(', ')', "", array.blocks_synced, all)) {
        return BadLine(sync);
      }
    }
    out.push_back(array);
  }
  return {};
}

}  // namespace drover::exporters::node
