#include "core/base/numbers.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/metric_name.h"
#include "exporters/node/storage/human_size.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kInfo{"node_bcachefs_info", "Filesystem information.", kGauge, "uuid"};
constexpr MetricDesc kBtreeCache{"node_bcachefs_btree_cache_size_bytes",
                                 "Btree cache memory usage in bytes.", kGauge, "uuid"};
constexpr MetricDesc kCompressed{"node_bcachefs_compression_compressed_bytes",
                                 "Compressed size by algorithm.", kGauge, "uuid,algorithm"};
constexpr MetricDesc kUncompressed{"node_bcachefs_compression_uncompressed_bytes",
                                   "Uncompressed size by algorithm.", kGauge, "uuid,algorithm"};
constexpr MetricDesc kErrors{"node_bcachefs_errors_total", "Error count by error type.", kCounter,
                             "uuid,error_type"};
constexpr MetricDesc kBtreeWrites{"node_bcachefs_btree_writes_total",
                                  "Number of btree writes by type.", kCounter, "uuid,type"};
constexpr MetricDesc kBtreeWriteSize{"node_bcachefs_btree_write_average_size_bytes",
                                     "Average btree write size by type.", kGauge, "uuid,type"};
constexpr MetricDesc kDeviceInfo{"node_bcachefs_device_info", "Device information.", kGauge,
                                 "uuid,device,label,state"};
constexpr MetricDesc kBucketSize{"node_bcachefs_device_bucket_size_bytes", "Bucket size in bytes.",
                                 kGauge, "uuid,device"};
constexpr MetricDesc kBuckets{"node_bcachefs_device_buckets", "Total number of buckets.", kGauge,
                              "uuid,device"};
constexpr MetricDesc kDurability{"node_bcachefs_device_durability", "Device durability setting.",
                                 kGauge, "uuid,device"};
constexpr MetricDesc kIoDone{"node_bcachefs_device_io_done_bytes_total",
                             "IO bytes by operation type and data type.", kCounter,
                             "uuid,device,operation,data_type"};
constexpr MetricDesc kIoErrors{"node_bcachefs_device_io_errors_total", "IO errors by error type.",
                               kCounter, "uuid,device,type"};

// "name:  value"
bool CutLine(std::string_view line, std::string_view& name, std::string_view& value) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos) return false;
  name = Trim(line.substr(0, colon));
  value = Trim(line.substr(colon + 1));
  return true;
}

std::string_view WithoutColon(std::string_view name) {
  if (name.ends_with(':')) name.remove_suffix(1);
  return name;
}

std::optional<double> Count(std::string_view text) {
  const auto number = ParseUint(text);
  if (!number) return std::nullopt;
  return static_cast<double>(*number);
}

// kernel: fs/bcachefs/sysfs.c
class Bcachefs final : public Collector {
 public:
  explicit Bcachefs(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "fs/bcachefs/";
    DROVER_TRY(const auto uuids, sys_.List(base));
    if (uuids.empty()) return Fail(ErrorCode::kNotFound, "no bcachefs is mounted");
    errors_ = {};
    for (const std::string& uuid : uuids) {
      const auto names = sys_.List(base + uuid);
      if (names) CollectOne(uuid, base + uuid + "/", *names, out);
    }
    return errors_.status();
  }

 private:
  void CollectOne(const std::string& uuid, const std::string& folder,
                  const std::vector<std::string>& names, MetricSink& out) {
    out.Add(kInfo, {uuid}, 1);
    EmitFile(folder + "btree_cache_size", ParseHumanSize, kBtreeCache, {uuid}, out);
    // Tables with a heading: "lz4   48.9G  71.2G  62.5k", "initial:  3298401   100k".
    EmitTable(folder + "compression_stats", true, ParseHumanSize, &kCompressed, ParseHumanSize,
              &kUncompressed, uuid, out);
    EmitTable(folder + "btree_write_stats", true, Count, &kBtreeWrites, ParseHumanSize,
              &kBtreeWriteSize, uuid, out);
    EmitTable(folder + "errors", false, Count, &kErrors, nullptr, nullptr, uuid, out);
    EmitCounters(uuid, folder + "counters", out);
    for (const std::string& name : names) {
      if (name.starts_with("dev-")) EmitDevice(uuid, name.substr(4), folder + name + "/", out);
    }
  }

  using Parse = std::optional<double> (*)(std::string_view);

  void Emit(const std::string& path, std::string_view text, Parse parse, const MetricDesc& desc,
            std::initializer_list<std::string_view> labels, MetricSink& out) {
    if (const auto value = parse(text)) {
      out.Add(desc, labels, *value);
    } else {
      errors_.Note(Error(ErrorCode::kInvalid, path + ": not a number: " + std::string(text)));
    }
  }

  void EmitFile(const std::string& path, Parse parse, const MetricDesc& desc,
                std::initializer_list<std::string_view> labels, MetricSink& out) {
    const auto text = sys_.Text(path);
    if (errors_.Ok(text)) Emit(path, *text, parse, desc, labels, out);
  }

  // Lines of a name and one or two values.
  void EmitTable(const std::string& path, bool has_heading, Parse first,
                 const MetricDesc* first_desc, Parse second, const MetricDesc* second_desc,
                 const std::string& uuid, MetricSink& out) {
    const auto text = sys_.Text(path);
    if (!errors_.Ok(text)) return;
    std::string_view rest = *text;
    if (has_heading) NextLine(rest);
    while (!rest.empty()) {
      std::string_view line = NextLine(rest);
      const std::string_view name = WithoutColon(NextField(line));
      const std::string_view value = NextField(line);
      const std::string_view other = NextField(line);
      if (value.empty() || (second_desc != nullptr && other.empty())) continue;
      Emit(path, value, first, *first_desc, {uuid, name}, out);
      if (second_desc != nullptr) Emit(path, other, second, *second_desc, {uuid, name}, out);
    }
  }

  void EmitCounters(const std::string& uuid, const std::string& folder, MetricSink& out) {
    const auto names = sys_.List(folder);
    if (!errors_.Ok(names)) return;
    for (const std::string& name : *names) {
      const std::string path = folder + "/" + name;
      const auto text = sys_.Text(path);
      if (!errors_.Ok(text)) continue;
      std::string_view rest = *text;
      std::string_view key, value;
      bool is_known = false;
      const MetricDesc& desc =
          descs_.Get("node_bcachefs_" + SanitizeMetricName(name) + "_total",
                     "Bcachefs counter " + name + " since filesystem creation.", kCounter, "uuid");
      while (!rest.empty()) {
        if (!CutLine(NextLine(rest), key, value) || key != "since filesystem creation") continue;
        is_known = true;
        Emit(path, value, ParseHumanSize, desc, {uuid}, out);
      }
      if (!is_known) errors_.Note(Error(ErrorCode::kInvalid, path + ": not a counter"));
    }
  }

  std::string TextOf(const std::string& path) {
    const auto text = sys_.Text(path);
    return text ? std::string(*text) : std::string();
  }

  void EmitDevice(const std::string& uuid, const std::string& device, const std::string& folder,
                  MetricSink& out) {
    const std::string label = TextOf(folder + "label");
    const std::string state = TextOf(folder + "state");
    out.Add(kDeviceInfo, {uuid, device, label, state}, 1);
    EmitFile(folder + "bucket_size", ParseHumanSize, kBucketSize, {uuid, device}, out);
    EmitFile(folder + "nbuckets", Count, kBuckets, {uuid, device}, out);
    EmitFile(folder + "durability", Count, kDurability, {uuid, device}, out);
    EmitIoDone(uuid, device, folder + "io_done", out);
    EmitIoErrors(uuid, device, folder + "io_errors", out);
  }

  // "read:" or "write:", then "  user  :  123" and so on.
  void EmitIoDone(const std::string& uuid, const std::string& device, const std::string& path,
                  MetricSink& out) {
    const auto text = sys_.Text(path);
    if (!errors_.Ok(text)) return;
    std::string_view operation, name, value;
    for (std::string_view rest = *text; !rest.empty();) {
      if (!CutLine(NextLine(rest), name, value)) continue;
      if (value.empty() && (name == "read" || name == "write")) {
        operation = name;
      } else if (!operation.empty()) {
        Emit(path, value, Count, kIoDone, {uuid, device, operation, name}, out);
      }
    }
  }

  // Of the sections only the first: since the file system was made.
  void EmitIoErrors(const std::string& uuid, const std::string& device, const std::string& path,
                    MetricSink& out) {
    const auto text = sys_.Text(path);
    if (!errors_.Ok(text)) return;
    bool is_section = false;
    std::string_view name, value;
    for (std::string_view rest = *text; !rest.empty();) {
      const std::string_view line = NextLine(rest);
      if (line.starts_with("IO errors since ")) {
        if (is_section) return;
        is_section = line.starts_with("IO errors since filesystem creation");
        if (!is_section) return;
      } else if (is_section && CutLine(line, name, value)) {
        Emit(path, value, Count, kIoErrors, {uuid, device, name}, out);
      }
    }
  }

  SysFs sys_;
  FirstError errors_;
  DescPool descs_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Bcachefs>(input);
}

}  // namespace

CollectorSpec BcachefsSpec() {
  return {"bcachefs", true, "bcachefs file systems.", "/sys/fs/bcachefs",
          {},         Make, {"node_bcachefs_*"}};
}

}  // namespace drover::exporters::node
