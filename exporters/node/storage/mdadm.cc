#include "core/base/numbers.h"
#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/storage/md_stat.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kState{"node_md_state", "Indicates the state of md-device.", kGauge,
                            "device,state"};
constexpr MetricDesc kDisks{"node_md_disks", "Number of active/failed/spare disks of device.",
                            kGauge, "device,state"};
constexpr MetricDesc kRequired{"node_md_disks_required", "Total number of disks of device.", kGauge,
                               "device"};
constexpr MetricDesc kBlocks{"node_md_blocks", "Total number of blocks on device.", kGauge,
                             "device"};
constexpr MetricDesc kSynced{"node_md_blocks_synced", "Number of blocks synced on device.", kGauge,
                             "device"};
constexpr MetricDesc kRaidDisks{"node_md_raid_disks", "Number of raid disks on device.", kGauge,
                                "device"};
constexpr MetricDesc kDegraded{"node_md_degraded", "Number of degraded disks on device.", kGauge,
                               "device"};

// Label value, state of the parser.
constexpr std::pair<std::string_view, std::string_view> kStates[] = {{"active", "active"},
                                                                     {"inactive", "inactive"},
                                                                     {"recovering", "recovering"},
                                                                     {"resync", "resyncing"},
                                                                     {"check", "checking"}};

// Only these levels have the file "degraded"; the others are never so.
bool IsRedundant(std::string_view level) {
  return level == "raid1" || level == "raid4" || level == "raid5" || level == "raid6" ||
         level == "raid10";
}

class MdAdm final : public Collector {
 public:
  explicit MdAdm(const CollectorInput& input)
      : mdstat_(*input.roots.proc, "mdstat"), sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(mdstat_.Read(text_));
    DROVER_CHECK(ParseMdStat(text_, arrays_));
    for (const MdArray& array : arrays_) Emit(array, out);
    return CollectSysfs(out);
  }

 private:
  static void Emit(const MdArray& array, MetricSink& out) {
    out.Add(kRequired, {array.name}, static_cast<double>(array.disks_required));
    out.Add(kDisks, {array.name, "active"}, static_cast<double>(array.disks_active));
    out.Add(kDisks, {array.name, "failed"}, static_cast<double>(array.disks_failed));
    out.Add(kDisks, {array.name, "spare"}, static_cast<double>(array.disks_spare));
    for (const auto& [label, state] : kStates)
      out.Add(kState, {array.name, label}, array.state == state ? 1 : 0);
    out.Add(kBlocks, {array.name}, static_cast<double>(array.blocks));
    out.Add(kSynced, {array.name}, static_cast<double>(array.blocks_synced));
  }

  // kernel: Documentation/admin-guide/md.rst
  Status CollectSysfs(MetricSink& out) {
    const auto devices = sys_.List("block", "md");
    if (!devices) return {};
    FirstError errors;
    for (const std::string& device : *devices) {
      const std::string folder = "block/" + device + "/md";
      const auto level_text = sys_.Text(folder + "/level");
      if (!errors.Ok(level_text)) continue;
      const std::string level(*level_text);
      // Containers (external metadata) have no disks of their own.
      if (!level.empty() && level != "container" && level != "imsm" && level != "ddf") {
        const auto disks = sys_.Text(folder + "/raid_disks");
        if (errors.Ok(disks)) {
          std::string_view rest = *disks;  // "11 (10)" while reshaping
          if (const auto count = ParseUint(NextField(rest)))
            out.Add(kRaidDisks, {device}, static_cast<double>(*count));
        }
      }
      CollectDegraded(device, level, folder, errors, out);
    }
    return errors.status();
  }

  void CollectDegraded(const std::string& device, std::string_view level, const std::string& folder,
                       FirstError& errors, MetricSink& out) {
    double count = 0;
    if (IsRedundant(level)) {
      const auto degraded = sys_.Uint(folder + "/degraded");
      if (!errors.Ok(degraded)) return;
      count = static_cast<double>(*degraded);
    }
    out.Add(kDegraded, {device}, count);
  }

  HotFile mdstat_;
  SysFs sys_;
  std::string text_;
  std::vector<MdArray> arrays_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<MdAdm>(input);
}

}  // namespace

CollectorSpec MdAdmSpec() {
  return {"mdadm",
          true,
          "Software RAID.",
          "/proc/mdstat, /sys/block/md*/md",
          {},
          Make,
          NamesOf(kState, kDisks, kRequired, kBlocks, kSynced, kRaidDisks, kDegraded)};
}

}  // namespace drover::exporters::node
