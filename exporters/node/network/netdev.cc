#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <bit>

#include "core/os/hot_file.h"
#include "exporters/common/fields.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/network/net_stats.h"

namespace drover::exporters::node {
namespace {

using enum NetCounter;

constexpr MetricDesc kAddress{"node_network_address_info", "node network address by device",
                              MetricType::kGauge, "device,address,netmask,scope"};

// The default metrics: sums of the kernel's counters under the names that /proc/net/dev made usual.
// The first one decides whether the metric exists.
struct Usual {
  std::string_view name;
  std::vector<NetCounter> sum;
};
std::vector<Usual> UsualMetrics() {
  return {
      {"receive_packets", {kReceivePackets}},
      {"transmit_packets", {kTransmitPackets}},
      {"receive_bytes", {kReceiveBytes}},
      {"transmit_bytes", {kTransmitBytes}},
      {"receive_errs", {kReceiveErrors}},
      {"transmit_errs", {kTransmitErrors}},
      {"receive_drop", {kReceiveDropped, kReceiveMissedErrors}},
      {"transmit_drop", {kTransmitDropped}},
      {"receive_multicast", {kMulticast}},
      {"transmit_colls", {kCollisions}},
      {"receive_frame",
       {kReceiveFrameErrors, kReceiveLengthErrors, kReceiveOverErrors, kReceiveCrcErrors}},
      {"receive_fifo", {kReceiveFifoErrors}},
      {"transmit_carrier",
       {kTransmitCarrierErrors, kTransmitAbortedErrors, kTransmitHeartbeatErrors,
        kTransmitWindowErrors}},
      {"transmit_fifo", {kTransmitFifoErrors}},
      {"receive_compressed", {kReceiveCompressed}},
      {"transmit_compressed", {kTransmitCompressed}},
      {"receive_nohandler", {kReceiveNohandler}},
  };
}

int MaskBits(const sockaddr* mask) {
  int bits = 0;
  if (mask == nullptr) return 0;
  if (mask->sa_family == AF_INET) {
    bits = std::popcount(reinterpret_cast<const sockaddr_in*>(mask)->sin_addr.s_addr);
  } else if (mask->sa_family == AF_INET6) {
    for (const auto byte : reinterpret_cast<const sockaddr_in6*>(mask)->sin6_addr.s6_addr)
      bits += std::popcount(byte);
  }
  return bits;
}

std::string_view ScopeOf(const sockaddr* address) {
  if (address->sa_family == AF_INET) {
    const auto ip = ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr);
    if (ip >> 24 == 127 || ip >> 16 == 0xA9FE) return "link-local";
    return ip == 0 || ip == 0xFFFFFFFF || ip >> 28 == 0xE ? "" : "global";
  }
  const in6_addr& ip = reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr;
  if (ip.s6_addr[0] == 0xFF) return (ip.s6_addr[1] & 0xF) == 1 ? "interface-local" : "link-local";
  const bool is_any = std::string_view(reinterpret_cast<const char*>(ip.s6_addr), 16) ==
                      std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 16);
  if (is_any) return "";
  const bool is_loopback = std::string_view(reinterpret_cast<const char*>(ip.s6_addr), 16) ==
                           std::string_view("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\1", 16);
  if (is_loopback || (ip.s6_addr[0] == 0xFE && (ip.s6_addr[1] & 0xC0) == 0x80)) return "link-local";
  return "global";
}

class NetDev final : public Collector {
 public:
  NetDev(const CollectorInput& input, NameFilter filter)
      : sys_(input.roots.sys),
        file_(*input.roots.proc, "net/dev"),
        filter_(std::move(filter)),
        with_netlink_(input.flags.Switch("netdev.netlink")),
        with_details_(input.flags.Switch("netdev.enable-detailed-metrics")),
        with_addresses_(input.flags.Switch("netdev.address-info")),
        with_alias_(input.flags.Switch("netdev.label-ifalias")),
        descs_("node_network_", "_total", "Network device statistic ", ".", MetricType::kCounter,
               with_alias_ ? "device,ifalias" : "device") {
    if (with_details_ && with_netlink_) {
      for (unsigned i = 0; i < kNetCounters; ++i) {
        const auto counter = static_cast<NetCounter>(i);
        metrics_.push_back({&descs_.Get(Name(counter)), {counter}});
      }
      return;
    }
    const auto usual_metrics = UsualMetrics();
    for (const Usual& usual : usual_metrics) {
      std::string name(usual.name);
      if (with_details_) {  // of /proc/net/dev: only these names differ
        if (name.ends_with("_errs")) name.replace(name.size() - 4, 4, "errors");
        if (name.ends_with("_drop")) name += "ped";
      }
      metrics_.push_back({&descs_.Get(name), usual.sum});
    }
  }

  Status Collect(MetricSink& out) override {
    if (with_netlink_) {
      DROVER_CHECK(links_.Read(devices_));
    } else {
      DROVER_CHECK(file_.Read(text_));
      DROVER_CHECK(ParseNetDev(text_, devices_));
    }
    for (const NetDevice& device : devices_) {
      if (filter_.Passes(device.name)) Emit(device, out);
    }
    return with_addresses_ ? EmitAddresses(out) : Status();
  }

 private:
  struct Metric {
    const MetricDesc* desc;
    std::vector<NetCounter> sum;
  };

  void Emit(const NetDevice& device, MetricSink& out) {
    const std::string alias = with_alias_ ? AliasOf(device.name) : "";
    const std::string_view values[] = {device.name, alias};
    for (const Metric& metric : metrics_) {
      if (!device.Has(metric.sum.front())) continue;
      std::uint64_t sum = 0;
      for (const NetCounter counter : metric.sum) sum += device.Get(counter);
      out.Add(*metric.desc, std::span(values, with_alias_ ? 2 : 1), static_cast<double>(sum));
    }
  }

  std::string AliasOf(const std::string& device) {
    if (!sys_->ReadFile("class/net/" + device + "/ifalias", text_)) return "";
    return std::string(Trim(text_));
  }

  Status EmitAddresses(MetricSink& out) {
    ifaddrs* all = nullptr;
    if (::getifaddrs(&all) != 0) return FailErrno(errno, "getifaddrs");
    for (const ifaddrs* one = all; one != nullptr; one = one->ifa_next) {
      if (one->ifa_addr == nullptr) continue;
      char text[INET6_ADDRSTRLEN] = "";
      if (one->ifa_addr->sa_family == AF_INET) {
        ::inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr, text,
                    sizeof text);
      } else if (one->ifa_addr->sa_family == AF_INET6) {
        ::inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6*>(one->ifa_addr)->sin6_addr,
                    text, sizeof text);
      } else {
        continue;
      }
      if (!filter_.Passes(one->ifa_name)) continue;
      out.Add(
          kAddress,
          {one->ifa_name, text, std::to_string(MaskBits(one->ifa_netmask)), ScopeOf(one->ifa_addr)},
          1);
    }
    ::freeifaddrs(all);
    return {};
  }

  const std::shared_ptr<FileSystem> sys_;
  HotFile file_;
  LinkDump links_;
  NameFilter filter_;
  const bool with_netlink_, with_details_, with_addresses_, with_alias_;
  DescTable descs_;
  std::vector<Metric> metrics_;
  std::vector<NetDevice> devices_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto filter,
             NameFilter::Make(input.flags, "netdev.device-include", "netdev.device-exclude"));
  return std::make_unique<NetDev>(input, std::move(filter));
}

}  // namespace

CollectorSpec NetDevSpec() {
  using enum CollectorFlag::Kind;
  return {
      "netdev",
      true,
      "Counters of network interfaces.",
      "rtnetlink or /proc/net/dev",
      {{"netdev.device-include", kText, "",
        "Regexp of net devices to include (mutually exclusive to device-exclude)."},
       {"netdev.device-exclude", kText, "",
        "Regexp of net devices to exclude (mutually exclusive to device-include)."},
       {"netdev.device-whitelist", kText, "", "DEPRECATED: Use collector.netdev.device-include",
        true, "netdev.device-include"},
       {"netdev.device-blacklist", kText, "", "DEPRECATED: Use collector.netdev.device-exclude",
        true, "netdev.device-exclude"},
       {"netdev.address-info", kSwitch, "false", "Collect address-info for every device"},
       {"netdev.netlink", kSwitch, "true", "Use netlink to gather stats instead of /proc/net/dev."},
       {"netdev.enable-detailed-metrics", kSwitch, "false",
        "Use (incompatible) metric names that provide more detailed stats on Linux"},
       {"netdev.label-ifalias", kSwitch, "false", "Add ifAlias label"}},
      Make,
      {"node_network_*"}};
}

}  // namespace drover::exporters::node
