#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kAvailable{"node_entropy_available_bits", "Bits of available entropy."};
constexpr MetricDesc kPoolSize{"node_entropy_pool_size_bits", "Bits of entropy pool."};

class Entropy final : public Collector {
 public:
  explicit Entropy(const CollectorInput& input) : proc_(input.roots.proc) {}

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const std::uint64_t available, proc_.Uint("sys/kernel/random/entropy_avail"));
    out.Add(kAvailable, static_cast<double>(available));
    DROVER_TRY(const std::uint64_t pool_size, proc_.Uint("sys/kernel/random/poolsize"));
    out.Add(kPoolSize, static_cast<double>(pool_size));
    return {};
  }

 private:
  SysFs proc_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Entropy>(input);
}

}  // namespace

CollectorSpec EntropySpec() {
  return {"entropy",
          true,
          "The kernel's random numbers.",
          "/proc/sys/kernel/random/{entropy_avail,poolsize}",
          {},
          Make,
          NamesOf(kAvailable, kPoolSize)};
}

}  // namespace drover::exporters::node
