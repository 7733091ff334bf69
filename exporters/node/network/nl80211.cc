#include "exporters/node/network/nl80211.h"

#include <linux/nl80211.h>

#include "exporters/node/network/fixture_json.h"
#include "exporters/node/network/netlink_bytes.h"

namespace drover::exporters::node {
namespace {

// Information elements: an id, a length, that many bytes.
std::string Ssid(std::string_view elements) {
  constexpr unsigned char kSsid = 0;
  while (elements.size() >= 2) {
    const auto id = static_cast<unsigned char>(elements[0]);
    const auto size = static_cast<unsigned char>(elements[1]);
    if (size + 2U > elements.size()) break;
    if (id == kSsid) return std::string(elements.substr(2, size));
    elements.remove_prefix(size + 2U);
  }
  return {};
}

// Units of 100 kbit/s; 32 bits wide where the kernel has them.
double BitRate(std::string_view bytes) {
  double narrow = 0, wide = 0;
  NetlinkAttributes walk(bytes);
  while (const auto attribute = walk.Next()) {
    if (attribute->type == NL80211_RATE_INFO_BITRATE)
      narrow = attribute->Number<std::uint16_t>().value_or(0);
    if (attribute->type == NL80211_RATE_INFO_BITRATE32)
      wide = attribute->Number<std::uint32_t>().value_or(0);
  }
  return (wide != 0 ? wide : narrow) * 100'000;
}

void TakeStationInfo(std::string_view bytes, WifiStation& station) {
  double received = 0, transmitted = 0;  // 64 bits wide
  NetlinkAttributes walk(bytes);
  while (const auto attribute = walk.Next()) {
    const double u32 = attribute->Number<std::uint32_t>().value_or(0);
    const auto u64 = [&] {
      return static_cast<double>(attribute->Number<std::uint64_t>().value_or(0));
    };
    switch (attribute->type) {
      case NL80211_STA_INFO_CONNECTED_TIME:
        station.connected_seconds = u32;
        break;
      case NL80211_STA_INFO_INACTIVE_TIME:
        station.inactive_seconds = u32 / 1000;
        break;
      case NL80211_STA_INFO_RX_BYTES:
        station.receive_bytes = u32;
        break;
      case NL80211_STA_INFO_TX_BYTES:
        station.transmit_bytes = u32;
        break;
      case NL80211_STA_INFO_RX_BYTES64:
        received = u64();
        break;
      case NL80211_STA_INFO_TX_BYTES64:
        transmitted = u64();
        break;
      case NL80211_STA_INFO_SIGNAL:
        station.signal_dbm = attribute->Number<std::int8_t>().value_or(0);
        break;
      case NL80211_STA_INFO_RX_PACKETS:
        station.received_packets = u32;
        break;
      case NL80211_STA_INFO_TX_PACKETS:
        station.transmitted_packets = u32;
        break;
      case NL80211_STA_INFO_TX_RETRIES:
        station.transmit_retries = u32;
        break;
      case NL80211_STA_INFO_TX_FAILED:
        station.transmit_failed = u32;
        break;
      case NL80211_STA_INFO_BEACON_LOSS:
        station.beacon_loss = u32;
        break;
      case NL80211_STA_INFO_RX_BITRATE:
        station.receive_bits_per_second = BitRate(attribute->payload);
        break;
      case NL80211_STA_INFO_TX_BITRATE:
        station.transmit_bits_per_second = BitRate(attribute->payload);
        break;
      default:
        break;
    }
  }
  if (received != 0) station.receive_bytes = received;
  if (transmitted != 0) station.transmit_bytes = transmitted;
}

}  // namespace

WifiInterface ParseWifiInterface(std::string_view attributes) {
  WifiInterface interface;
  NetlinkAttributes walk(attributes);
  while (const auto attribute = walk.Next()) {
    switch (attribute->type) {
      case NL80211_ATTR_IFINDEX:
        interface.index = attribute->Number<std::uint32_t>().value_or(0);
        break;
      case NL80211_ATTR_IFNAME:
        interface.name = attribute->Text();
        break;
      case NL80211_ATTR_MAC:
        interface.address = attribute->payload;
        break;
      case NL80211_ATTR_WIPHY_FREQ:
        interface.frequency_mhz = attribute->Number<std::uint32_t>().value_or(0);
        break;
      default:
        break;
    }
  }
  return interface;
}

std::optional<WifiNetwork> ParseWifiNetwork(std::string_view attributes) {
  NetlinkAttributes outer(attributes);
  while (const auto attribute = outer.Next()) {
    if (attribute->type != NL80211_ATTR_BSS) continue;
    WifiNetwork network;
    bool is_ours = false;
    NetlinkAttributes walk(attribute->payload);
    while (const auto field = walk.Next()) {
      if (field->type == NL80211_BSS_BSSID) {
        network.bssid = field->payload;
      } else if (field->type == NL80211_BSS_INFORMATION_ELEMENTS) {
        network.ssid = Ssid(field->payload);
      } else if (field->type == NL80211_BSS_STATUS) {
        is_ours = true;
        network.status = field->Number<std::uint32_t>().value_or(0);
      }
    }
    if (is_ours) return network;
  }
  return std::nullopt;
}

std::string_view WifiMode(std::uint32_t status) {
  constexpr std::uint32_t kAuthenticated = 0, kAssociated = 1, kIbssJoined = 3;
  if (status == kAuthenticated || status == kAssociated) return "client";
  return status == kIbssJoined ? "ad-hoc" : "unknown";
}

std::optional<WifiStation> ParseWifiStation(std::string_view attributes) {
  WifiStation station;
  bool any = false;
  NetlinkAttributes walk(attributes);
  while (const auto attribute = walk.Next()) {
    if (attribute->type == NL80211_ATTR_MAC) station.address = attribute->payload;
    if (attribute->type != NL80211_ATTR_STA_INFO) continue;
    any = true;
    TakeStationInfo(attribute->payload, station);
  }
  if (!any) return std::nullopt;
  return station;
}

Result<std::vector<WifiInterface>> ParseWifiInterfacesFixture(std::string_view json) {
  DROVER_TRY(const auto objects, ParseFixtureJson(json));
  std::vector<WifiInterface> interfaces;
  for (const FixtureObject& object : objects)
    interfaces.push_back(
        {0, object.Text("name"), "", static_cast<std::uint32_t>(object.Number("frequency"))});
  return interfaces;
}

Result<WifiNetwork> ParseWifiNetworkFixture(std::string_view json) {
  DROVER_TRY(const auto objects, ParseFixtureJson(json));
  if (objects.size() != 1) return Fail(ErrorCode::kInvalid, "fixture: not one network");
  const FixtureObject& object = objects.front();
  return WifiNetwork{object.Base64("bssid"), object.Text("ssid"),
                     static_cast<std::uint32_t>(object.Number("status"))};
}

Result<std::vector<WifiStation>> ParseWifiStationsFixture(std::string_view json) {
  DROVER_TRY(const auto objects, ParseFixtureJson(json));
  std::vector<WifiStation> stations;
  for (const FixtureObject& object : objects) {
    const auto number = [&](std::string_view key) {
      return static_cast<double>(object.Number(key));
    };
    constexpr double kNanoseconds = 1e9;
    WifiStation station;
    station.address = object.Base64("hardwareaddr");
    station.connected_seconds = number("connected") / kNanoseconds;
    station.inactive_seconds = number("inactive") / kNanoseconds;
    station.receive_bits_per_second = number("receivebitrate");
    station.transmit_bits_per_second = number("transmitbitrate");
    station.receive_bytes = number("receivedbytes");
    station.transmit_bytes = number("transmittedbytes");
    station.signal_dbm = number("signal");
    station.transmit_retries = number("transmitretries");
    station.transmit_failed = number("transmitfailed");
    station.beacon_loss = number("beaconloss");
    station.transmitted_packets = number("transmittedpackets");
    station.received_packets = number("receivedpackets");
    stations.push_back(std::move(station));
  }
  return stations;
}

}  // namespace drover::exporters::node
