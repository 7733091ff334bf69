#include <algorithm>

#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/memory/memory_tables.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr auto kCounter = MetricType::kCounter;
struct Field {
  std::string_view key;
  MetricDesc desc;
};
constexpr Field kFields[] = {
    {"high", {"node_zoneinfo_high_pages", "Zone watermark pages_high", kGauge, "node,zone"}},
    {"low", {"node_zoneinfo_low_pages", "Zone watermark pages_low", kGauge, "node,zone"}},
    {"managed",
     {"node_zoneinfo_managed_pages", "Present pages managed by the buddy system", kGauge,
      "node,zone"}},
    {"min", {"node_zoneinfo_min_pages", "Zone watermark pages_min", kGauge, "node,zone"}},
    {"present",
     {"node_zoneinfo_present_pages", "Physical pages existing within the zone", kGauge,
      "node,zone"}},
    {"spanned",
     {"node_zoneinfo_spanned_pages", "Total pages spanned by the zone, including holes", kGauge,
      "node,zone"}},
    {"nr_active_anon",
     {"node_zoneinfo_nr_active_anon_pages", "Number of anonymous pages recently more used", kGauge,
      "node,zone"}},
    {"nr_active_file",
     {"node_zoneinfo_nr_active_file_pages", "Number of active pages with file-backing", kGauge,
      "node,zone"}},
    {"nr_anon_pages",
     {"node_zoneinfo_nr_anon_pages", "Number of anonymous pages currently used by the system",
      kGauge, "node,zone"}},
    {"nr_anon_transparent_hugepages",
     {"node_zoneinfo_nr_anon_transparent_hugepages",
      "Number of anonymous transparent huge pages currently used by the system", kGauge,
      "node,zone"}},
    {"nr_dirtied",
     {"node_zoneinfo_nr_dirtied_total", "Page dirtyings since bootup", kCounter, "node,zone"}},
    {"nr_dirty", {"node_zoneinfo_nr_dirty_pages", "Number of dirty pages", kGauge, "node,zone"}},
    {"nr_file_pages", {"node_zoneinfo_nr_file_pages", "Number of file pages", kGauge, "node,zone"}},
    {"nr_free_pages",
     {"node_zoneinfo_nr_free_pages", "Total number of free pages in the zone", kGauge,
      "node,zone"}},
    {"nr_inactive_anon",
     {"node_zoneinfo_nr_inactive_anon_pages", "Number of anonymous pages recently less used",
      kGauge, "node,zone"}},
    {"nr_inactive_file",
     {"node_zoneinfo_nr_inactive_file_pages", "Number of inactive pages with file-backing", kGauge,
      "node,zone"}},
    {"nr_isolated_anon",
     {"node_zoneinfo_nr_isolated_anon_pages", "Temporary isolated pages from anon lru", kGauge,
      "node,zone"}},
    {"nr_isolated_file",
     {"node_zoneinfo_nr_isolated_file_pages", "Temporary isolated pages from file lru", kGauge,
      "node,zone"}},
    {"nr_kernel_stack",
     {"node_zoneinfo_nr_kernel_stacks", "Number of kernel stacks", kGauge, "node,zone"}},
    {"nr_mapped", {"node_zoneinfo_nr_mapped_pages", "Number of mapped pages", kGauge, "node,zone"}},
    {"nr_shmem",
     {"node_zoneinfo_nr_shmem_pages", "Number of shmem pages (included tmpfs/GEM pages)", kGauge,
      "node,zone"}},
    {"nr_slab_reclaimable",
     {"node_zoneinfo_nr_slab_reclaimable_pages", "Number of reclaimable slab pages", kGauge,
      "node,zone"}},
    {"nr_slab_unreclaimable",
     {"node_zoneinfo_nr_slab_unreclaimable_pages", "Number of unreclaimable slab pages", kGauge,
      "node,zone"}},
    {"nr_unevictable",
     {"node_zoneinfo_nr_unevictable_pages", "Number of unevictable pages", kGauge, "node,zone"}},
    {"nr_writeback",
     {"node_zoneinfo_nr_writeback_pages", "Number of writeback pages", kGauge, "node,zone"}},
    {"nr_written",
     {"node_zoneinfo_nr_written_total", "Page writings since bootup", kCounter, "node,zone"}},
    {"numa_foreign",
     {"node_zoneinfo_numa_foreign_total", "Was intended here, hit elsewhere", kCounter,
      "node,zone"}},
    {"numa_hit",
     {"node_zoneinfo_numa_hit_total", "Allocated in intended node", kCounter, "node,zone"}},
    {"numa_interleave",
     {"node_zoneinfo_numa_interleave_total", "Interleaver preferred this zone", kCounter,
      "node,zone"}},
    {"numa_local",
     {"node_zoneinfo_numa_local_total", "Allocation from local node", kCounter, "node,zone"}},
    {"numa_miss",
     {"node_zoneinfo_numa_miss_total", "Allocated in non intended node", kCounter, "node,zone"}},
    {"numa_other",
     {"node_zoneinfo_numa_other_total", "Allocation from other node", kCounter, "node,zone"}},
    {"scanned",
     {"node_zoneinfo_scanned_pages", "Pages scanned since last reclaim", kGauge, "node,zone"}},
};

class ZoneInfo final : public Collector {
 public:
  explicit ZoneInfo(const CollectorInput& input) : file_(*input.roots.proc, "zoneinfo") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    return ParseZoneInfo(text_, [&](std::string_view node, std::string_view zone,
                                    std::string_view key, double value) {
      const auto field = std::find_if(std::begin(kFields), std::end(kFields),
                                      [&](const Field& one) { return one.key == key; });
      if (field != std::end(kFields)) {
        out.Add(field->desc, {node, zone}, value);
      } else if (key.starts_with(kProtection)) {
        out.Add(protection_.Get(key.substr(kProtection.size())), {node, zone}, value);
      }
    });
  }

 private:
  static constexpr std::string_view kProtection = "protection_";
  HotFile file_;
  std::string text_;
  DescTable protection_{
      "node_zoneinfo_protection_", "", "Protection array ", ". field", kGauge, "node,zone"};
};

std::vector<std::string_view> Names() {
  std::vector<std::string_view> names = {"node_zoneinfo_protection_*"};
  for (const Field& field : kFields) names.push_back(field.desc.name);
  return names;
}

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<ZoneInfo>(input);
}

}  // namespace

CollectorSpec ZoneInfoSpec() {
  return {"zoneinfo", false, "Pages of the memory zones.", "/proc/zoneinfo", {}, Make, Names()};
}

}  // namespace drover::exporters::node
