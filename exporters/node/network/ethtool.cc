#include <algorithm>
#include <map>

#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/network/ethtool_device.h"
#include "exporters/node/network/ethtool_names.h"

namespace drover::exporters::node {
namespace {

constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kInfo{
    "node_ethtool_info",
    "A metric with a constant '1' value labeled by bus_info, device, driver, "
    "expansion_rom_version, firmware_version, version.",
    kGauge, "bus_info,device,driver,expansion_rom_version,firmware_version,version"};
constexpr MetricDesc kPort{"node_network_supported_port_info",
                           "Type of ports or PHYs supported by network device", kGauge,
                           "device,type"};
constexpr MetricDesc kAutonegotiate{"node_network_autonegotiate",
                                    "If this port is using autonegotiate", kGauge, "device"};

struct Capabilities {
  MetricDesc speed, autonegotiate, pause, asymmetric_pause;
};
constexpr Capabilities kSupported{
    {"node_network_supported_speed_bytes",
     "Combination of speeds and features supported by network device", kGauge,
     "device,duplex,mode"},
    {"node_network_autonegotiate_supported", "If this port device supports autonegotiate", kGauge,
     "device"},
    {"node_network_pause_supported", "If this port device supports pause frames", kGauge, "device"},
    {"node_network_asymmetricpause_supported",
     "If this port device supports asymmetric pause frames", kGauge, "device"}};
constexpr Capabilities kAdvertised{
    {"node_network_advertised_speed_bytes",
     "Combination of speeds and features offered by network device", kGauge, "device,duplex,mode"},
    {"node_network_autonegotiate_advertised", "If this port device offers autonegotiate", kGauge,
     "device"},
    {"node_network_pause_advertised", "If this port device offers pause capability", kGauge,
     "device"},
    {"node_network_asymmetricpause_advertised",
     "If this port device offers asymmetric pause capability", kGauge, "device"}};

// Bits of the 32 bits wide link modes of ETHTOOL_GSET.
constexpr unsigned kAutonegotiateBit = 6, kPauseBit = 13, kAsymmetricPauseBit = 14;
struct Port {
  unsigned bit;
  std::string_view name;
};
constexpr Port kPorts[] = {{7, "TP"},     {8, "AUI"},  {9, "MII"},
                           {10, "FIBRE"}, {11, "BNC"}, {16, "Backplane"}};
struct Speed {
  unsigned bit;
  double mbit;
  std::string_view duplex, mode;
};
constexpr Speed kSpeeds[] = {{0, 10, "half", "10baseT"},
                             {1, 10, "full", "10baseT"},
                             {2, 100, "half", "100baseT"},
                             {3, 100, "full", "100baseT"},
                             {4, 1000, "half", "1000baseT"},
                             {5, 1000, "full", "1000baseT"},
                             {12, 10000, "full", "10000baseT"},
                             {17, 1000, "full", "1000baseKX"},
                             {18, 10000, "full", "10000baseKX4"},
                             {19, 10000, "full", "10000baseKR"},
                             {20, 10000, "full", "10000baseR_FEC"},
                             {21, 20000, "full", "20000baseMLD2"},
                             {22, 20000, "full", "20000baseKR2"},
                             {23, 40000, "full", "40000baseKR4"},
                             {24, 40000, "full", "40000baseCR4"},
                             {25, 40000, "full", "40000baseSR4"},
                             {26, 40000, "full", "40000baseLR4"},
                             {27, 56000, "full", "56000baseKR4"},
                             {28, 56000, "full", "56000baseCR4"},
                             {29, 56000, "full", "56000baseSR4"},
                             {30, 56000, "full", "56000baseLR4"},
                             {31, 25000, "full", "25000baseCR"}};

struct Usual {
  std::string_view stat, name, help;
};
constexpr Usual kUsual[] = {
    {"rx_bytes", "node_ethtool_received_bytes_total", "Network interface bytes received"},
    {"rx_dropped", "node_ethtool_received_dropped_total", "Number of received frames dropped"},
    {"rx_errors", "node_ethtool_received_errors_total", "Number of received frames with errors"},
    {"rx_packets", "node_ethtool_received_packets_total", "Network interface packets received"},
    {"tx_bytes", "node_ethtool_transmitted_bytes_total", "Network interface bytes sent"},
    {"tx_errors", "node_ethtool_transmitted_errors_total", "Number of sent frames with errors"},
    {"tx_packets", "node_ethtool_transmitted_packets_total", "Network interface packets sent"}};

bool HasBit(std::uint32_t modes, unsigned bit) { return (modes >> bit & 1) != 0; }

class Ethtool final : public Collector {
 public:
  Ethtool(const CollectorInput& input, NameFilter filter, std::optional<Regex> metrics)
      : sys_(input.roots.sys),
        log_(input.log),
        filter_(std::move(filter)),
        metrics_(std::move(metrics)) {
    for (const Usual& usual : kUsual) AddStat(usual.stat, usual.name, usual.help);
  }

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const auto names, sys_->List("class/net"));
    bool any = false;
    for (const std::string& device : names) {
      const auto info = sys_->Stat("class/net/" + device);
      if (!info || !info->is_directory) continue;  // bonding_masters
      any = true;
      if (!filter_.Passes(device)) continue;
      EmitLink(device, out);
      EmitDriver(device, out);
      EmitStats(device, out);
    }
    if (!any) return Fail(ErrorCode::kUnavailable, "ethtool: no network devices found");
    return {};
  }

 private:
  // Its texts stay where they are: sinks know a family by its address.
  struct Stat {
    std::string name, help;
    MetricDesc desc;
  };

  Stat& AddStat(std::string_view key, std::string_view name, std::string_view help) {
    auto& stat = stats_[std::string(key)];
    stat = std::make_unique<Stat>();
    stat->name = name;
    stat->help = help;
    stat->desc = {stat->name, stat->help, MetricType::kUnknown, "device"};
    return *stat;
  }

  void Complain(const Error& error) const {
    if (error.code() != ErrorCode::kUnsupported) log_.Debug("ethtool", {{"err", error.message()}});
  }

  void EmitLink(const std::string& device, MetricSink& out) {
    const auto link = socket_.Link(device);
    if (!link) return Complain(link.error());
    for (const Port& port : kPorts) {
      if (HasBit(link->supported, port.bit)) out.Add(kPort, {device, port.name}, 1);
    }
    EmitModes(device, kSupported, link->supported, out);
    EmitModes(device, kAdvertised, link->advertised, out);
    out.Add(kAutonegotiate, {device}, link->autonegotiate ? 1 : 0);
  }

  static void EmitModes(const std::string& device, const Capabilities& descs, std::uint32_t modes,
                        MetricSink& out) {
    constexpr double kBytesPerMbit = 1e6 / 8;
    for (const Speed& speed : kSpeeds) {
      if (HasBit(modes, speed.bit))
        out.Add(descs.speed, {device, speed.duplex, speed.mode}, speed.mbit * kBytesPerMbit);
    }
    out.Add(descs.autonegotiate, {device}, HasBit(modes, kAutonegotiateBit) ? 1 : 0);
    out.Add(descs.pause, {device}, HasBit(modes, kPauseBit) ? 1 : 0);
    out.Add(descs.asymmetric_pause, {device}, HasBit(modes, kAsymmetricPauseBit) ? 1 : 0);
  }

  void EmitDriver(const std::string& device, MetricSink& out) {
    const auto driver = socket_.Driver(device);
    if (!driver) return Complain(driver.error());
    out.Add(kInfo,
            {driver->bus_info, device, driver->driver, driver->expansion_rom_version,
             driver->firmware_version, driver->version},
            1);
  }

  // Counters whose names become equal are all left out: nobody could tell them apart.
  void EmitStats(const std::string& device, MetricSink& out) {
    if (const auto status = socket_.Stats(device, values_); !status)
      return Complain(status.error());
    struct Entry {
      const MetricDesc* desc;
      double value;
      bool is_double;
    };
    std::map<std::string, Entry> by_name;
    for (const auto& [raw, value] : values_) {
      const std::string key = SanitizeMetricName(raw);
      if (metrics_ && !metrics_->Search(key)) continue;
      std::string name = EthtoolMetricName(key);
      const auto found = by_name.find(name);
      if (found != by_name.end()) {
        found->second.is_double = true;
        continue;
      }
      const auto known = stats_.find(key);
      const Stat& stat = known != stats_.end()
                             ? *known->second
                             : AddStat(key, "node_ethtool_" + name, "Network interface " + key);
      by_name.emplace(std::move(name), Entry{&stat.desc, static_cast<double>(value), false});
    }
    for (const auto& [name, entry] : by_name) {
      if (!entry.is_double) out.Add(*entry.desc, {device}, entry.value);
    }
  }

  const std::shared_ptr<FileSystem> sys_;
  const Logger& log_;
  NameFilter filter_;
  const std::optional<Regex> metrics_;
  EthtoolSocket socket_;
  std::map<std::string, std::unique_ptr<Stat>, std::less<>> stats_;  // by sanitized name
  DriverStats values_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto filter,
             NameFilter::Make(input.flags, "ethtool.device-include", "ethtool.device-exclude"));
  DROVER_TRY(auto metrics, PatternFlag(input.flags, "ethtool.metrics-include"));
  return std::make_unique<Ethtool>(input, std::move(filter), std::move(metrics));
}

}  // namespace

CollectorSpec EthtoolSpec() {
  using enum CollectorFlag::Kind;
  CollectorSpec spec{
      "ethtool",
      false,
      "What network drivers tell: their names and versions, link modes, own counters.",
      "ethtool ioctl",
      {{"ethtool.device-include", kText, "",
        "Regexp of ethtool devices to include (mutually exclusive to device-exclude)."},
       {"ethtool.device-exclude", kText, "",
        "Regexp of ethtool devices to exclude (mutually exclusive to device-include)."},
       {"ethtool.metrics-include", kText, ".*", "Regexp of ethtool stats to include."}},
      Make,
      {"node_ethtool_*", "node_ethtool_info", "node_network_supported_port_info",
       "node_network_autonegotiate"}};
  for (const Capabilities* descs : {&kSupported, &kAdvertised}) {
    for (const MetricDesc* desc :
         {&descs->speed, &descs->autonegotiate, &descs->pause, &descs->asymmetric_pause})
      spec.metrics.push_back(desc->name);
  }
  return spec;
}

}  // namespace drover::exporters::node
