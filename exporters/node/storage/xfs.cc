#include <span>

#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/storage/xfs_stats.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr MetricDesc kExtentAlloc[] = {
    {"node_xfs_extent_allocation_extents_allocated_total",
     "Number of extents allocated for a filesystem.", kCounter, "device"},
    {"node_xfs_extent_allocation_blocks_allocated_total",
     "Number of blocks allocated for a filesystem.", kCounter, "device"},
    {"node_xfs_extent_allocation_extents_freed_total", "Number of extents freed for a filesystem.",
     kCounter, "device"},
    {"node_xfs_extent_allocation_blocks_freed_total", "Number of blocks freed for a filesystem.",
     kCounter, "device"},
};
constexpr MetricDesc kAbt[] = {
    {"node_xfs_allocation_btree_lookups_total",
     "Number of allocation B-tree lookups for a filesystem.", kCounter, "device"},
    {"node_xfs_allocation_btree_compares_total",
     "Number of allocation B-tree compares for a filesystem.", kCounter, "device"},
    {"node_xfs_allocation_btree_records_inserted_total",
     "Number of allocation B-tree records inserted for a filesystem.", kCounter, "device"},
    {"node_xfs_allocation_btree_records_deleted_total",
     "Number of allocation B-tree records deleted for a filesystem.", kCounter, "device"},
};
constexpr MetricDesc kBlkMap[] = {
    {"node_xfs_block_mapping_reads_total",
     "Number of block map for read operations for a filesystem.", kCounter, "device"},
    {"node_xfs_block_mapping_writes_total",
     "Number of block map for write operations for a filesystem.", kCounter, "device"},
    {"node_xfs_block_mapping_unmaps_total", "Number of block unmaps (deletes) for a filesystem.",
     kCounter, "device"},
    {"node_xfs_block_mapping_extent_list_insertions_total",
     "Number of extent list insertions for a filesystem.", kCounter, "device"},
    {"node_xfs_block_mapping_extent_list_deletions_total",
     "Number of extent list deletions for a filesystem.", kCounter, "device"},
    {"node_xfs_block_mapping_extent_list_lookups_total",
     "Number of extent list lookups for a filesystem.", kCounter, "device"},
    {"node_xfs_block_mapping_extent_list_compares_total",
     "Number of extent list compares for a filesystem.", kCounter, "device"},
};
constexpr MetricDesc kBmbt[] = {
    {"node_xfs_block_map_btree_lookups_total",
     "Number of block map B-tree lookups for a filesystem.", kCounter, "device"},
    {"node_xfs_block_map_btree_compares_total",
     "Number of block map B-tree compares for a filesystem.", kCounter, "device"},
    {"node_xfs_block_map_btree_records_inserted_total",
     "Number of block map B-tree records inserted for a filesystem.", kCounter, "device"},
    {"node_xfs_block_map_btree_records_deleted_total",
     "Number of block map B-tree records deleted for a filesystem.", kCounter, "device"},
};
constexpr MetricDesc kDir[] = {
    {"node_xfs_directory_operation_lookup_total",
     "Number of file name directory lookups which miss the operating systems directory name lookup "
     "cache.",
     kCounter, "device"},
    {"node_xfs_directory_operation_create_total",
     "Number of times a new directory entry was created for a filesystem.", kCounter, "device"},
    {"node_xfs_directory_operation_remove_total",
     "Number of times an existing directory entry was created for a filesystem.", kCounter,
     "device"},
    {"node_xfs_directory_operation_getdents_total",
     "Number of times the directory getdents operation was performed for a filesystem.", kCounter,
     "device"},
};
constexpr MetricDesc kIg[] = {
    {"node_xfs_inode_operation_attempts_total",
     "Number of times the OS looked for an XFS inode in the inode cache.", kCounter, "device"},
    {"node_xfs_inode_operation_found_total",
     "Number of times the OS looked for and found an XFS inode in the inode cache.", kCounter,
     "device"},
    {"node_xfs_inode_operation_recycled_total",
     "Number of times the OS found an XFS inode in the cache, but could not use it as it was being "
     "recycled.",
     kCounter, "device"},
    {"node_xfs_inode_operation_missed_total",
     "Number of times the OS looked for an XFS inode in the cache, but did not find it.", kCounter,
     "device"},
    {"node_xfs_inode_operation_duplicates_total",
     "Number of times the OS tried to add a missing XFS inode to the inode cache, but found it had "
     "already been added by another process.",
     kCounter, "device"},
    {"node_xfs_inode_operation_reclaims_total",
     "Number of times the OS reclaimed an XFS inode from the inode cache to free memory for "
     "another purpose.",
     kCounter, "device"},
    {"node_xfs_inode_operation_attribute_changes_total",
     "Number of times the OS explicitly changed the attributes of an XFS inode.", kCounter,
     "device"},
};
constexpr MetricDesc kRw[] = {
    {"node_xfs_write_calls_total", "Number of write(2) system calls made to files in a filesystem.",
     kCounter, "device"},
    {"node_xfs_read_calls_total", "Number of read(2) system calls made to files in a filesystem.",
     kCounter, "device"},
};
constexpr MetricDesc kVnodes[] = {
    {"node_xfs_vnode_active_total", "Number of vnodes not on free lists for a filesystem.",
     kCounter, "device"},
    {"node_xfs_vnode_allocate_total", "Number of times vn_alloc called for a filesystem.", kCounter,
     "device"},
    {"node_xfs_vnode_get_total", "Number of times vn_get called for a filesystem.", kCounter,
     "device"},
    {"node_xfs_vnode_hold_total", "Number of times vn_hold called for a filesystem.", kCounter,
     "device"},
    {"node_xfs_vnode_release_total", "Number of times vn_rele called for a filesystem.", kCounter,
     "device"},
    {"node_xfs_vnode_reclaim_total", "Number of times vn_reclaim called for a filesystem.",
     kCounter, "device"},
    {"node_xfs_vnode_remove_total", "Number of times vn_remove called for a filesystem.", kCounter,
     "device"},
};

// A line's counters, in order.
struct Line {
  std::string_view name;
  std::span<const MetricDesc> counters;
};
constexpr Line kLines[] = {
    {"extent_alloc", kExtentAlloc},
    {"abt", kAbt},
    {"blk_map", kBlkMap},
    {"bmbt", kBmbt},
    {"dir", kDir},
    {"ig", kIg},
    {"rw", kRw},
    {"vnodes", kVnodes},
};

class Xfs final : public Collector {
 public:
  explicit Xfs(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "fs/xfs";
    const auto devices = sys_.List(base);
    if (!devices) {  // no XFS is fine
      if (IsNoValue(devices.error())) return {};
      return Fail(devices.error());
    }
    FirstError errors;
    for (const std::string& device : *devices) {
      const auto read = sys_.files().ReadFile(base + "/" + device + "/stats/stats", text_);
      if (!read) {
        errors.Note(read.error());
        continue;
      }
      const auto lines = ParseXfsStats(text_);
      if (!errors.Ok(lines)) continue;
      for (const Line& line : kLines) {
        const auto found = lines->find(line.name);
        if (found == lines->end() || found->second.size() < line.counters.size()) {
          errors.Note(Error(ErrorCode::kInvalid,
                            "xfs stats: no line, or a short one: " + std::string(line.name)));
          continue;
        }
        for (std::size_t i = 0; i < line.counters.size(); ++i)
          out.Add(line.counters[i], {device}, static_cast<double>(found->second[i]));
      }
    }
    return errors.status();
  }

 private:
  SysFs sys_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Xfs>(input);
}

std::vector<std::string_view> Names() {
  std::vector<std::string_view> names;
  for (const Line& line : kLines) AppendNames(names, line.counters);
  return names;
}

}  // namespace

CollectorSpec XfsSpec() {
  return {"xfs", true, "XFS file systems.", "/sys/fs/xfs/*/stats/stats", {}, Make, Names()};
}

}  // namespace drover::exporters::node
