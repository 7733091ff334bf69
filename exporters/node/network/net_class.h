// Properties of network interfaces, from /sys/class/net or from netlink
// (--collector.netclass.netlink). The attributes of sysfs:
// Documentation/ABI/testing/sysfs-class-net of the kernel.
#pragma once

#include <memory>

#include "exporters/common/metric.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/network/net_stats.h"

namespace drover::exporters::node {

// node_network_PROPERTY{device}
enum class NetProperty {
  kAddressAssignType,
  kCarrier,
  kCarrierChanges,
  kCarrierUps,
  kCarrierDowns,
  kDeviceId,
  kDormant,
  kFlags,
  kIndex,
  kLink,
  kLinkMode,
  kMtu,
  kNameAssignType,
  kGroup,
  kSpeed,
  kQueueLength,
  kProtocolType,
};
inline constexpr std::size_t kNetProperties = 17;
const MetricDesc& DescOf(NetProperty property);
inline constexpr MetricDesc kNetUp{"node_network_up",
                                   "Value is 1 if operstate is 'up', 0 otherwise.",
                                   MetricType::kGauge, "device"};

// Decimal, or as flags, dev_id and type are written: 0x1003. nullopt for anything else.
std::optional<std::int64_t> ParseSysfsNumber(std::string_view text);
// nullopt also when the file cannot be read: absent, or without a value for now.
std::optional<std::int64_t> ReadSysfsNumber(const FileSystem& sys, const std::string& path,
                                            std::string& buffer);

struct NetClassOptions {
  std::optional<Regex> ignored_devices;
  bool ignore_invalid_speed = false;
  bool with_stats = false;  // netlink: counters of the interface too
};

std::unique_ptr<Collector> MakeSysfsNetClass(const CollectorInput& input, NetClassOptions options);
std::unique_ptr<Collector> MakeNetlinkNetClass(const CollectorInput& input,
                                               NetClassOptions options);

}  // namespace drover::exporters::node
