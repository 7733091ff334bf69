#include "exporters/node/collectors.h"
#include "exporters/node/memory/memory_tables.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kFolder = "devices/system/node";
constexpr std::string_view kPrefix = "node";

bool IsNode(std::string_view name) {
  name.remove_prefix(kPrefix.size());
  return !name.empty() && name.find_first_not_of("0123456789") == std::string_view::npos;
}

// "Active(anon)" → "Active_anon".
std::string MetricKey(std::string_view key) {
  std::string out;
  for (const char c : key) {
    if (c == '(') out += '_';
    if (c != '(' && c != ')') out += c;
  }
  return out;
}

class MemInfoNuma final : public Collector {
 public:
  explicit MemInfoNuma(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const auto names = sys_.List(kFolder, kPrefix);
    if (!names) {  // no NUMA is fine
      if (IsNoValue(names.error())) return {};
      return Fail(names.error());
    }
    for (const std::string& name : *names) {
      if (!IsNode(name)) continue;
      const std::string folder = std::string(kFolder) + "/" + name;
      const std::string_view node = std::string_view(name).substr(kPrefix.size());
      DROVER_TRY(const auto memory, sys_.Text(folder + "/meminfo"));
      DROVER_CHECK(ParseNodeMemInfo(memory, fields_));
      for (const NodeMemField& field : fields_)
        out.Add(memory_.Get(MetricKey(field.key)), {node}, field.value);
      DROVER_TRY(const auto stat, sys_.Text(folder + "/numastat"));
      DROVER_CHECK(ParseNumaStat(stat, fields_));
      for (const NodeMemField& field : fields_)
        out.Add(events_.Get(std::string(field.key) + "_total"), {node}, field.value);
    }
    return {};
  }

 private:
  SysFs sys_;
  std::vector<NodeMemField> fields_;
  DescTable memory_{"node_memory_numa_", "",    "Memory information field ", ".",
                    MetricType::kGauge,  "node"};
  DescTable events_{"node_memory_numa_",  "",    "Memory information field ", ".",
                    MetricType::kCounter, "node"};
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<MemInfoNuma>(input);
}

}  // namespace

CollectorSpec MemInfoNumaSpec() {
  return {"meminfo_numa",
          false,
          "Memory by NUMA node.",
          "/sys/devices/system/node/node*/{meminfo,numastat}",
          {},
          Make,
          {"node_memory_numa_*"}};
}

}  // namespace drover::exporters::node
