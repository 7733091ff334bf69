#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/memory/memory_tables.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kPriority{"node_swap_priority", "Swap device priority.", kGauge,
                               "device,swap_type"};
constexpr MetricDesc kSize{"node_swap_size_bytes", "Swap device size in bytes.", kGauge,
                           "device,swap_type"};
constexpr MetricDesc kUsed{"node_swap_used_bytes", "Swap device used in bytes.", kGauge,
                           "device,swap_type"};

class Swap final : public Collector {
 public:
  explicit Swap(const CollectorInput& input) : file_(*input.roots.proc, "swaps") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseSwaps(text_, devices_));
    for (const SwapDevice& swap : devices_) {
      out.Add(kPriority, {swap.device, swap.type}, swap.priority);
      out.Add(kSize, {swap.device, swap.type}, swap.size_bytes);
      out.Add(kUsed, {swap.device, swap.type}, swap.used_bytes);
    }
    return {};
  }

 private:
  HotFile file_;
  std::string text_;
  std::vector<SwapDevice> devices_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Swap>(input);
}

}  // namespace

CollectorSpec SwapSpec() {
  return {
      "swap", false, "Swap by device.", "/proc/swaps", {}, Make, NamesOf(kPriority, kSize, kUsed)};
}

}  // namespace drover::exporters::node
