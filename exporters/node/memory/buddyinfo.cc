#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/memory/memory_tables.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kBlocks{"node_buddyinfo_blocks", "Count of free blocks according to size.",
                             MetricType::kGauge, "node,zone,size"};

class BuddyInfo final : public Collector {
 public:
  explicit BuddyInfo(const CollectorInput& input) : file_(*input.roots.proc, "buddyinfo") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseBuddyInfo(text_, zones_));
    for (const BuddyZone& zone : zones_) {
      for (std::size_t size = 0; size < zone.blocks.size(); ++size)
        out.Add(kBlocks, {zone.node, zone.zone, std::to_string(size)}, zone.blocks[size]);
    }
    return {};
  }

 private:
  HotFile file_;
  std::string text_;
  std::vector<BuddyZone> zones_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<BuddyInfo>(input);
}

}  // namespace

CollectorSpec BuddyInfoSpec() {
  return {"buddyinfo",       false, "Fragmentation of memory: free blocks by size.",
          "/proc/buddyinfo", {},    Make,
          NamesOf(kBlocks)};
}

}  // namespace drover::exporters::node
