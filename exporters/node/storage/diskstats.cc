#include "core/base/numbers.h"
#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/storage/disk_stats.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
constexpr double kSector = 512;
constexpr double kMs = .001;

struct Field {
  MetricDesc desc;
  double unit;
};
constexpr Field kFields[17] = {
    {{"node_disk_reads_completed_total", "The total number of reads completed successfully.",
      kCounter, "device"},
     1},
    {{"node_disk_reads_merged_total", "The total number of reads merged.", kCounter, "device"}, 1},
    {{"node_disk_read_bytes_total", "The total number of bytes read successfully.", kCounter,
      "device"},
     kSector},
    {{"node_disk_read_time_seconds_total", "The total number of seconds spent by all reads.",
      kCounter, "device"},
     kMs},
    {{"node_disk_writes_completed_total", "The total number of writes completed successfully.",
      kCounter, "device"},
     1},
    {{"node_disk_writes_merged_total", "The number of writes merged.", kCounter, "device"}, 1},
    {{"node_disk_written_bytes_total", "The total number of bytes written successfully.", kCounter,
      "device"},
     kSector},
    {{"node_disk_write_time_seconds_total",
      "This is the total number of seconds spent by all writes.", kCounter, "device"},
     kMs},
    {{"node_disk_io_now", "The number of I/Os currently in progress.", kGauge, "device"}, 1},
    {{"node_disk_io_time_seconds_total", "Total seconds spent doing I/Os.", kCounter, "device"},
     kMs},
    {{"node_disk_io_time_weighted_seconds_total", "The weighted # of seconds spent doing I/Os.",
      kCounter, "device"},
     kMs},
    {{"node_disk_discards_completed_total", "The total number of discards completed successfully.",
      kCounter, "device"},
     1},
    {{"node_disk_discards_merged_total", "The total number of discards merged.", kCounter,
      "device"},
     1},
    {{"node_disk_discarded_sectors_total", "The total number of sectors discarded successfully.",
      kCounter, "device"},
     1},
    {{"node_disk_discard_time_seconds_total",
      "This is the total number of seconds spent by all discards.", kCounter, "device"},
     kMs},
    {{"node_disk_flush_requests_total", "The total number of flush requests completed successfully",
      kCounter, "device"},
     1},
    {{"node_disk_flush_requests_time_seconds_total",
      "This is the total number of seconds spent by all flush requests.", kCounter, "device"},
     kMs},
};
constexpr MetricDesc kInfo{"node_disk_info", "Info of /sys/block/<block_device>.", kGauge,
                           "device,major,minor,path,wwn,model,serial,revision,rotational"};
constexpr MetricDesc kFilesystem{"node_disk_filesystem_info", "Info about disk filesystem.", kGauge,
                                 "device,type,usage,uuid,version"};
constexpr MetricDesc kDeviceMapper{"node_disk_device_mapper_info", "Info about disk device mapper.",
                                   kGauge, "device,name,uuid,vg_name,lv_name,lv_layer"};
constexpr MetricDesc kAtaWriteCache{"node_disk_ata_write_cache", "ATA disk has a write cache.",
                                    kGauge, "device"};
constexpr MetricDesc kAtaWriteCacheEnabled{
    "node_disk_ata_write_cache_enabled", "ATA disk has its write cache enabled.", kGauge, "device"};
constexpr MetricDesc kAtaRotation{"node_disk_ata_rotation_rate_rpm",
                                  "ATA disk rotation rate in RPMs (0 for SSDs).", kGauge, "device"};

class DiskStatsCollector final : public Collector {
 public:
  DiskStatsCollector(const CollectorInput& input, NameFilter filter)
      : roots_(input.roots), file_(*roots_.proc, "diskstats"), filter_(std::move(filter)) {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseDiskStats(text_, disks_));
    for (const DiskStats& disk : disks_) {
      if (!filter_.Passes(disk.device)) continue;
      EmitFacts(disk, out);
      for (std::size_t i = 0; i < disk.count; ++i)
        out.Add(kFields[i].desc, {disk.device}, disk.fields[i] * kFields[i].unit);
    }
    return {};
  }

 private:
  // udev rewrites a device's file (a new inode) when the device changes.
  struct Facts {
    std::uint64_t inode = 0;
    TimePoint modified{};
    UdevProperties properties;
  };

  const UdevProperties& PropertiesOf(const DiskStats& disk) {
    std::string path = "b";
    path.append(disk.major).append(":").append(disk.minor);
    Facts& facts = facts_[path];
    const auto info = roots_.udev->Stat(path);
    if (!info) {
      facts = {};
    } else if (info->inode != facts.inode || info->modified != facts.modified) {
      facts = {info->inode, info->modified, {}};
      if (roots_.udev->ReadFile(path, udev_text_)) facts.properties = ParseUdevData(udev_text_);
    }
    return facts.properties;
  }

  bool IsRotational(std::string_view device) {
    std::string path = "block/";
    path.append(device).append("/queue/rotational");
    return roots_.sys->ReadFile(path, udev_text_) && Trim(udev_text_) == "1";
  }

  void EmitFacts(const DiskStats& disk, MetricSink& out) {
    const UdevProperties& udev = PropertiesOf(disk);
    const auto get = [&](const char* key) {
      const auto found = udev.find(key);
      return found == udev.end() ? std::string_view() : std::string_view(found->second);
    };
    const std::string_view device = disk.device;
    std::string_view serial = get("SCSI_IDENT_SERIAL");  // what is printed on the disk, usually
    if (serial.empty()) serial = get("ID_SERIAL_SHORT");
    if (serial.empty()) serial = get("ID_SERIAL");  // SD cards have no other
    out.Add(kInfo,
            {device, disk.major, disk.minor, get("ID_PATH"), get("ID_WWN"), get("ID_MODEL"), serial,
             get("ID_REVISION"), IsRotational(device) ? "1" : "0"},
            1);
    if (!get("ID_FS_TYPE").empty()) {
      out.Add(
          kFilesystem,
          {device, get("ID_FS_TYPE"), get("ID_FS_USAGE"), get("ID_FS_UUID"), get("ID_FS_VERSION")},
          1);
    }
    if (!get("DM_NAME").empty()) {
      out.Add(kDeviceMapper,
              {device, get("DM_NAME"), get("DM_UUID"), get("DM_VG_NAME"), get("DM_LV_NAME"),
               get("DM_LV_LAYER")},
              1);
    }
    if (get("ID_ATA").empty()) return;
    const auto add = [&](const MetricDesc& desc, const char* key) {
      if (const auto value = ParseFloat(get(key))) out.Add(desc, {device}, *value);
    };
    add(kAtaWriteCache, "ID_ATA_WRITE_CACHE");
    add(kAtaWriteCacheEnabled, "ID_ATA_WRITE_CACHE_ENABLED");
    add(kAtaRotation, "ID_ATA_ROTATION_RATE_RPM");
  }

  const Roots roots_;
  HotFile file_;
  NameFilter filter_;
  std::vector<DiskStats> disks_;
  std::map<std::string, Facts> facts_;  // by "b8:0"
  std::string text_;
  std::string udev_text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto filter,
             NameFilter::Make(input.flags, "diskstats.device-include", "diskstats.device-exclude"));
  return std::make_unique<DiskStatsCollector>(input, std::move(filter));
}

std::vector<std::string_view> Names() {
  auto names = NamesOf(kInfo, kFilesystem, kDeviceMapper, kAtaWriteCache, kAtaWriteCacheEnabled,
                       kAtaRotation);
  for (const Field& field : kFields) names.push_back(field.desc.name);
  return names;
}

}  // namespace

CollectorSpec DiskStatsSpec() {
  using enum CollectorFlag::Kind;
  return {
      "diskstats",
      true,
      "Block devices: /proc/diskstats and udev's facts.",
      "/proc/diskstats, udev data, /sys/block/*/queue",
      {{"diskstats.device-exclude", kText, R"(^(z?ram|loop|fd|(h|s|v|xv)d[a-z]|nvme\d+n\d+p)\d+$)",
        "Regexp of diskstats devices to exclude (mutually exclusive to device-include)."},
       {"diskstats.device-include", kText, "",
        "Regexp of diskstats devices to include (mutually exclusive to device-exclude)."},
       {"diskstats.ignored-devices", kText, "",
        "DEPRECATED: use collector.diskstats.device-exclude", true, "diskstats.device-exclude"}},
      Make,
      Names()};
}

}  // namespace drover::exporters::node
