#include "exporters/node/storage/mount_info.h"

#include <array>

#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

std::string Unescape(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto octal = [&](std::size_t at) { return text[at] >= '0' && text[at] <= '7'; };
    if (text[i] == '\\' && i + 3 < text.size() && octal(i + 1) && octal(i + 2) && octal(i + 3)) {
      out +=
          static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
      i += 3;
    } else {
      out += text[i];
    }
  }
  return out;
}

bool HasReadOnly(std::string_view options) {
  while (!options.empty()) {
    const std::size_t comma = options.find(',');
    const std::string_view option = options.substr(0, comma);
    if (option == "ro" || option == "emergency_ro") return true;
    options = comma == std::string_view::npos ? std::string_view() : options.substr(comma + 1);
  }
  return false;
}

}  // namespace

Result<std::vector<Mount>> ParseMountInfo(std::string_view text) {
  std::vector<Mount> mounts;
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    if (Trim(line).empty()) continue;
    std::string_view rest = line;
    std::array<std::string_view, 6> before;  // id parent major:minor root mount-point options
    for (std::string_view& field : before) field = NextField(rest);
    std::string_view optional = NextField(rest);
    while (!optional.empty() && optional != "-") optional = NextField(rest);
    const std::string_view fs_type = NextField(rest);
    const std::string_view device = NextField(rest);
    if (optional != "-" || device.empty()) {
      return Fail(ErrorCode::kInvalid,
                  "mountinfo: malformed line: " + std::string(line.substr(0, 120)));
    }
    Mount mount;
    const std::size_t colon = before[2].find(':');
    mount.major = before[2].substr(0, colon);
    if (colon != std::string_view::npos) mount.minor = before[2].substr(colon + 1);
    mount.mount_point = Unescape(before[4]);
    mount.fs_type = fs_type;
    mount.device = Unescape(device);
    mount.read_only = HasReadOnly(before[5]) || HasReadOnly(NextField(rest));
    mounts.push_back(std::move(mount));
  }
  return mounts;
}

std::string StripRootfs(std::string_view mount_point, std::string_view rootfs) {
  while (rootfs.ends_with('/')) rootfs.remove_suffix(1);
  if (rootfs.empty() || !mount_point.starts_with(rootfs)) return std::string(mount_point);
  const std::string_view inside = mount_point.substr(rootfs.size());
  if (inside.empty()) return "/";
  return std::string(inside.front() == '/' ? inside : mount_point);
}

}  // namespace drover::exporters::node
