#include <algorithm>
#include <array>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/storage/btrfs_devices.h"
#include "exporters/node/storage/mount_info.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kInfo{"node_btrfs_info", "Filesystem information", kGauge, "uuid,label"};
constexpr MetricDesc kReserve{"node_btrfs_global_rsv_size_bytes", "Size of global reserve.", kGauge,
                              "uuid"};
constexpr MetricDesc kReserved{"node_btrfs_reserved_bytes",
                               "Amount of space reserved for a data type", kGauge,
                               "uuid,block_group_type"};
constexpr MetricDesc kUsed{"node_btrfs_used_bytes", "Amount of used space by a layout/data type",
                           kGauge, "uuid,block_group_type,mode"};
constexpr MetricDesc kSize{"node_btrfs_size_bytes",
                           "Amount of space allocated for a layout/data type", kGauge,
                           "uuid,block_group_type,mode"};
constexpr MetricDesc kRatio{"node_btrfs_allocation_ratio",
                            "Data allocation ratio for a layout/data type", kGauge,
                            "uuid,block_group_type,mode"};
constexpr MetricDesc kDeviceSize{"node_btrfs_device_size_bytes",
                                 "Size of a device that is part of the filesystem.", kGauge,
                                 "uuid,device"};
// As the kernel tells by ioctl.
constexpr MetricDesc kKnownDeviceSize{"node_btrfs_device_size_bytes",
                                      "Size of a device that is part of the filesystem.", kGauge,
                                      "uuid,device,btrfs_dev_uuid"};
constexpr MetricDesc kDeviceUnused{
    "node_btrfs_device_unused_bytes",
    "Unused bytes unused on a device that is part of the filesystem.", kGauge,
    "uuid,device,btrfs_dev_uuid"};
constexpr MetricDesc kDeviceErrors{"node_btrfs_device_errors_total",
                                   "Errors reported for the device", kCounter,
                                   "uuid,type,device,btrfs_dev_uuid"};

struct CommitField {
  std::string_view key;
  MetricDesc desc;
  double divisor;
};
constexpr CommitField kCommitFields[] = {
    {"commits",
     {"node_btrfs_commits_total", "The total number of commits that have occurred.", kCounter,
      "uuid"},
     1},
    {"last_commit_ms",
     {"node_btrfs_last_commit_seconds", "Duration of the most recent commit, in seconds.", kGauge,
      "uuid"},
     1000},
    {"max_commit_ms",
     {"node_btrfs_max_commit_seconds", "Duration of the slowest commit, in seconds.", kGauge,
      "uuid"},
     1000},
    {"total_commit_ms",
     {"node_btrfs_commit_seconds_total", "Sum of the duration of all commits, in seconds.",
      kCounter, "uuid"},
     1000},
};
constexpr double kSector = 512;

// How many bytes on disks one byte of data takes.
double RatioOf(std::string_view layout, double devices) {
  if (layout == "single" || layout == "raid0") return 1;
  if (layout == "dup" || layout == "raid1" || layout == "raid10") return 2;
  if (layout == "raid1c3") return 3;
  if (layout == "raid1c4") return 4;
  if (layout == "raid5") return devices / (devices - 1);
  if (layout == "raid6") return devices / (devices - 2);
  return 0;
}

// kernel: fs/btrfs/sysfs.c
class Btrfs final : public Collector {
 public:
  explicit Btrfs(const CollectorInput& input) : roots_(input.roots), sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "fs/btrfs/";
    const auto names = sys_.List(base);
    if (!names) {  // no btrfs is fine
      if (IsNoValue(names.error())) return {};
      return Fail(names.error());
    }
    std::vector<std::string> uuids;
    for (const std::string& name : *names) {
      if (name.find('-') != std::string::npos) uuids.push_back(name);
    }
    if (uuids.empty()) return {};
    const BtrfsDevices devices = ReadDevices();
    errors_ = {};
    for (const std::string& name : uuids) CollectOne(name, base + name + "/", devices, out);
    return errors_.status();
  }

 private:
  // Of every file system that is mounted somewhere; empty where we may not ask.
  BtrfsDevices ReadDevices() {
    for (const char* file : {"1/mountinfo", "self/mountinfo"}) {
      std::string text;
      if (!roots_.proc->ReadFile(file, text)) continue;
      const auto mounts = ParseMountInfo(text);
      if (!mounts) return {};
      std::vector<std::string> points;
      for (const Mount& mount : *mounts) {
        if (mount.fs_type == "btrfs")
          points.push_back(
              roots_.root->RealPath(StripRootfs(mount.mount_point, roots_.rootfs).substr(1)));
      }
      return ReadBtrfsDevices(points);
    }
    return {};
  }

  std::optional<double> Number(const std::string& path) {
    const auto value = sys_.Uint(path);
    if (!errors_.Ok(value)) return std::nullopt;
    return static_cast<double>(*value);
  }

  void CollectOne(const std::string& name, const std::string& folder, const BtrfsDevices& known,
                  MetricSink& out) {
    const auto devices = sys_.List(folder + "devices");
    if (!errors_.Ok(devices)) return;
    const auto label_text = sys_.Text(folder + "label");
    const std::string label = label_text ? std::string(*label_text) : "";
    const auto uuid_text = sys_.Text(folder + "metadata_uuid");
    const std::string uuid = uuid_text && !uuid_text->empty() ? std::string(*uuid_text) : name;
    out.Add(kInfo, {uuid, label}, 1);
    if (const auto reserve = Number(folder + "allocation/global_rsv_size"))
      out.Add(kReserve, {uuid}, *reserve);
    EmitCommits(uuid, folder + "commit_stats", out);
    for (const std::string type : {"data", "metadata", "system"})
      EmitAllocation(uuid, type, folder + "allocation/" + type, devices->size(), out);
    std::string bare_uuid = uuid;
    std::erase(bare_uuid, '-');
    const auto found = known.find(bare_uuid);
    if (found != known.end()) {
      for (const BtrfsDevice& device : found->second) EmitDevice(uuid, device, out);
      return;
    }
    for (const std::string& device : *devices) {
      if (const auto sectors = Number(folder + "devices/" + device + "/size"))
        out.Add(kDeviceSize, {uuid, device}, *sectors * kSector);
    }
  }

  // Kernels before 6.0 count none.
  void EmitCommits(const std::string& uuid, const std::string& path, MetricSink& out) {
    std::array<std::uint64_t, std::size(kCommitFields)> values{};
    const auto text = sys_.Text(path);
    if (!text && !IsNoValue(text.error())) errors_.Note(text.error());
    std::string_view rest = text ? *text : std::string_view();
    while (!rest.empty()) {
      std::string_view line = NextLine(rest);
      const std::string_view key = NextField(line);
      const auto value = ParseUint(NextField(line));
      if (!value) {
        errors_.Note(Error(ErrorCode::kInvalid, path + ": not a number: " + std::string(key)));
        return;
      }
      for (std::size_t i = 0; i < values.size(); ++i) {
        if (kCommitFields[i].key == key) values[i] = *value;
      }
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      out.Add(kCommitFields[i].desc, {uuid},
              static_cast<double>(values[i]) / kCommitFields[i].divisor);
    }
  }

  // A folder per layout: raid1/total_bytes.
  void EmitAllocation(const std::string& uuid, std::string_view type, const std::string& folder,
                      std::size_t devices, MetricSink& out) {
    const auto names = sys_.List(folder);
    if (!errors_.Ok(names)) return;
    if (const auto reserved = Number(folder + "/bytes_reserved"))
      out.Add(kReserved, {uuid, type}, *reserved);
    for (const std::string& layout : *names) {
      const std::string path = folder + "/" + layout;
      const auto info = sys_.files().Stat(path);
      if (!info || !info->is_directory) continue;
      const auto used = Number(path + "/used_bytes");
      const auto size = Number(path + "/total_bytes");
      if (!used || !size) continue;
      out.Add(kUsed, {uuid, type, layout}, *used);
      out.Add(kSize, {uuid, type, layout}, *size);
      out.Add(kRatio, {uuid, type, layout}, RatioOf(layout, static_cast<double>(devices)));
    }
  }

  static void EmitDevice(const std::string& uuid, const BtrfsDevice& device, MetricSink& out) {
    out.Add(kKnownDeviceSize, {uuid, device.name, device.uuid},
            static_cast<double>(device.total_bytes));
    out.Add(kDeviceUnused, {uuid, device.name, device.uuid},
            static_cast<double>(device.total_bytes - device.used_bytes));
    for (std::size_t i = 0; i < std::size(kBtrfsErrors); ++i) {
      out.Add(kDeviceErrors, {uuid, kBtrfsErrors[i], device.name, device.uuid},
              static_cast<double>(device.errors[i]));
    }
  }

  const Roots roots_;
  SysFs sys_;
  FirstError errors_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Btrfs>(input);
}

}  // namespace

CollectorSpec BtrfsSpec() {
  return {"btrfs",
          true,
          "btrfs file systems and their devices.",
          "/sys/fs/btrfs, btrfs ioctls on each mount",
          {},
          Make,
          {"node_btrfs_*"}};
}

}  // namespace drover::exporters::node
