#include <errno.h>

#include <set>
#include <tuple>

#include <string.h>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "core/os/hot_file.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/storage/mount_info.h"
#include "exporters/node/storage/stat_fs.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kLabels = "device,mountpoint,fstype,device_error";
constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kSize{"node_filesystem_size_bytes", "Filesystem size in bytes.", kGauge,
                           kLabels};
constexpr MetricDesc kFree{"node_filesystem_free_bytes", "Filesystem free space in bytes.", kGauge,
                           kLabels};
constexpr MetricDesc kAvail{"node_filesystem_avail_bytes",
                            "Filesystem space available to non-root users in bytes.", kGauge,
                            kLabels};
constexpr MetricDesc kFiles{"node_filesystem_files", "Filesystem total file nodes.", kGauge,
                            kLabels};
constexpr MetricDesc kFilesFree{"node_filesystem_files_free", "Filesystem total free file nodes.",
                                kGauge, kLabels};
// Always 0 here: upstream prints it on Linux too.
constexpr MetricDesc kPurgeable{"node_filesystem_purgeable_bytes",
                                "Filesystem space available including purgeable space (MacOS "
                                "specific).",
                                kGauge, kLabels};
constexpr MetricDesc kReadOnly{"node_filesystem_readonly", "Filesystem read-only status.", kGauge,
                               kLabels};
constexpr MetricDesc kDeviceError{"node_filesystem_device_error",
                                  "Whether an error occurred while getting statistics for the "
                                  "given device.",
                                  kGauge, kLabels};
constexpr MetricDesc kMountInfo{"node_filesystem_mount_info", "Filesystem mount information.",
                                kGauge, "device,major,minor,mountpoint"};

// As Go words errno.
std::string ErrorText(int error_number) {
  if (error_number == ESTALE) return "stale NFS file handle";
  std::string text = ::strerrordesc_np(error_number);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] + 32);
  return text;
}

class Filesystem final : public Collector {
 public:
  Filesystem(const CollectorInput& input, NameFilter mount_points, NameFilter fs_types,
             Millis mount_timeout, std::size_t max_hanging)
      : roots_(input.roots),
        init_file_(*roots_.proc, "1/mountinfo"),
        own_file_(*roots_.proc, "self/mountinfo"),
        mount_points_(std::move(mount_points)),
        fs_types_(std::move(fs_types)),
        mount_timeout_(mount_timeout),
        pool_(max_hanging) {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(ReadMounts());
    std::vector<std::string> paths;
    paths.reserve(mounts_.size());
    for (const Mount& mount : mounts_) paths.push_back(roots_.root->RealPath(mount.mount_point));
    const std::vector<FsStats> stats = pool_.Ask(paths, mount_timeout_);
    for (std::size_t i = 0; i < mounts_.size(); ++i) Emit(mounts_[i], stats[i], out);
    for (const Mount& mount : repeats_) EmitInfo(mount, out);
    return {};
  }

 private:
  // The mounts to show. Of mounts over each other with equal labels the first counts, the others
  // add their device numbers only.
  Status ReadMounts() {
    Status read = init_file_.Read(text_);
    if (!read) read = own_file_.Read(text_);  // /proc mounted with hidepid
    if (!read) return read;
    if (text_ == parsed_text_) return {};
    mounts_.clear();
    parsed_text_.clear();
    DROVER_TRY(auto all, ParseMountInfo(text_));
    std::set<std::tuple<std::string, std::string, std::string>> seen;
    repeats_.clear();
    for (Mount& mount : all) {
      mount.mount_point = StripRootfs(mount.mount_point, roots_.rootfs);
      if (!mount_points_.Passes(mount.mount_point) || !fs_types_.Passes(mount.fs_type)) continue;
      const bool is_first = seen.insert({mount.device, mount.mount_point, mount.fs_type}).second;
      (is_first ? mounts_ : repeats_).push_back(std::move(mount));
    }
    parsed_text_ = text_;
    return {};
  }

  static void Emit(const Mount& mount, const FsStats& stats, MetricSink& out) {
    std::string error;
    if (stats.outcome == FsStats::Outcome::kTimeout) error = "mountpoint timeout";
    if (stats.outcome == FsStats::Outcome::kError) error = ErrorText(stats.error_number);
    const std::string_view labels[] = {mount.device, mount.mount_point, mount.fs_type, error};
    out.Add(kDeviceError, labels, error.empty() ? 0 : 1);
    out.Add(kReadOnly, labels, mount.read_only ? 1 : 0);
    if (!error.empty()) return;
    out.Add(kSize, labels, stats.size_bytes);
    out.Add(kFree, labels, stats.free_bytes);
    out.Add(kAvail, labels, stats.avail_bytes);
    out.Add(kFiles, labels, stats.files);
    out.Add(kFilesFree, labels, stats.files_free);
    out.Add(kPurgeable, labels, 0);
    EmitInfo(mount, out);
  }

  static void EmitInfo(const Mount& mount, MetricSink& out) {
    out.Add(kMountInfo, {mount.device, mount.major, mount.minor, mount.mount_point}, 1);
  }

  const Roots roots_;
  HotFile init_file_;
  HotFile own_file_;
  NameFilter mount_points_;
  NameFilter fs_types_;
  const Millis mount_timeout_;
  StatFsPool pool_;
  std::string text_;
  std::string parsed_text_;  // what mounts_ came from
  std::vector<Mount> mounts_;
  std::vector<Mount> repeats_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto mount_points, NameFilter::Make(input.flags, "filesystem.mount-points-include",
                                                 "filesystem.mount-points-exclude"));
  DROVER_TRY(auto fs_types, NameFilter::Make(input.flags, "filesystem.fs-types-include",
                                             "filesystem.fs-types-exclude"));
  const auto timeout = ParseGoDuration(input.flags.Text("filesystem.mount-timeout"));
  if (!timeout || timeout->count() <= 0)
    return Fail(ErrorCode::kInvalid, "--collector.filesystem.mount-timeout: not a duration");
  const auto workers = ParseUint(input.flags.Text("filesystem.stat-workers"));
  if (!workers || *workers < 1 || *workers > 1000)
    return Fail(ErrorCode::kInvalid, "--collector.filesystem.stat-workers: not from 1 to 1000");
  return std::make_unique<Filesystem>(input, std::move(mount_points), std::move(fs_types),
                                      std::chrono::ceil<Millis>(*timeout),
                                      static_cast<std::size_t>(*workers));
}

}  // namespace

CollectorSpec FilesystemSpec() {
  using enum CollectorFlag::Kind;
  return {
      "filesystem",
      true,
      "Space and files of mounted file systems.",
      "/proc/1/mountinfo, statfs(2)",
      {{"filesystem.mount-points-exclude", kText,
        "^/(dev|proc|run/credentials/.+|sys|var/lib/docker/.+|var/lib/containers/storage/.+)($|/)",
        "Regexp of mount points to exclude for filesystem collector. (mutually exclusive to "
        "mount-points-include)"},
       {"filesystem.mount-points-include", kText, "",
        "Regexp of mount points to include for filesystem collector. (mutually exclusive to "
        "mount-points-exclude)"},
       {"filesystem.fs-types-exclude", kText,
        "^(autofs|binfmt_misc|bpf|cgroup2?|configfs|debugfs|devpts|devtmpfs|fusectl|hugetlbfs|"
        "iso9660|mqueue|nsfs|overlay|proc|procfs|pstore|rpc_pipefs|securityfs|selinuxfs|squashfs|"
        "erofs|sysfs|tracefs)$",
        "Regexp of filesystem types to exclude for filesystem collector. (mutually exclusive to "
        "fs-types-include)"},
       {"filesystem.fs-types-include", kText, "",
        "Regexp of filesystem types to include for filesystem collector. (mutually exclusive to "
        "fs-types-exclude)"},
       {"filesystem.ignored-mount-points", kText, "",
        "DEPRECATED: use collector.filesystem.mount-points-exclude", true,
        "filesystem.mount-points-exclude"},
       {"filesystem.ignored-fs-types", kText, "",
        "DEPRECATED: use collector.filesystem.fs-types-exclude", true,
        "filesystem.fs-types-exclude"},
       {"filesystem.mount-timeout", kText, "1s",
        "Longest wait for all mounts together; those that have not answered are marked. "
        "(upstream: "
        "5s, per mount)",
        true},
       {"filesystem.stat-workers", kText, "16",
        "How many stat calls may hang at the same time; with more, nothing is asked. (upstream: "
        "4)",
        true}},
      Make,
      NamesOf(kSize, kFree, kAvail, kFiles, kFilesFree, kPurgeable, kReadOnly, kDeviceError,
              kMountInfo)};
}

}  // namespace drover::exporters::node
