#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/network/proc_net.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
struct Column {
  MetricDesc desc;
  std::uint32_t SoftnetStat::*field;
};
constexpr Column kColumns[] = {
    {{"node_softnet_processed_total", "Number of processed packets", kCounter, "cpu"},
     &SoftnetStat::processed},
    {{"node_softnet_dropped_total", "Number of dropped packets", kCounter, "cpu"},
     &SoftnetStat::dropped},
    {{"node_softnet_times_squeezed_total", "Number of times processing packets ran out of quota",
      kCounter, "cpu"},
     &SoftnetStat::time_squeezed},
    {{"node_softnet_cpu_collision_total",
      "Number of collision occur while obtaining device lock while transmitting", kCounter, "cpu"},
     &SoftnetStat::cpu_collision},
    {{"node_softnet_received_rps_total", "Number of times cpu woken up received_rps", kCounter,
      "cpu"},
     &SoftnetStat::received_rps},
    {{"node_softnet_flow_limit_count_total", "Number of times flow limit has been reached",
      kCounter, "cpu"},
     &SoftnetStat::flow_limit},
    {{"node_softnet_backlog_len", "Softnet backlog status", MetricType::kGauge, "cpu"},
     &SoftnetStat::backlog},
};

class Softnet final : public Collector {
 public:
  explicit Softnet(const CollectorInput& input) : file_(*input.roots.proc, "net/softnet_stat") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_CHECK(ParseSoftnetStat(text_, cpus_));
    for (const SoftnetStat& stat : cpus_) {
      const std::string cpu = std::to_string(stat.cpu);
      for (const Column& column : kColumns)
        out.Add(column.desc, {cpu}, static_cast<double>(stat.*column.field));
    }
    return {};
  }

 private:
  HotFile file_;
  std::string text_;
  std::vector<SoftnetStat> cpus_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Softnet>(input);
}

std::vector<std::string_view> Names() {
  std::vector<std::string_view> names;
  for (const Column& column : kColumns) names.push_back(column.desc.name);
  return names;
}

}  // namespace

CollectorSpec SoftnetSpec() {
  return {"softnet",
          true,
          "Packets as the CPUs take them from the network cards.",
          "/proc/net/softnet_stat",
          {},
          Make,
          Names()};
}

}  // namespace drover::exporters::node
