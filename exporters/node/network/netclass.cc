#include <charconv>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"
#include "exporters/node/collectors.h"
#include "exporters/node/network/net_class.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;

// In the order of NetProperty.
constexpr MetricDesc kDescs[kNetProperties] = {
    {"node_network_address_assign_type", "Network device property: address_assign_type", kGauge,
     "device"},
    {"node_network_carrier", "Network device property: carrier", kGauge, "device"},
    {"node_network_carrier_changes_total", "Network device property: carrier_changes_total",
     kCounter, "device"},
    {"node_network_carrier_up_changes_total", "Network device property: carrier_up_changes_total",
     kCounter, "device"},
    {"node_network_carrier_down_changes_total",
     "Network device property: carrier_down_changes_total", kCounter, "device"},
    {"node_network_device_id", "Network device property: device_id", kGauge, "device"},
    {"node_network_dormant", "Network device property: dormant", kGauge, "device"},
    {"node_network_flags", "Network device property: flags", kGauge, "device"},
    {"node_network_iface_id", "Network device property: iface_id", kGauge, "device"},
    {"node_network_iface_link", "Network device property: iface_link", kGauge, "device"},
    {"node_network_iface_link_mode", "Network device property: iface_link_mode", kGauge, "device"},
    {"node_network_mtu_bytes", "Network device property: mtu_bytes", kGauge, "device"},
    {"node_network_name_assign_type", "Network device property: name_assign_type", kGauge,
     "device"},
    {"node_network_net_dev_group", "Network device property: net_dev_group", kGauge, "device"},
    {"node_network_speed_bytes", "Network device property: speed_bytes", kGauge, "device"},
    {"node_network_transmit_queue_length", "Network device property: transmit_queue_length", kGauge,
     "device"},
    {"node_network_protocol_type", "Network device property: protocol_type", kGauge, "device"},
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  NetClassOptions options;
  DROVER_TRY(options.ignored_devices, PatternFlag(input.flags, "netclass.ignored-devices"));
  options.ignore_invalid_speed = input.flags.Switch("netclass.ignore-invalid-speed");
  options.with_stats = input.flags.Switch("netclass_rtnl.with-stats");
  return input.flags.Switch("netclass.netlink") ? MakeNetlinkNetClass(input, std::move(options))
                                                : MakeSysfsNetClass(input, std::move(options));
}

}  // namespace

const MetricDesc& DescOf(NetProperty property) {
  return kDescs[static_cast<std::size_t>(property)];
}

std::optional<std::int64_t> ParseSysfsNumber(std::string_view text) {
  text = Trim(text);
  if (!text.starts_with("0x")) return ParseInt(text);
  std::int64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data() + 2, end, value, 16);
  if (error != std::errc() || at != end) return std::nullopt;
  return value;
}

std::optional<std::int64_t> ReadSysfsNumber(const FileSystem& sys, const std::string& path,
                                            std::string& buffer) {
  if (!sys.ReadFile(path, buffer)) return std::nullopt;
  return ParseSysfsNumber(buffer);
}

CollectorSpec NetClassSpec() {
  using enum CollectorFlag::Kind;
  CollectorSpec spec{
      "netclass",
      true,
      "Properties of network interfaces.",
      "/sys/class/net, or rtnetlink and ethtool netlink",
      {{"netclass.ignored-devices", kText, "^$",
        "Regexp of net devices to ignore for netclass collector."},
       {"netclass.ignore-invalid-speed", kSwitch, "false",
        "Ignore devices where the speed is invalid. This will be the default behavior in 2.x."},
       {"netclass.netlink", kSwitch, "false",
        "Use netlink to gather stats instead of /proc/net/dev."},
       {"netclass_rtnl.with-stats", kSwitch, "false",
        "Expose the statistics for each network device, replacing netdev collector."}},
      Make,
      {"node_network_up", "node_network_info", "node_network_altnames_info"}};
  for (const MetricDesc& desc : kDescs) spec.metrics.push_back(desc.name);
  return spec;
}

}  // namespace drover::exporters::node
