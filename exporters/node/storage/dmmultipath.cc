#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kInfo{"node_dmmultipath_device_info",
                           "Non-numeric information about a DM-multipath device.", kGauge,
                           "device,sysfs_name,uuid"};
constexpr MetricDesc kActive{
    "node_dmmultipath_device_active",
    "Whether the multipath device-mapper device is active (1) or suspended (0).", kGauge,
    "device,sysfs_name"};
constexpr MetricDesc kSize{"node_dmmultipath_device_size_bytes",
                           "Size of the multipath device in bytes, read from /sys/block/<dm>/size.",
                           kGauge, "device,sysfs_name"};
constexpr MetricDesc kPaths{"node_dmmultipath_device_paths",
                            "Number of paths for a multipath device.", kGauge, "device,sysfs_name"};
constexpr MetricDesc kPathsActive{
    "node_dmmultipath_device_paths_active",
    "Number of paths in active state (SCSI running or NVMe live) for a multipath device.", kGauge,
    "device,sysfs_name"};
constexpr MetricDesc kPathsFailed{"node_dmmultipath_device_paths_failed",
                                  "Number of paths not in active state for a multipath device.",
                                  kGauge, "device,sysfs_name"};
constexpr MetricDesc kPathState{"node_dmmultipath_path_state",
                                "Reports the underlying device state for a multipath path, as read "
                                "from /sys/block/<dev>/device/state.",
                                kGauge, "device,path,state"};

constexpr double kSector = 512;

class DmMultipath final : public Collector {
 public:
  explicit DmMultipath(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const auto devices, sys_.List("block"));
    FirstError errors;
    for (const std::string& device : devices) {
      if (device.starts_with("dm-")) CollectDevice(device, "block/" + device, errors, out);
    }
    return errors.status();
  }

 private:
  void CollectDevice(const std::string& device, const std::string& folder, FirstError& errors,
                     MetricSink& out) {
    const auto uuid_text = sys_.Text(folder + "/dm/uuid");
    if (!errors.Ok(uuid_text) || !uuid_text->starts_with("mpath-")) return;
    const std::string uuid(*uuid_text);
    const auto name_text = sys_.Text(folder + "/dm/name");
    if (!errors.Ok(name_text)) return;
    const std::string name(*name_text);
    const auto suspended = sys_.Uint(folder + "/dm/suspended");
    const auto sectors = sys_.Uint(folder + "/size");
    if (!errors.Ok(suspended) || !errors.Ok(sectors)) return;
    out.Add(kInfo, {name, device, uuid}, 1);
    out.Add(kActive, {name, device}, *suspended == 1 ? 0 : 1);
    out.Add(kSize, {name, device}, static_cast<double>(*sectors) * kSector);
    CollectPaths(name, device, folder, errors, out);
  }

  void CollectPaths(const std::string& name, const std::string& device, const std::string& folder,
                    FirstError& errors, MetricSink& out) {
    double active = 0;
    double failed = 0;
    const auto paths = sys_.List(folder + "/slaves");
    if (!paths && !IsNoValue(paths.error())) errors.Note(paths.error());
    for (const std::string& path : paths ? *paths : std::vector<std::string>()) {
      const auto state = sys_.Text("block/" + path + "/device/state");
      if (!errors.Ok(state)) continue;
      ++(*state == "running" || *state == "live" ? active : failed);
      out.Add(kPathState, {name, path, *state}, 1);
    }
    out.Add(kPaths, {name, device}, active + failed);
    out.Add(kPathsActive, {name, device}, active);
    out.Add(kPathsFailed, {name, device}, failed);
  }

  SysFs sys_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<DmMultipath>(input);
}

}  // namespace

CollectorSpec DmMultipathSpec() {
  return {"dmmultipath",
          true,
          "Multipath devices and their paths.",
          "/sys/block/dm-*/{dm,slaves}",
          {},
          Make,
          NamesOf(kInfo, kActive, kSize, kPaths, kPathsActive, kPathsFailed, kPathState)};
}

}  // namespace drover::exporters::node
