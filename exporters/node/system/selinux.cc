#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/sysfs.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kEnabled{"node_selinux_enabled", "SELinux is enabled, 1 is true, 0 is false"};
constexpr MetricDesc kConfigMode{"node_selinux_config_mode", "Configured SELinux enforcement mode"};
constexpr MetricDesc kCurrentMode{"node_selinux_current_mode", "Current SELinux enforcement mode"};

constexpr double kDisabled = -1;

// SELINUX= of /etc/selinux/config: the last one counts.
double ConfiguredMode(std::string_view config) {
  double mode = kDisabled;
  while (!config.empty()) {
    const std::string_view line = Trim(NextLine(config));
    constexpr std::string_view kKey = "SELINUX=";
    if (!line.starts_with(kKey)) continue;
    std::string_view value = line.substr(kKey.size());
    while (value.starts_with('"')) value.remove_prefix(1);
    while (value.ends_with('"')) value.remove_suffix(1);
    mode = value == "enforcing" ? 1 : value == "permissive" ? 0 : kDisabled;
  }
  return mode;
}

class SeLinux final : public Collector {
 public:
  explicit SeLinux(const CollectorInput& input)
      : proc_(input.roots.proc), sys_(input.roots.sys), root_(input.roots.root) {}

  Status Collect(MetricSink& out) override {
    // The file is there only where selinuxfs is mounted; "kernel" is who we are without a policy.
    const auto enforce = sys_.Uint("fs/selinux/enforce");
    if (!enforce && enforce.error().code() == ErrorCode::kInvalid) return Fail(enforce.error());
    const auto label = proc_.Text("self/attr/current");
    const bool has_policy = !label || label->substr(0, label->find('\0')) != "kernel";
    if (!enforce || !has_policy) {
      out.Add(kEnabled, 0);
      return {};
    }
    out.Add(kEnabled, 1);
    const auto config = root_.Text("etc/selinux/config");
    out.Add(kConfigMode, config ? ConfiguredMode(*config) : kDisabled);
    out.Add(kCurrentMode, static_cast<double>(*enforce));
    return {};
  }

 private:
  SysFs proc_, sys_, root_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<SeLinux>(input);
}

}  // namespace

CollectorSpec SeLinuxSpec() {
  return {"selinux",
          true,
          "Whether SELinux is on and enforces.",
          "/sys/fs/selinux/enforce, /etc/selinux/config",
          {},
          Make,
          NamesOf(kEnabled, kConfigMode, kCurrentMode)};
}

}  // namespace drover::exporters::node
