// /proc/diskstats (kernel: Documentation/admin-guide/iostats.rst) and udev's database entry of a
// block device.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct DiskStats {
  std::string_view major, minor, device;  // point into the text
  std::array<double, 17> fields{};        // as the kernel has them: sectors of 512 bytes, ms
  std::size_t count = 0;                  // how many the kernel printed: 11, 15 or 17
};

// Into `out`, replaced. kInvalid for a line without 11 numbers.
Status ParseDiskStats(std::string_view text, std::vector<DiskStats>& out);

// The "E:KEY=value" lines of /run/udev/data/b<major>:<minor>.
using UdevProperties = std::unordered_map<std::string, std::string>;
UdevProperties ParseUdevData(std::string_view text);

}  // namespace drover::exporters::node
