#include "exporters/node/storage/btrfs_devices.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/btrfs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <memory>
#include <optional>

namespace drover::exporters::node {
namespace {

std::string Hex(const std::uint8_t* bytes, bool with_dashes) {
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (std::size_t i = 0; i < BTRFS_UUID_SIZE; ++i) {
    if (with_dashes && (i == 4 || i == 6 || i == 8 || i == 10)) text += '-';
    text += kDigits[bytes[i] >> 4];
    text += kDigits[bytes[i] & 0xF];
  }
  return text;
}

// nullopt when one of them cannot be asked. Ids have gaps.
std::optional<std::vector<BtrfsDevice>> ReadDevices(int fd,
                                                    const btrfs_ioctl_fs_info_args& file_system) {
  std::vector<BtrfsDevice> devices;
  const auto info = std::make_unique<btrfs_ioctl_dev_info_args>();
  const auto stats = std::make_unique<btrfs_ioctl_get_dev_stats>();
  for (std::uint64_t id = 0; id <= file_system.max_id; ++id) {
    *info = {};
    info->devid = id;
    if (::ioctl(fd, BTRFS_IOC_DEV_INFO, info.get()) != 0) {
      if (errno == ENODEV) continue;
      return std::nullopt;
    }
    *stats = {};
    stats->devid = id;
    stats->nr_items = BTRFS_DEV_STAT_VALUES_MAX;
    if (::ioctl(fd, BTRFS_IOC_GET_DEV_STATS, stats.get()) != 0) return std::nullopt;
    BtrfsDevice device;
    info->path[sizeof info->path - 1] = 0;
    const std::string path(reinterpret_cast<const char*>(info->path));
    device.name = path.substr(path.rfind('/') + 1);
    device.uuid = Hex(info->uuid, true);
    device.total_bytes = info->total_bytes;
    device.used_bytes = info->bytes_used;
    for (std::size_t i = 0; i < device.errors.size(); ++i) device.errors[i] = stats->values[i];
    devices.push_back(std::move(device));
    if (devices.size() == file_system.num_devices) break;
  }
  return devices;
}

}  // namespace

BtrfsDevices ReadBtrfsDevices(const std::vector<std::string>& mount_points) {
  BtrfsDevices known;
  for (const std::string& point : mount_points) {
    const int fd = ::open(point.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) continue;
    btrfs_ioctl_fs_info_args info{};
    if (::ioctl(fd, BTRFS_IOC_FS_INFO, &info) == 0) {
      const std::string uuid = Hex(info.fsid, false);
      if (!known.contains(uuid)) {
        if (auto devices = ReadDevices(fd, info)) known.emplace(uuid, std::move(*devices));
      }
    }
    ::close(fd);
  }
  return known;
}

}  // namespace drover::exporters::node
