#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
struct Number {
  std::string_view file;
  MetricDesc desc;
};
// kernel: Documentation/ABI/testing/sysfs-class-watchdog
constexpr Number kNumbers[] = {
    {"bootstatus",
     {"node_watchdog_bootstatus", "Value of /sys/class/watchdog/<watchdog>/bootstatus", kGauge,
      "name"}},
    {"fw_version",
     {"node_watchdog_fw_version", "Value of /sys/class/watchdog/<watchdog>/fw_version", kGauge,
      "name"}},
    {"nowayout",
     {"node_watchdog_nowayout", "Value of /sys/class/watchdog/<watchdog>/nowayout", kGauge,
      "name"}},
    {"timeleft",
     {"node_watchdog_timeleft_seconds", "Value of /sys/class/watchdog/<watchdog>/timeleft", kGauge,
      "name"}},
    {"timeout",
     {"node_watchdog_timeout_seconds", "Value of /sys/class/watchdog/<watchdog>/timeout", kGauge,
      "name"}},
    {"pretimeout",
     {"node_watchdog_pretimeout_seconds", "Value of /sys/class/watchdog/<watchdog>/pretimeout",
      kGauge, "name"}},
    {"access_cs0",
     {"node_watchdog_access_cs0", "Value of /sys/class/watchdog/<watchdog>/access_cs0", kGauge,
      "name"}},
};
constexpr MetricDesc kInfo{"node_watchdog_info", "Info of /sys/class/watchdog/<watchdog>", kGauge,
                           "name,options,identity,state,status,pretimeout_governor"};

class Watchdog final : public Collector {
 public:
  explicit Watchdog(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    const std::string base = "class/watchdog/";
    DROVER_TRY(const auto devices, sys_.List(base));
    FirstError errors;
    for (const std::string& device : devices) {
      const std::string folder = base + device + "/";
      for (const Number& number : kNumbers) {
        const auto value = sys_.Int(folder + std::string(number.file));
        if (errors.Ok(value)) out.Add(number.desc, {device}, static_cast<double>(*value));
      }
      const std::string options = TextOf(folder + "options", errors);
      const std::string identity = TextOf(folder + "identity", errors);
      const std::string state = TextOf(folder + "state", errors);
      const std::string status = TextOf(folder + "status", errors);
      const std::string governor = TextOf(folder + "pretimeout_governor", errors);
      out.Add(kInfo, {device, options, identity, state, status, governor}, 1);
    }
    return errors.status();
  }

 private:
  std::string TextOf(const std::string& path, FirstError& errors) {
    const auto text = sys_.Text(path);
    return errors.Ok(text) ? std::string(*text) : std::string();
  }

  SysFs sys_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Watchdog>(input);
}

std::vector<std::string_view> Names() {
  auto names = NamesOf(kInfo);
  for (const Number& number : kNumbers) names.push_back(number.desc.name);
  return names;
}

}  // namespace

CollectorSpec WatchdogSpec() {
  return {"watchdog", true, "Watchdog timers.", "/sys/class/watchdog", {}, Make, Names()};
}

}  // namespace drover::exporters::node
