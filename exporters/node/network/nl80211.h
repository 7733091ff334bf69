// Wireless interfaces and stations as nl80211 tells them (include/uapi/linux/nl80211.h). What is
// given is a message's attributes, after struct genlmsghdr. Or the JSON of
// --collector.wifi.fixtures.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct WifiInterface {
  std::uint32_t index = 0;
  std::string name;     // empty for some virtual ones
  std::string address;  // raw bytes
  std::uint32_t frequency_mhz = 0;
};
WifiInterface ParseWifiInterface(std::string_view attributes);

struct WifiNetwork {
  std::string bssid;  // raw bytes
  std::string ssid;
  std::uint32_t status = 0;  // NL80211_BSS_STATUS_*
};
// Of a scan's result only the network that the interface belongs to; nullopt for others.
std::optional<WifiNetwork> ParseWifiNetwork(std::string_view attributes);
std::string_view WifiMode(std::uint32_t status);  // "client", "ad-hoc", "unknown"

struct WifiStation {
  std::string address;  // raw bytes
  double connected_seconds = 0, inactive_seconds = 0;
  double receive_bits_per_second = 0, transmit_bits_per_second = 0;
  double receive_bytes = 0, transmit_bytes = 0;
  double signal_dbm = 0;
  double transmit_retries = 0, transmit_failed = 0, beacon_loss = 0;
  double transmitted_packets = 0, received_packets = 0;
};
// nullopt without a station's counters.
std::optional<WifiStation> ParseWifiStation(std::string_view attributes);

Result<std::vector<WifiInterface>> ParseWifiInterfacesFixture(std::string_view json);
Result<WifiNetwork> ParseWifiNetworkFixture(std::string_view json);
Result<std::vector<WifiStation>> ParseWifiStationsFixture(std::string_view json);

}  // namespace drover::exporters::node
