#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/system/os_release.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kInfo{
    "node_os_info",
    "A metric with a constant '1' value labeled by build_id, id, id_like, image_id, image_version, "
    "name, pretty_name, variant, variant_id, version, version_codename, version_id.",
    MetricType::kGauge,
    "build_id,id,id_like,image_id,image_version,name,pretty_name,variant,variant_id,version,"
    "version_codename,version_id"};
constexpr MetricDesc kVersion{"node_os_version",
                              "Metric containing the major.minor part of the OS version.",
                              MetricType::kGauge, "id,id_like,name"};
constexpr MetricDesc kSupportEnd{"node_os_support_end_timestamp_seconds",
                                 "Metric containing the end-of-life date timestamp of the OS."};

class Os final : public Collector {
 public:
  explicit Os(const CollectorInput& input) : root_(input.roots.root) {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(Refresh());
    const auto get = [&](std::string_view key) {
      const auto found = values_.find(key);
      return found == values_.end() ? std::string_view() : std::string_view(found->second);
    };
    out.Add(kInfo,
            {get("BUILD_ID"), get("ID"), get("ID_LIKE"), get("IMAGE_ID"), get("IMAGE_VERSION"),
             get("NAME"), get("PRETTY_NAME"), get("VARIANT"), get("VARIANT_ID"), get("VERSION"),
             get("VERSION_CODENAME"), get("VERSION_ID")},
            1);
    if (const auto version = OsVersion(get("VERSION_ID")))
      out.Add(kVersion, {get("ID"), get("ID_LIKE"), get("NAME")}, *version);
    if (const auto end = SupportEnd(get("SUPPORT_END"))) out.Add(kSupportEnd, *end);
    return {};
  }

 private:
  // Read again only when another file or another version of it is there.
  Status Refresh() {
    for (const char* path : {"etc/os-release", "usr/lib/os-release"}) {
      const auto info = root_->Stat(path);
      if (!info) continue;
      if (path_ == path && info->modified == modified_ && info->inode == inode_) return {};
      DROVER_TRY(const std::string text, root_->ReadFile(path));
      values_ = ParseOsRelease(text);
      path_ = path;
      modified_ = info->modified;
      inode_ = info->inode;
      return {};
    }
    return Fail(ErrorCode::kNotFound, "no os-release file");
  }

  const std::shared_ptr<FileSystem> root_;
  std::string path_;
  TimePoint modified_{};
  std::uint64_t inode_ = 0;
  std::map<std::string, std::string, std::less<>> values_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Os>(input);
}

}  // namespace

CollectorSpec OsSpec() {
  return {"os", true, "The distribution: os-release.",      "/etc/os-release, /usr/lib/os-release",
          {},   Make, NamesOf(kInfo, kVersion, kSupportEnd)};
}

}  // namespace drover::exporters::node
