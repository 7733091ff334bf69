#include <map>
#include <set>
#include <utility>

#include "core/base/numbers.h"
#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/processor/cpu_info.h"
#include "exporters/node/processor/proc_stat.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kSeconds{"node_cpu_seconds_total", "Seconds the CPUs spent in each mode.",
                              kCounter, "cpu,mode"};
constexpr MetricDesc kGuestSeconds{"node_cpu_guest_seconds_total",
                                   "Seconds the CPUs spent in guests (VMs) for each mode.",
                                   kCounter, "cpu,mode"};
constexpr MetricDesc kInfo{
    "node_cpu_info", "CPU information from /proc/cpuinfo.", kGauge,
    "package,core,cpu,vendor,family,model,model_name,microcode,stepping,cachesize"};
constexpr MetricDesc kFrequency{"node_cpu_frequency_hertz",
                                "CPU frequency in hertz from /proc/cpuinfo.", kGauge,
                                "package,core,cpu"};
constexpr MetricDesc kFlag{
    "node_cpu_flag_info",
    "The `flags` field of CPU information from /proc/cpuinfo taken from the first core.", kGauge,
    "flag"};
constexpr MetricDesc kBug{
    "node_cpu_bug_info",
    "The `bugs` field of CPU information from /proc/cpuinfo taken from the first core.", kGauge,
    "bug"};
constexpr MetricDesc kIsolated{
    "node_cpu_isolated",
    "Whether each core is isolated, information from /sys/devices/system/cpu/isolated.", kGauge,
    "cpu"};
constexpr MetricDesc kCoreThrottles{"node_cpu_core_throttles_total",
                                    "Number of times this CPU core has been throttled.", kCounter,
                                    "package,core"};
constexpr MetricDesc kPackageThrottles{"node_cpu_package_throttles_total",
                                       "Number of times this CPU package has been throttled.",
                                       kCounter, "package"};

constexpr std::string_view kModes[] = {"user",   "nice", "system",  "idle",
                                       "iowait", "irq",  "softirq", "steal"};
// An idle counter that falls by more than this is a CPU that was taken away and came back.
constexpr double kComebackSeconds = 3;

class Cpu final : public Collector {
 public:
  Cpu(const CollectorInput& input, std::optional<Regex> flags, std::optional<Regex> bugs)
      : roots_(input.roots),
        stat_(*roots_.proc, "stat"),
        cpuinfo_(*roots_.proc, "cpuinfo"),
        with_guest_(input.flags.Switch("cpu.guest")),
        with_info_(input.flags.Switch("cpu.info") || flags || bugs),
        with_frequency_(input.flags.Switch("cpufreq")),
        flags_(std::move(flags)),
        bugs_(std::move(bugs)) {
    if (roots_.sys->ReadFile("devices/system/cpu/isolated", text_))
      isolated_ = ParseCpuRange(text_);
  }

  Status Collect(MetricSink& out) override {
    if (with_info_) DROVER_CHECK(CollectInfo(out));
    DROVER_CHECK(CollectTimes(out));
    for (const unsigned cpu : isolated_) out.Add(kIsolated, {std::to_string(cpu)}, 1);
    CollectThrottling(out);
    return {};
  }

 private:
  struct Throttle {
    std::string package;
    std::string core;  // "" for the package's own count
    HotFile file;
  };

  Status CollectInfo(MetricSink& out) {
    DROVER_CHECK(cpuinfo_.Read(text_));
    const auto cpus = ParseCpuInfo(text_);
    for (const CpuInfo& c : cpus) {
      out.Add(kInfo,
              {c.package, c.core, c.processor, c.vendor, c.family, c.model, c.model_name,
               c.microcode, c.stepping, c.cache_size},
              1);
      if (with_frequency_)
        out.Add(kFrequency, {c.package, c.core, c.processor}, c.mhz.value_or(0) * 1e6);
    }
    if (cpus.empty()) return {};
    EmitMatching(cpus.front().flags, flags_, kFlag, out);
    EmitMatching(cpus.front().bugs, bugs_, kBug, out);
    return {};
  }

  static void EmitMatching(std::string_view words, const std::optional<Regex>& pattern,
                           const MetricDesc& desc, MetricSink& out) {
    if (!pattern) return;
    for (auto word = NextField(words); !word.empty(); word = NextField(words)) {
      if (pattern->Search(word)) out.Add(desc, {word}, 1);
    }
  }

  // Counters that fall a little (the kernel rounds iowait and idle) keep their highest value.
  Status CollectTimes(MetricSink& out) {
    DROVER_CHECK(stat_.Read(text_));
    DROVER_CHECK(ParseProcStat(text_, parsed_));
    bool changed = parsed_.cpus.size() != known_.size();
    for (std::size_t i = 0; !changed && i < known_.size(); ++i)
      changed = known_[i].first != parsed_.cpus[i].id;
    if (changed) CpusChanged();
    for (std::size_t i = 0; i < known_.size(); ++i) {
      auto& [id, seconds] = known_[i];
      const CpuTimes& now = parsed_.cpus[i].seconds;
      if (now[kIdle] < seconds[kIdle] - kComebackSeconds) seconds = {};
      for (std::size_t mode = 0; mode < seconds.size(); ++mode)
        seconds[mode] = std::max(seconds[mode], now[mode]);
      for (std::size_t mode = 0; mode < std::size(kModes); ++mode)
        out.Add(kSeconds, {id, kModes[mode]}, seconds[mode]);
      if (!with_guest_) continue;
      out.Add(kGuestSeconds, {id, kModes[kUser]}, seconds[kGuest]);
      out.Add(kGuestSeconds, {id, kModes[kNice]}, seconds[kGuestNice]);
    }
    return {};
  }

  void CpusChanged() {
    std::map<std::string, CpuTimes, std::less<>> before(known_.begin(), known_.end());
    known_.clear();
    for (const ProcStat::Cpu& cpu : parsed_.cpus) {
      const auto found = before.find(cpu.id);
      known_.emplace_back(cpu.id, found == before.end() ? CpuTimes{} : found->second);
    }
    FindThrottling();
  }

  std::optional<std::uint64_t> ReadNumber(const std::string& path) {
    if (!roots_.sys->ReadFile(path, text_)) return std::nullopt;
    return ParseUint(Trim(text_));
  }

  // Hyper-threads of a core and cores of a package share their counts: the first one is asked.
  void FindThrottling() {
    throttles_.clear();
    const std::string base = "devices/system/cpu/";
    const auto names = roots_.sys->List(base);
    if (!names) return;
    std::set<std::uint64_t> packages;
    std::set<std::pair<std::uint64_t, std::uint64_t>> cores;
    for (const std::string& name : *names) {
      if (name.size() < 4 || !name.starts_with("cpu") || name[3] < '0' || name[3] > '9') continue;
      const auto package = ReadNumber(base + name + "/topology/physical_package_id");
      const auto core = ReadNumber(base + name + "/topology/core_id");
      if (!package || !core) continue;
      const auto add = [&](std::string core_label, const char* file) {
        const std::string path = base + name + "/thermal_throttle/" + file;
        if (!ReadNumber(path)) return false;
        throttles_.push_back(
            {std::to_string(*package), std::move(core_label), HotFile(*roots_.sys, path)});
        return true;
      };
      if (!cores.contains({*package, *core}) && add(std::to_string(*core), "core_throttle_count"))
        cores.insert({*package, *core});
      if (!packages.contains(*package) && add("", "package_throttle_count"))
        packages.insert(*package);
    }
  }

  void CollectThrottling(MetricSink& out) {
    for (Throttle& throttle : throttles_) {
      if (!throttle.file.Read(text_)) continue;
      const auto count = ParseUint(Trim(text_));
      if (!count) continue;
      if (throttle.core.empty()) {
        out.Add(kPackageThrottles, {throttle.package}, static_cast<double>(*count));
      } else {
        out.Add(kCoreThrottles, {throttle.package, throttle.core}, static_cast<double>(*count));
      }
    }
  }

  const Roots roots_;
  HotFile stat_;
  HotFile cpuinfo_;
  const bool with_guest_, with_info_, with_frequency_;
  const std::optional<Regex> flags_, bugs_;
  std::vector<unsigned> isolated_;
  std::vector<std::pair<std::string, CpuTimes>> known_;  // in file order
  std::vector<Throttle> throttles_;
  ProcStat parsed_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto flags, PatternFlag(input.flags, "cpu.info.flags-include"));
  DROVER_TRY(auto bugs, PatternFlag(input.flags, "cpu.info.bugs-include"));
  return std::make_unique<Cpu>(input, std::move(flags), std::move(bugs));
}

}  // namespace

CollectorSpec CpuSpec() {
  using enum CollectorFlag::Kind;
  return {"cpu",
          true,
          "Time the processors spent in each mode, throttling, what they are.",
          "/proc/stat, /proc/cpuinfo, /sys/devices/system/cpu",
          {{"cpu.guest", kSwitch, "true", "Enables metric node_cpu_guest_seconds_total"},
           {"cpu.info", kSwitch, "false", "Enables metric cpu_info"},
           {"cpu.info.flags-include", kText, "",
            "Filter the `flags` field in cpuInfo with a value that must be a regular expression"},
           {"cpu.info.bugs-include", kText, "",
            "Filter the `bugs` field in cpuInfo with a value that must be a regular expression"}},
          Make,
          NamesOf(kSeconds, kGuestSeconds, kInfo, kFrequency, kFlag, kBug, kIsolated,
                  kCoreThrottles, kPackageThrottles)};
}

}  // namespace drover::exporters::node
