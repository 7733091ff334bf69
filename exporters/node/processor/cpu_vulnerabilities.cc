#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"
#include "exporters/node/system/small_tables.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kInfo{
    "node_cpu_vulnerabilities_info",
    "Details of each CPU vulnerability reported by sysfs. The value of the series is an int "
    "encoded state of the vulnerability. The same state is stored as a string in the label",
    MetricType::kGauge, "codename,state,mitigation"};
constexpr std::string_view kFolder = "devices/system/cpu/vulnerabilities";

class CpuVulnerabilities final : public Collector {
 public:
  explicit CpuVulnerabilities(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const auto names = sys_.List(kFolder);
    if (!names) {
      if (IsNoValue(names.error())) return {};
      return Fail(names.error());
    }
    for (const std::string& name : *names) {
      DROVER_TRY(const auto text, sys_.Text(std::string(kFolder) + "/" + name));
      const Vulnerability one = ParseVulnerability(text);
      out.Add(kInfo, {name, one.state, one.mitigation}, 1);
    }
    return {};
  }

 private:
  SysFs sys_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<CpuVulnerabilities>(input);
}

}  // namespace

CollectorSpec CpuVulnerabilitiesSpec() {
  return {"cpu_vulnerabilities",
          false,
          "Weaknesses of the CPUs and what is done about them.",
          "/sys/devices/system/cpu/vulnerabilities/*",
          {},
          Make,
          NamesOf(kInfo)};
}

}  // namespace drover::exporters::node
