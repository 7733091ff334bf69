#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include <map>

#include "exporters/node/network/link_modes.h"
#include "exporters/node/network/net_class.h"
#include "exporters/node/network/netlink_bytes.h"
#include "exporters/node/network/rt_link.h"

namespace drover::exporters::node {
namespace {

using enum NetProperty;

constexpr MetricDesc kInfo{"node_network_info", "Non-numeric data of <iface>, value is always 1.",
                           MetricType::kGauge, "device,address,broadcast,duplex,operstate,ifalias"};
constexpr MetricDesc kAltNames{"node_network_altnames_info",
                               "Non-numeric data of <iface> altname, value is always 1.",
                               MetricType::kGauge, "altname,device"};
constexpr std::string_view kStates[] = {"unknown", "notpresent", "down", "lowerlayerdown",
                                        "testing", "dormant",    "up"};

// What netlink lacks; reading these does not take the kernel's RTNL lock.
struct SysfsFile {
  const char* name;
  NetProperty property;
};
constexpr SysfsFile kSysfsFiles[] = {{"addr_assign_type", kAddressAssignType},
                                     {"dev_id", kDeviceId},
                                     {"name_assign_type", kNameAssignType}};

class NetlinkNetClass final : public Collector {
 public:
  NetlinkNetClass(const CollectorInput& input, NetClassOptions options)
      : sys_(input.roots.sys),
        options_(std::move(options)),
        routes_(NETLINK_ROUTE),
        ethtool_("ethtool"),
        stats_("node_network_", "_total", "Network device property: ", "_total", MetricType::kGauge,
               "device") {}

  Status Collect(MetricSink& out) override {
    modes_.clear();
    const auto modes = DumpLinkModes(ethtool_, modes_);
    if (!modes && modes.error().code() != ErrorCode::kNotFound)
      return Fail(modes.error().With("link modes"));
    DROVER_CHECK(DumpLinks(
        routes_, [this] { links_.clear(); }, [this](const RtLink& link) { Keep(link); }));
    for (const Link& link : links_) Emit(link, out);
    return {};
  }

 private:
  struct Link {
    RtLink numbers;  // its views are not to be used: the message is gone
    std::string name, address, broadcast, alias;
    std::vector<std::string> alt_names;
    NetDevice stats;
  };

  void Keep(const RtLink& link) {
    if (options_.ignored_devices && options_.ignored_devices->Search(link.name)) return;
    Link kept{link,
              std::string(link.name),
              FormatHardwareAddress(link.address),
              FormatHardwareAddress(link.broadcast),
              std::string(link.alias),
              {},
              {}};
    NetlinkAttributes properties(link.properties);
    while (const auto property = properties.Next()) {
      if (property->type == IFLA_ALT_IFNAME && !property->Text().empty())
        kept.alt_names.emplace_back(property->Text());
    }
    if (options_.with_stats && !link.stats64.empty()) ToNetDevice(link, kept.stats);
    links_.push_back(std::move(kept));
  }

  void Emit(const Link& link, MetricSink& out) {
    const RtLink& of = link.numbers;
    const auto add = [&](NetProperty property, double value) {
      out.Add(DescOf(property), {link.name}, value);
    };
    std::string_view duplex;
    if (const auto mode = modes_.find(link.name); mode != modes_.end()) {
      constexpr std::uint32_t kUnknown = 0xFFFFFFFF;
      duplex = DuplexName(mode->second.duplex);
      if (mode->second.speed_mbit != kUnknown || !options_.ignore_invalid_speed)
        add(kSpeed, static_cast<double>(std::uint64_t{mode->second.speed_mbit} * 1'000'000 / 8));
    }
    const std::string_view state =
        of.operational_state < std::size(kStates) ? kStates[of.operational_state] : kStates[0];
    out.Add(kNetUp, {link.name}, state == "up" ? 1 : 0);
    out.Add(kInfo, {link.name, link.address, link.broadcast, duplex, state, link.alias}, 1);
    for (const std::string& alt_name : link.alt_names) out.Add(kAltNames, {alt_name, link.name}, 1);
    if (of.carrier) add(kCarrier, *of.carrier);
    if (of.carrier_changes) add(kCarrierChanges, *of.carrier_changes);
    if (of.carrier_ups) add(kCarrierUps, *of.carrier_ups);
    if (of.carrier_downs) add(kCarrierDowns, *of.carrier_downs);
    add(kFlags, of.flags);
    add(kIndex, of.index);
    add(kLinkMode, of.link_mode);
    add(kDormant, of.link_mode);  // as upstream has it
    add(kLink, of.parent_index != 0 ? of.parent_index : static_cast<double>(of.index));
    add(kMtu, of.mtu);
    add(kGroup, of.group);
    add(kQueueLength, of.queue_length);
    add(kProtocolType, of.type);
    EmitSysfs(link.name, out);
    for (unsigned i = 0; i < kNetCounters; ++i) {
      const auto counter = static_cast<NetCounter>(i);
      if (link.stats.Has(counter))
        out.Add(stats_.Get(Name(counter)), {link.name},
                static_cast<double>(link.stats.Get(counter)));
    }
  }

  void EmitSysfs(const std::string& device, MetricSink& out) {
    for (const SysfsFile& file : kSysfsFiles) {
      const auto value = ReadSysfsNumber(*sys_, "class/net/" + device + "/" + file.name, text_);
      if (value) out.Add(DescOf(file.property), {device}, static_cast<double>(*value));
    }
  }

  const std::shared_ptr<FileSystem> sys_;
  const NetClassOptions options_;
  NetlinkSocket routes_;
  GenericNetlink ethtool_;
  DescTable stats_;
  LinkModes modes_;
  std::vector<Link> links_;
  std::string text_;
};

}  // namespace

std::unique_ptr<Collector> MakeNetlinkNetClass(const CollectorInput& input,
                                               NetClassOptions options) {
  return std::make_unique<NetlinkNetClass>(input, std::move(options));
}

}  // namespace drover::exporters::node
