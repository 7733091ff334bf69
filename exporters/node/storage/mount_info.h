// /proc/<pid>/mountinfo (man 5 proc_pid_mountinfo).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct Mount {
  std::string device, mount_point, fs_type;  // \040 and the like undone
  std::string major, minor;
  bool read_only = false;  // the mount, the file system, or after an emergency remount

  bool operator==(const Mount&) const = default;
};

// In file order. kInvalid for a line without the separator or with too few fields.
Result<std::vector<Mount>> ParseMountInfo(std::string_view text);

// The mount point as the host sees it, when the host's root is at `rootfs` ("/host/mnt" → "/mnt").
std::string StripRootfs(std::string_view mount_point, std::string_view rootfs);

}  // namespace drover::exporters::node
