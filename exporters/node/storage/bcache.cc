#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/storage/human_size.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

// kernel: Documentation/admin-guide/bcache.rst
constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
struct Attribute {
  std::string_view file;
  MetricDesc desc;
  double unit = 1;
};
constexpr Attribute kOfSet[] = {
    {"average_key_size",
     {"node_bcache_average_key_size_sectors", "Average data per key in the btree (sectors).",
      kGauge, "uuid"}},
    {"btree_cache_size",
     {"node_bcache_btree_cache_size_bytes", "Amount of memory currently used by the btree cache.",
      kGauge, "uuid"}},
    {"cache_available_percent",
     {"node_bcache_cache_available_percent",
      "Percentage of cache device without dirty data, usable for writeback (may contain clean "
      "cached data).",
      kGauge, "uuid"}},
    {"congested", {"node_bcache_congested", "Congestion.", kGauge, "uuid"}},
    {"root_usage_percent",
     {"node_bcache_root_usage_percent",
      "Percentage of the root btree node in use (tree depth increases if too high).", kGauge,
      "uuid"}},
    {"tree_depth", {"node_bcache_tree_depth", "Depth of the btree.", kGauge, "uuid"}},
    {"internal/active_journal_entries",
     {"node_bcache_active_journal_entries",
      "Number of journal entries that are newer than the index.", kGauge, "uuid"}},
    {"internal/btree_nodes",
     {"node_bcache_btree_nodes", "Total nodes in the btree.", kGauge, "uuid"}},
    {"internal/btree_read_average_duration_us",
     {"node_bcache_btree_read_average_duration_seconds", "Average btree read duration.", kGauge,
      "uuid"},
     1e-9},
    {"internal/cache_read_races",
     {"node_bcache_cache_read_races_total",
      "Counts instances where while data was being read from the cache, the bucket was reused and "
      "invalidated - i.e. where the pointer was stale after the read completed.",
      kCounter, "uuid"}},
};
constexpr Attribute kOfBackingDevice[] = {
    {"dirty_data",
     {"node_bcache_dirty_data_bytes", "Amount of dirty data for this backing device in the cache.",
      kGauge, "uuid,backing_device"}},
    {"stats_total/bypassed",
     {"node_bcache_bypassed_bytes_total",
      "Amount of IO (both reads and writes) that has bypassed the cache.", kCounter,
      "uuid,backing_device"}},
    {"stats_total/cache_hits",
     {"node_bcache_cache_hits_total", "Hits counted per individual IO as bcache sees them.",
      kCounter, "uuid,backing_device"}},
    {"stats_total/cache_misses",
     {"node_bcache_cache_misses_total", "Misses counted per individual IO as bcache sees them.",
      kCounter, "uuid,backing_device"}},
    {"stats_total/cache_bypass_hits",
     {"node_bcache_cache_bypass_hits_total", "Hits for IO intended to skip the cache.", kCounter,
      "uuid,backing_device"}},
    {"stats_total/cache_bypass_misses",
     {"node_bcache_cache_bypass_misses_total", "Misses for IO intended to skip the cache.",
      kCounter, "uuid,backing_device"}},
    {"stats_total/cache_miss_collisions",
     {"node_bcache_cache_miss_collisions_total",
      "Instances where data insertion from cache miss raced with write (data already present).",
      kCounter, "uuid,backing_device"}},
};
// Shown only where it is not 0: newer kernels do not count it.
constexpr Attribute kReadaheads{
    "stats_total/cache_readaheads",
    {"node_bcache_cache_readaheads_total", "Count of times readahead occurred.", kCounter,
     "uuid,backing_device"}};
// Lines of writeback_rate_debug.
constexpr Attribute kOfWriteback[] = {
    {"target",
     {"node_bcache_dirty_target_bytes",
      "Current dirty data target threshold for this backing device in bytes.", kGauge,
      "uuid,backing_device"}},
    {"rate",
     {"node_bcache_writeback_rate", "Current writeback rate for this backing device in bytes.",
      kGauge, "uuid,backing_device"}},
    {"proportional",
     {"node_bcache_writeback_rate_proportional_term",
      "Current result of proportional controller, part of writeback rate", kGauge,
      "uuid,backing_device"}},
    {"integral",
     {"node_bcache_writeback_rate_integral_term",
      "Current result of integral controller, part of writeback rate", kGauge,
      "uuid,backing_device"}},
    {"change",
     {"node_bcache_writeback_change", "Last writeback rate change step for this backing device.",
      kGauge, "uuid,backing_device"}},
};
constexpr Attribute kOfCacheDevice[] = {
    {"io_errors",
     {"node_bcache_io_errors", "Number of errors that have occurred, decayed by io_error_halflife.",
      kGauge, "uuid,cache_device"}},
    {"metadata_written",
     {"node_bcache_metadata_written_bytes_total",
      "Sum of all non data writes (btree writes and all other metadata).", kCounter,
      "uuid,cache_device"}},
    {"written",
     {"node_bcache_written_bytes_total", "Sum of all data that has been written to the cache.",
      kCounter, "uuid,cache_device"}},
};
// Lines of priority_stats, which the kernel makes by walking the whole cache.
constexpr Attribute kOfPriority[] = {
    {"Unused",
     {"node_bcache_priority_stats_unused_percent",
      "The percentage of the cache that doesn't contain any data.", kGauge, "uuid,cache_device"}},
    {"Metadata",
     {"node_bcache_priority_stats_metadata_percent", "Bcache's metadata overhead.", kGauge,
      "uuid,cache_device"}},
};

bool IsNumbered(std::string_view name, std::string_view prefix) {
  return name.size() > prefix.size() && name.starts_with(prefix) && name[prefix.size()] >= '0' &&
         name[prefix.size()] <= '9';
}

class Bcache final : public Collector {
 public:
  explicit Bcache(const CollectorInput& input)
      : sys_(input.roots.sys), with_priority_(input.flags.Switch("bcache.priorityStats")) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "fs/bcache/";
    const auto sets = sys_.List(base);
    if (!sets) {  // no bcache is fine
      if (IsNoValue(sets.error())) return {};
      return Fail(sets.error());
    }
    FirstError errors;
    for (const std::string& uuid : *sets) {
      if (uuid.find('-') != std::string::npos) CollectSet(uuid, base + uuid, errors, out);
    }
    return errors.status();
  }

 private:
  void CollectSet(const std::string& uuid, const std::string& folder, FirstError& errors,
                  MetricSink& out) {
    const auto names = sys_.List(folder);
    if (!errors.Ok(names)) return;
    EmitFiles(folder, kOfSet, {uuid}, errors, out);
    for (const std::string& name : *names) {
      const std::string device = folder + "/" + name;
      if (IsNumbered(name, "bdev")) {
        EmitFiles(device, kOfBackingDevice, {uuid, name}, errors, out);
        const auto readaheads = Size(device + "/" + std::string(kReadaheads.file), errors);
        if (readaheads && *readaheads != 0) out.Add(kReadaheads.desc, {uuid, name}, *readaheads);
        EmitLines(device + "/writeback_rate_debug", "/sec", kOfWriteback, {uuid, name}, errors,
                  out);
      } else if (IsNumbered(name, "cache")) {
        EmitFiles(device, kOfCacheDevice, {uuid, name}, errors, out);
        if (with_priority_)
          EmitLines(device + "/priority_stats", "%", kOfPriority, {uuid, name}, errors, out);
      }
    }
  }

  std::optional<double> Size(const std::string& path, FirstError& errors) {
    const auto text = sys_.Text(path);
    if (!errors.Ok(text)) return std::nullopt;
    const auto size = ParseBcacheSize(*text);
    if (!size) errors.Note(Error(ErrorCode::kInvalid, path + ": no size"));
    return size;
  }

  void EmitFiles(const std::string& folder, std::span<const Attribute> attributes,
                 std::initializer_list<std::string_view> labels, FirstError& errors,
                 MetricSink& out) {
    for (const Attribute& attribute : attributes) {
      const auto size = Size(folder + "/" + std::string(attribute.file), errors);
      if (size) out.Add(attribute.desc, labels, *size * attribute.unit);
    }
  }

  // "rate:   1.1M/sec", the end of which is taken off.
  void EmitLines(const std::string& path, std::string_view end, std::span<const Attribute> lines,
                 std::initializer_list<std::string_view> labels, FirstError& errors,
                 MetricSink& out) {
    const auto text = sys_.Text(path);
    if (!errors.Ok(text)) return;
    std::string_view rest = *text;
    while (!rest.empty()) {
      const std::string_view line = NextLine(rest);
      const std::size_t colon = line.find(':');
      if (colon == std::string_view::npos) continue;
      for (const Attribute& one : lines) {
        if (one.file != line.substr(0, colon)) continue;
        std::string_view value = Trim(line.substr(colon + 1));
        if (value.ends_with(end)) value.remove_suffix(end.size());
        const auto size = ParseBcacheSize(value);
        if (size) {
          out.Add(one.desc, labels, *size);
        } else {
          errors.Note(Error(ErrorCode::kInvalid, path + ": no size: " + std::string(line)));
        }
      }
    }
  }

  SysFs sys_;
  const bool with_priority_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Bcache>(input);
}

}  // namespace

CollectorSpec BcacheSpec() {
  return {"bcache",
          true,
          "bcache sets, their backing and caching devices.",
          "/sys/fs/bcache",
          {{"bcache.priorityStats", CollectorFlag::Kind::kSwitch, "false",
            "Expose expensive priority stats."}},
          Make,
          {"node_bcache_*"}};
}

}  // namespace drover::exporters::node
