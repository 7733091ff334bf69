#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/system/small_tables.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kFunctions{"node_softirqs_functions_total", "Softirq counts per CPU.",
                                MetricType::kCounter, "cpu,type"};

class SoftIrqs final : public Collector {
 public:
  explicit SoftIrqs(const CollectorInput& input) : file_(*input.roots.proc, "softirqs") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseSoftIrqs(text_, softirqs_));
    for (const SoftIrq& one : softirqs_) {
      for (std::size_t cpu = 0; cpu < one.counts.size(); ++cpu)
        out.Add(kFunctions, {std::to_string(cpu), one.type}, one.counts[cpu]);
    }
    return {};
  }

 private:
  HotFile file_;
  std::string text_;
  std::vector<SoftIrq> softirqs_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<SoftIrqs>(input);
}

}  // namespace

CollectorSpec SoftIrqsSpec() {
  return {"softirqs",         false, "Soft interrupts by type and CPU.", "/proc/softirqs", {}, Make,
          NamesOf(kFunctions)};
}

}  // namespace drover::exporters::node
