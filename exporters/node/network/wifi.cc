#include <linux/nl80211.h>

#include "core/os/file_system.h"
#include "exporters/node/collectors.h"
#include "exporters/node/network/genetlink.h"
#include "exporters/node/network/netlink_bytes.h"
#include "exporters/node/network/nl80211.h"
#include "exporters/node/network/rt_link.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kFrequency{"node_wifi_interface_frequency_hertz",
                                "The current frequency a WiFi interface is operating at, in hertz.",
                                kGauge, "device"};
constexpr MetricDesc kInfo{
    "node_wifi_station_info",
    "Labeled WiFi interface station information as provided by the operating system.", kGauge,
    "device,bssid,ssid,mode"};

struct StationMetric {
  MetricDesc desc;
  double WifiStation::*value;
};
constexpr StationMetric kStation[] = {
    {{"node_wifi_station_connected_seconds_total",
      "The total number of seconds a station has been connected to an access point.", kCounter,
      "device,mac_address"},
     &WifiStation::connected_seconds},
    {{"node_wifi_station_inactive_seconds",
      "The number of seconds since any wireless activity has occurred on a station.", kGauge,
      "device,mac_address"},
     &WifiStation::inactive_seconds},
    {{"node_wifi_station_receive_bits_per_second",
      "The current WiFi receive bitrate of a station, in bits per second.", kGauge,
      "device,mac_address"},
     &WifiStation::receive_bits_per_second},
    {{"node_wifi_station_transmit_bits_per_second",
      "The current WiFi transmit bitrate of a station, in bits per second.", kGauge,
      "device,mac_address"},
     &WifiStation::transmit_bits_per_second},
    {{"node_wifi_station_receive_bytes_total",
      "The total number of bytes received by a WiFi station.", kCounter, "device,mac_address"},
     &WifiStation::receive_bytes},
    {{"node_wifi_station_transmit_bytes_total",
      "The total number of bytes transmitted by a WiFi station.", kCounter, "device,mac_address"},
     &WifiStation::transmit_bytes},
    {{"node_wifi_station_signal_dbm",
      "The current WiFi signal strength, in decibel-milliwatts (dBm).", kGauge,
      "device,mac_address"},
     &WifiStation::signal_dbm},
    {{"node_wifi_station_transmit_retries_total",
      "The total number of times a station has had to retry while sending a packet.", kCounter,
      "device,mac_address"},
     &WifiStation::transmit_retries},
    {{"node_wifi_station_transmit_failed_total",
      "The total number of times a station has failed to send a packet.", kCounter,
      "device,mac_address"},
     &WifiStation::transmit_failed},
    {{"node_wifi_station_beacon_loss_total",
      "The total number of times a station has detected a beacon loss.", kCounter,
      "device,mac_address"},
     &WifiStation::beacon_loss},
    {{"node_wifi_station_transmitted_packets_total",
      "The total number of packets transmitted by a station.", kCounter, "device,mac_address"},
     &WifiStation::transmitted_packets},
    {{"node_wifi_station_received_packets_total",
      "The total number of packets received by a station.", kCounter, "device,mac_address"},
     &WifiStation::received_packets},
};

class Wifi final : public Collector {
 public:
  explicit Wifi(const CollectorInput& input)
      : fixtures_(input.flags.Text("wifi.fixtures")), nl80211_("nl80211") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(ReadInterfaces());
    for (const WifiInterface& one : interfaces_) {
      if (one.name.empty()) continue;
      out.Add(kFrequency, {one.name}, one.frequency_mhz * 1e6);
      network_.reset();
      DROVER_CHECK(IfAny(ReadNetwork(one)));
      if (network_) {
        out.Add(kInfo,
                {one.name, FormatHardwareAddress(network_->bssid), network_->ssid,
                 WifiMode(network_->status)},
                1);
      }
      stations_.clear();
      DROVER_CHECK(IfAny(ReadStations(one)));
      for (const WifiStation& station : stations_) {
        const std::string address = FormatHardwareAddress(station.address);
        for (const StationMetric& metric : kStation)
          out.Add(metric.desc, {one.name, address}, station.*metric.value);
      }
    }
    return {};
  }

 private:
  // Not every kind of interface has networks or stations, and it may have gone.
  static Status IfAny(Status status) {
    if (!status && (status.error().code() == ErrorCode::kNotFound ||
                    status.error().code() == ErrorCode::kUnsupported))
      return {};
    return status;
  }

  static std::string Request(const WifiInterface& one) {
    std::string attributes;
    AppendAttribute(attributes, NL80211_ATTR_IFINDEX, BytesOf(one.index));
    if (!one.address.empty()) AppendAttribute(attributes, NL80211_ATTR_MAC, one.address);
    return attributes;
  }

  Status ReadInterfaces() {
    if (!fixtures_.empty()) {
      DROVER_TRY(const auto text, ReadUserFile(fixtures_ + "/interfaces.json"));
      DROVER_TRY(interfaces_, ParseWifiInterfacesFixture(text));
      return {};
    }
    const auto status = nl80211_.Dump(
        NL80211_CMD_GET_INTERFACE, "", [this] { interfaces_.clear(); },
        [this](std::string_view attributes) {
          interfaces_.push_back(ParseWifiInterface(attributes));
        });
    if (!status && status.error().code() == ErrorCode::kDenied)
      return Fail(ErrorCode::kNotFound, status.error().message());
    return status;
  }

  Status ReadNetwork(const WifiInterface& one) {
    if (!fixtures_.empty()) {
      DROVER_TRY(const auto text, ReadUserFile(fixtures_ + "/" + one.name + "/bss.json"));
      DROVER_TRY(network_, ParseWifiNetworkFixture(text));
      return {};
    }
    return nl80211_.Dump(
        NL80211_CMD_GET_SCAN, Request(one), [this] { network_.reset(); },
        [this](std::string_view attributes) {
          if (!network_) network_ = ParseWifiNetwork(attributes);
        });
  }

  Status ReadStations(const WifiInterface& one) {
    if (!fixtures_.empty()) {
      DROVER_TRY(const auto text, ReadUserFile(fixtures_ + "/" + one.name + "/stationinfo.json"));
      DROVER_TRY(stations_, ParseWifiStationsFixture(text));
      return {};
    }
    return nl80211_.Dump(
        NL80211_CMD_GET_STATION, Request(one), [this] { stations_.clear(); },
        [this](std::string_view attributes) {
          if (auto station = ParseWifiStation(attributes)) stations_.push_back(*std::move(station));
        });
  }

  const std::string fixtures_;
  GenericNetlink nl80211_;
  std::vector<WifiInterface> interfaces_;
  std::optional<WifiNetwork> network_;
  std::vector<WifiStation> stations_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Wifi>(input);
}

}  // namespace

CollectorSpec WifiSpec() {
  using enum CollectorFlag::Kind;
  CollectorSpec spec{
      "wifi",
      false,
      "Wireless interfaces and their stations.",
      "nl80211 (generic netlink)",
      {{"wifi.fixtures", kText, "", "test fixtures to use for wifi collector metrics"}},
      Make,
      {kFrequency.name, kInfo.name}};
  for (const StationMetric& metric : kStation) spec.metrics.push_back(metric.desc.name);
  return spec;
}

}  // namespace drover::exporters::node
