// What the kernel tells of a mounted btrfs by ioctl (linux/btrfs.h): its devices, how full they
// are, which errors they had.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace drover::exporters::node {

// In the order of BtrfsDevice::errors.
inline constexpr std::string_view kBtrfsErrors[] = {"write", "read", "flush", "corruption",
                                                    "generation"};

struct BtrfsDevice {
  std::string name;  // sda
  std::string uuid;  // with dashes
  std::uint64_t total_bytes = 0;
  std::uint64_t used_bytes = 0;
  std::array<std::uint64_t, std::size(kBtrfsErrors)> errors{};
};

// By the file system's UUID without dashes.
using BtrfsDevices = std::map<std::string, std::vector<BtrfsDevice>>;

// Asks every mount point until each file system answered once. Those that cannot be opened or asked
// are left out.
BtrfsDevices ReadBtrfsDevices(const std::vector<std::string>& mount_points);

}  // namespace drover::exporters::node
