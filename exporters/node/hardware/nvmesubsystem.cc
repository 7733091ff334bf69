#include <algorithm>

#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kInfo{"node_nvmesubsystem_info",
                           "Non-numeric information about an NVMe subsystem.", kGauge,
                           "subsystem,nqn,model,serial,iopolicy"};
constexpr MetricDesc kNamespace{"node_nvmesubsystem_namespace_info",
                                "Maps an NVMe namespace block device to its subsystem.", kGauge,
                                "subsystem,device"};
constexpr MetricDesc kState{
    "node_nvmesubsystem_path_state",
    "Current NVMe controller path state (1 for the current state, 0 for all others).", kGauge,
    "subsystem,controller,transport,state"};
constexpr MetricDesc kPaths{"node_nvmesubsystem_paths",
                            "Number of controller paths for an NVMe subsystem.", kGauge,
                            "subsystem"};
constexpr MetricDesc kLive{"node_nvmesubsystem_paths_live",
                           "Number of controller paths in live state for an NVMe subsystem.",
                           kGauge, "subsystem"};
constexpr std::string_view kFolder = "class/nvme-subsystem";
constexpr std::string_view kStates[] = {"new",      "live", "resetting", "connecting",
                                        "deleting", "dead", "unknown"};

bool TakeNumber(std::string_view& text) {
  const std::size_t end = std::min(text.size(), text.find_first_not_of("0123456789"));
  text.remove_prefix(end);
  return end > 0;
}
// nvme3
bool IsController(std::string_view name) {
  if (!name.starts_with("nvme")) return false;
  name.remove_prefix(4);
  return TakeNumber(name) && name.empty();
}
// nvme3n1; nvme3c0n1 is one path to it, nvme3n1p1 a part of it.
bool IsNamespace(std::string_view name) {
  if (!name.starts_with("nvme")) return false;
  name.remove_prefix(4);
  if (!TakeNumber(name) || !name.starts_with('n')) return false;
  name.remove_prefix(1);
  return TakeNumber(name) && name.empty();
}

class NvmeSubsystem final : public Collector {
 public:
  explicit NvmeSubsystem(const CollectorInput& input) : sys_(input.roots.sys) {}

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const auto names, sys_.List(kFolder, "nvme-subsys"));
    if (names.empty()) return Fail(ErrorCode::kNotFound, "no NVMe subsystem");
    for (const std::string& name : names) DROVER_CHECK(CollectOne(name, out));
    return {};
  }

 private:
  Status CollectOne(const std::string& name, MetricSink& out) {
    const std::string folder = std::string(kFolder) + "/" + name + "/";
    const auto entries = sys_.List(folder);
    if (!entries) {  // it went meanwhile
      if (IsNoValue(entries.error())) return {};
      return Fail(entries.error());
    }
    std::string texts[4];
    constexpr std::string_view kFiles[] = {"subsysnqn", "model", "serial", "iopolicy"};
    for (std::size_t i = 0; i < std::size(kFiles); ++i) {
      const auto text = sys_.Text(folder + std::string(kFiles[i]));
      if (text) {
        texts[i] = *text;
      } else if (!IsNoValue(text.error())) {
        return Fail(text.error());
      }
    }
    out.Add(kInfo, {name, texts[0], texts[1], texts[2], texts[3]}, 1);
    double paths = 0;
    double live = 0;
    for (const std::string& entry : *entries) {
      if (IsNamespace(entry)) out.Add(kNamespace, {name, entry}, 1);
      if (!IsController(entry)) continue;
      const auto state_text = sys_.Text(folder + entry + "/state");
      if (!state_text) continue;  // it went meanwhile
      const std::string state = StateOf(*state_text);
      const auto transport_text = sys_.Text(folder + entry + "/transport");
      const std::string transport(transport_text ? *transport_text : std::string_view());
      for (const std::string_view one : kStates)
        out.Add(kState, {name, entry, transport, one}, one == state ? 1 : 0);
      ++paths;
      live += state == "live" ? 1 : 0;
    }
    out.Add(kPaths, {name}, paths);
    out.Add(kLive, {name}, live);
    return {};
  }

  // "deleting (no IO)" is deleting.
  static std::string StateOf(std::string_view text) {
    const std::string_view word = text.substr(0, text.find(' '));
    const bool known = std::find(std::begin(kStates), std::end(kStates), word) != std::end(kStates);
    return std::string(known ? word : "unknown");
  }

  SysFs sys_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<NvmeSubsystem>(input);
}

}  // namespace

CollectorSpec NvmeSubsystemSpec() {
  return {"nvmesubsystem",
          false,
          "NVMe subsystems and the states of their paths.",
          "/sys/class/nvme-subsystem",
          {},
          Make,
          NamesOf(kInfo, kNamespace, kState, kPaths, kLive)};
}

}  // namespace drover::exporters::node
