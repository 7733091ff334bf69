#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
struct Attribute {
  std::string_view file;
  MetricDesc desc;
  double scale = 1;
};
constexpr Attribute kAttributes[] = {
    {"full_scans", {"node_ksmd_full_scans_total", "ksmd 'full_scans' file.", MetricType::kCounter}},
    {"merge_across_nodes",
     {"node_ksmd_merge_across_nodes", "ksmd 'merge_across_nodes' file.", kGauge}},
    {"pages_shared", {"node_ksmd_pages_shared", "ksmd 'pages_shared' file.", kGauge}},
    {"pages_sharing", {"node_ksmd_pages_sharing", "ksmd 'pages_sharing' file.", kGauge}},
    {"pages_to_scan", {"node_ksmd_pages_to_scan", "ksmd 'pages_to_scan' file.", kGauge}},
    {"pages_unshared", {"node_ksmd_pages_unshared", "ksmd 'pages_unshared' file.", kGauge}},
    {"pages_volatile", {"node_ksmd_pages_volatile", "ksmd 'pages_volatile' file.", kGauge}},
    {"run", {"node_ksmd_run", "ksmd 'run' file.", kGauge}},
    {"sleep_millisecs", {"node_ksmd_sleep_seconds", "ksmd 'sleep_millisecs' file.", kGauge}, 1e3},
};

class Ksmd final : public Collector {
 public:
  explicit Ksmd(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    for (const Attribute& one : kAttributes) {
      DROVER_TRY(const auto value, sys_.Uint("kernel/mm/ksm/" + std::string(one.file)));
      out.Add(one.desc, static_cast<double>(value) / one.scale);
    }
    return {};
  }

 private:
  SysFs sys_;
};

std::vector<std::string_view> Names() {
  std::vector<std::string_view> names;
  for (const Attribute& one : kAttributes) names.push_back(one.desc.name);
  return names;
}

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Ksmd>(input);
}

}  // namespace

CollectorSpec KsmdSpec() {
  return {"ksmd", false, "Merging of equal memory pages.", "/sys/kernel/mm/ksm", {}, Make, Names()};
}

}  // namespace drover::exporters::node
