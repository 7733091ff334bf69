#include <algorithm>
#include <map>

#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/storage/kstat.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kFolder = "spl/kstat/zfs";
// File, and what its metrics are called.
constexpr std::pair<std::string_view, std::string_view> kFiles[] = {
    {"abdstats", "abd"},
    {"arcstats", "arc"},
    {"dbufstats", "dbuf"},
    {"dmu_tx", "dmu_tx"},
    {"dnodestats", "dnode"},
    {"fm", "fm"},
    {"vdev_cache_stats", "vdev_cache"},
    {"vdev_mirror_stats", "vdev_mirror"},
    {"xuio_stats", "xuio"},
    {"zfetchstats", "zfetch"},
    {"zil", "zil"}};
constexpr std::string_view kStates[] = {"online",  "degraded", "faulted",  "offline",
                                        "removed", "unavail",  "suspended"};
constexpr MetricDesc kState{"node_zfs_zpool_state", "kstat.zfs.misc.state", MetricType::kGauge,
                            "zpool,state"};

class Zfs final : public Collector {
 public:
  explicit Zfs(const CollectorInput& input) : proc_(input.roots.proc) {}

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const auto entries, proc_.List(kFolder));
    FirstError errors;
    for (const auto& [file, subsystem] : kFiles) {
      if (!Read(std::string(file), errors)) continue;
      const auto emit = [&, f = file, s = subsystem](std::string_view name, double value) {
        out.Add(DescOf(s, f, name, ""), value);
      };
      if (const Status status = ParseKstat(text_, emit); !status)
        errors.Note(status.error().With(file));
    }
    for (const std::string& entry : entries) {
      const bool is_file = std::any_of(std::begin(kFiles), std::end(kFiles),
                                       [&](const auto& known) { return known.first == entry; });
      if (!is_file) CollectPool(entry, errors, out);
    }
    return errors.status();
  }

 private:
  // False when this version of ZFS has no such file.
  bool Read(const std::string& name, FirstError& errors) {
    const Status read = proc_.files().ReadFile(std::string(kFolder) + "/" + name, text_);
    if (!read) errors.Note(read.error());
    return read.has_value();
  }

  void CollectPool(const std::string& pool, FirstError& errors, MetricSink& out) {
    const auto files = proc_.List(std::string(kFolder) + "/" + pool);
    if (!files) return;  // another kind of file
    for (const std::string& file : *files) {
      const bool is_objset = file.starts_with("objset-");
      if ((!is_objset && file != "io" && file != "state") || !Read(pool + "/" + file, errors))
        continue;
      Status status;
      std::string dataset;
      if (file == "state") {
        EmitState(pool, out);
      } else if (file == "io") {
        status = ParseKstatIo(text_, [&](std::string_view name, double value) {
          out.Add(DescOf("zpool", "io", name, "zpool"), {pool}, value);
        });
      } else {
        status = ParseKstat(
            text_,
            [&](std::string_view name, double value) {
              out.Add(DescOf("zpool_dataset", "objset", name, "zpool,dataset"), {pool, dataset},
                      value);
            },
            [&](std::string_view name) { dataset = name; });
      }
      if (!status) errors.Note(status.error().With(pool + "/" + file));
    }
  }

  void EmitState(const std::string& pool, MetricSink& out) const {
    std::string_view rest = text_;
    std::string state(Trim(NextLine(rest)));
    std::transform(state.begin(), state.end(), state.begin(),
                   [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
    for (const std::string_view one : kStates) out.Add(kState, {pool, one}, one == state ? 1 : 0);
  }

  const MetricDesc& DescOf(std::string_view subsystem, std::string_view file, std::string_view name,
                           std::string_view labels) {
    name_.assign("node_zfs_")
        .append(subsystem)
        .append("_")
        .append(name.substr(name.rfind('.') + 1));
    std::replace(name_.begin(), name_.end(), '-', '_');
    help_.assign("kstat.zfs.misc.").append(file).append(".").append(name);
    return descs_.Get(name_, help_, MetricType::kUnknown, labels);
  }

  SysFs proc_;
  DescPool descs_;
  std::string text_, name_, help_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Zfs>(input);
}

}  // namespace

CollectorSpec ZfsSpec() {
  return {"zfs", true, "OpenZFS.", "/proc/spl/kstat/zfs", {}, Make, {"node_zfs_*"}};
}

}  // namespace drover::exporters::node
