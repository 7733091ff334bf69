#include "exporters/node/system/pressure.h"

#include <array>
#include <utility>

#include "core/base/numbers.h"
#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"

namespace drover::exporters::node {

Result<PressureStats> ParsePressure(std::string_view text) {
  PressureStats stats;
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line;
    const std::string_view kind = NextField(rest);
    if (kind != "some" && kind != "full") continue;
    std::optional<double>& total = kind == "some" ? stats.some_us : stats.full_us;
    for (auto field = NextField(rest); !field.empty(); field = NextField(rest)) {
      if (field.starts_with("total=")) total = ParseFloat(field.substr(6));
    }
    if (!total) return Fail(ErrorCode::kInvalid, "pressure: no total in " + std::string(line));
  }
  return stats;
}

namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr MetricDesc kCpuWaiting{"node_pressure_cpu_waiting_seconds_total",
                                 "Total time in seconds that processes have waited for CPU time",
                                 kCounter};
constexpr MetricDesc kIoWaiting{
    "node_pressure_io_waiting_seconds_total",
    "Total time in seconds that processes have waited due to IO congestion", kCounter};
constexpr MetricDesc kIoStalled{
    "node_pressure_io_stalled_seconds_total",
    "Total time in seconds no process could make progress due to IO congestion", kCounter};
constexpr MetricDesc kMemoryWaiting{"node_pressure_memory_waiting_seconds_total",
                                    "Total time in seconds that processes have waited for memory",
                                    kCounter};
constexpr MetricDesc kMemoryStalled{
    "node_pressure_memory_stalled_seconds_total",
    "Total time in seconds no process could make progress due to memory congestion", kCounter};
constexpr MetricDesc kIrqStalled{
    "node_pressure_irq_stalled_seconds_total",
    "Total time in seconds no process could make progress due to IRQ congestion", kCounter};

class Pressure final : public Collector {
 public:
  explicit Pressure(const CollectorInput& input)
      : resources_{
            {{HotFile(*input.roots.proc, "pressure/cpu"), &kCpuWaiting, nullptr},
             {HotFile(*input.roots.proc, "pressure/io"), &kIoWaiting, &kIoStalled},
             {HotFile(*input.roots.proc, "pressure/memory"), &kMemoryWaiting, &kMemoryStalled},
             {HotFile(*input.roots.proc, "pressure/irq"), nullptr, &kIrqStalled}}} {}

  Status Collect(MetricSink& out) override {
    for (Resource& resource : resources_) {
      if (const Status read = resource.file.Read(text_); !read) {
        const bool is_irq = resource.some == nullptr;  // since Linux 6.1, and only if configured
        if (is_irq) continue;
        // EOPNOTSUPP: compiled in, but switched off at boot.
        return Fail(ErrorCode::kNotFound, read.error().message());
      }
      DROVER_TRY(const PressureStats stats, ParsePressure(text_));
      // Two divisions, as upstream has it: the last digit depends on it.
      if (resource.some && stats.some_us) out.Add(*resource.some, *stats.some_us / 1000 / 1000);
      if (resource.full && stats.full_us) out.Add(*resource.full, *stats.full_us / 1000 / 1000);
    }
    return {};
  }

 private:
  struct Resource {
    HotFile file;
    const MetricDesc* some;
    const MetricDesc* full;
  };
  std::array<Resource, 4> resources_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Pressure>(input);
}

}  // namespace

CollectorSpec PressureSpec() {
  return {
      "pressure",
      true,
      "Pressure stall information from /proc/pressure.",
      "/proc/pressure",
      {},
      Make,
      NamesOf(kCpuWaiting, kIoWaiting, kIoStalled, kMemoryWaiting, kMemoryStalled, kIrqStalled)};
}

}  // namespace drover::exporters::node
