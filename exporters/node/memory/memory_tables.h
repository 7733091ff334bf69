// Tables of /proc about memory (man 5 proc; kernel: mm/vmstat.c, mm/slab_common.c, mm/swapfile.c)
// and the memory of NUMA nodes in sysfs. Views point into the texts. kInvalid for a line that
// breaks its table's form: a part of a table would be shown as the whole.
#pragma once

#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

// buddyinfo: "Node 0, zone DMA 1 0 2": free blocks of 1, 2, 4 … pages.
struct BuddyZone {
  std::string_view node, zone;
  std::vector<double> blocks;
};
Status ParseBuddyInfo(std::string_view text, std::vector<BuddyZone>& out);

// zoneinfo: `sink` gets node, zone, key and value of each line that has one ("nr_free_pages",
// "high"; "free" of "pages free 2949"), and "protection_0", "protection_1" … of the array.
using ZoneSink = std::function<void(std::string_view node, std::string_view zone,
                                    std::string_view key, double value)>;
Status ParseZoneInfo(std::string_view text, const ZoneSink& sink);

// slabinfo, version 2.
struct Slab {
  std::string_view name;
  double active_objects = 0, objects = 0, object_size_bytes = 0, objects_per_slab = 0,
         pages_per_slab = 0;
};
Status ParseSlabInfo(std::string_view text, std::vector<Slab>& out);

// swaps.
struct SwapDevice {
  std::string_view device, type;
  double size_bytes = 0, used_bytes = 0, priority = 0;
};
Status ParseSwaps(std::string_view text, std::vector<SwapDevice>& out);

// nodeN/meminfo ("Node 0 Active(anon): 691324 kB") and nodeN/numastat ("numa_hit 193460335812").
struct NodeMemField {
  std::string_view key;  // "Active(anon)", "numa_hit"
  double value = 0;      // bytes where the kernel prints kB
};
Status ParseNodeMemInfo(std::string_view text, std::vector<NodeMemField>& out);
Status ParseNumaStat(std::string_view text, std::vector<NodeMemField>& out);

}  // namespace drover::exporters::node
