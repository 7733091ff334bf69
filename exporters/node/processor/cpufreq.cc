#include <optional>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/processor/cpu_info.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr double kHertzPerKilohertz = 1000;

struct Frequency {
  std::string_view file;
  MetricDesc desc;
};
constexpr Frequency kFrequencies[] = {
    {"cpuinfo_cur_freq",
     {"node_cpu_frequency_hertz", "Current CPU thread frequency in hertz.", kGauge, "cpu"}},
    {"cpuinfo_avg_freq",
     {"node_cpu_frequency_avg_hertz", "Average CPU thread frequency in hertz.", kGauge, "cpu"}},
    {"cpuinfo_min_freq",
     {"node_cpu_frequency_min_hertz", "Minimum CPU thread frequency in hertz.", kGauge, "cpu"}},
    {"cpuinfo_max_freq",
     {"node_cpu_frequency_max_hertz", "Maximum CPU thread frequency in hertz.", kGauge, "cpu"}},
    {"scaling_cur_freq",
     {"node_cpu_scaling_frequency_hertz", "Current scaled CPU thread frequency in hertz.", kGauge,
      "cpu"}},
    {"scaling_min_freq",
     {"node_cpu_scaling_frequency_min_hertz", "Minimum scaled CPU thread frequency in hertz.",
      kGauge, "cpu"}},
    {"scaling_max_freq",
     {"node_cpu_scaling_frequency_max_hertz", "Maximum scaled CPU thread frequency in hertz.",
      kGauge, "cpu"}},
};
constexpr MetricDesc kGovernor{"node_cpu_scaling_governor",
                               "Current enabled CPU frequency governor.", kGauge, "cpu,governor"};

class CpuFreq final : public Collector {
 public:
  explicit CpuFreq(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "devices/system/cpu/";
    DROVER_TRY(const auto offline_text, sys_.Text(base + "offline"));
    offline_ = ParseCpuRange(offline_text);
    DROVER_TRY(const auto names, sys_.List(base, "cpu"));
    FirstError errors;
    for (const std::string& name : names) {
      const std::string_view cpu = std::string_view(name).substr(3);
      const auto number = ParseUint(cpu);
      if (!number || IsOffline(*number)) continue;
      folder_ = base + name + "/cpufreq";
      if (sys_.Exists(folder_)) CollectCpu(cpu, errors, out);
    }
    return errors.status();
  }

 private:
  bool IsOffline(std::uint64_t number) const {
    for (const unsigned cpu : offline_) {
      if (cpu == number) return true;
    }
    return false;
  }

  const std::string& Path(std::string_view file) {
    path_ = folder_;
    (path_ += '/') += file;
    return path_;
  }

  void CollectCpu(std::string_view cpu, FirstError& errors, MetricSink& out) {
    for (const Frequency& frequency : kFrequencies) {
      const auto khz = sys_.Uint(Path(frequency.file));
      if (!khz && khz.error().code() == ErrorCode::kDenied) continue;
      if (errors.Ok(khz))
        out.Add(frequency.desc, {cpu}, static_cast<double>(*khz) * kHertzPerKilohertz);
    }
    const auto governor = sys_.Text(Path("scaling_governor"));
    if (!errors.Ok(governor) || governor->empty()) return;
    governor_ = *governor;
    const auto available = sys_.Text(Path("scaling_available_governors"));
    if (!errors.Ok(available)) return;
    std::string_view rest = *available;
    for (auto word = NextField(rest); !word.empty(); word = NextField(rest))
      out.Add(kGovernor, {cpu, word}, word == governor_ ? 1 : 0);
  }

  SysFs sys_;
  std::vector<unsigned> offline_;
  std::string folder_, path_, governor_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<CpuFreq>(input);
}

std::vector<std::string_view> Names() {
  auto names = NamesOf(kGovernor);
  for (const Frequency& frequency : kFrequencies) names.push_back(frequency.desc.name);
  return names;
}

}  // namespace

CollectorSpec CpuFreqSpec() {
  return {"cpufreq",
          true,
          "Frequencies and governor of each CPU.",
          "/sys/devices/system/cpu/cpu*/cpufreq",
          {},
          Make,
          Names()};
}

}  // namespace drover::exporters::node
