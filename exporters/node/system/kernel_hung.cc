#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kTasks{
    "node_kernel_hung_tasks_total",
    "Total number of tasks that have been detected as hung since the system booted.",
    MetricType::kCounter};

class KernelHung final : public Collector {
 public:
  explicit KernelHung(const CollectorInput& input) : proc_(input.roots.proc) {}

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const std::uint64_t count, proc_.Uint("sys/kernel/hung_task_detect_count"));
    out.Add(kTasks, static_cast<double>(count));
    return {};
  }

 private:
  SysFs proc_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<KernelHung>(input);
}

}  // namespace

CollectorSpec KernelHungSpec() {
  return {"kernel_hung",
          true,
          "Tasks that the kernel found hanging.",
          "/proc/sys/kernel/hung_task_detect_count",
          {},
          Make,
          NamesOf(kTasks)};
}

}  // namespace drover::exporters::node
