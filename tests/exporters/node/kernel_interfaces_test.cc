// Decoders of generic netlink, wireless links, drivers' counters, processes and interrupts.
#include <linux/ethtool_netlink.h>
#include <linux/genetlink.h>
#include <linux/nl80211.h>

#include <doctest/doctest.h>
#include <stdlib.h>

#include "exporters/node/network/ethtool_names.h"
#include "exporters/node/network/genetlink.h"
#include "exporters/node/network/link_modes.h"
#include "exporters/node/network/net_class.h"
#include "exporters/node/network/netlink_bytes.h"
#include "exporters/node/network/nl80211.h"
#include "exporters/node/processor/interrupt_table.h"
#include "exporters/node/processor/perf_event.h"
#include "exporters/node/system/process_stat.h"
#include "exporters/node/system/system_bus.h"
#include "exporters/node/system/systemd_version.h"

namespace drover::exporters::node {
namespace {

std::string U32(std::uint32_t value) { return std::string(BytesOf(value)); }

}  // namespace

TEST_SUITE("exporters/node/kernel_interfaces") {
  TEST_CASE("a generic family has an id; without one it is none") {
    std::string bytes;
    AppendAttribute(bytes, CTRL_ATTR_VERSION, U32(2));
    CHECK_FALSE(ParseGenericFamily(bytes).has_value());
    const std::uint16_t id = 27;
    AppendAttribute(bytes, CTRL_ATTR_FAMILY_ID, BytesOf(id));
    REQUIRE(ParseGenericFamily(bytes).has_value());
    CHECK(ParseGenericFamily(bytes)->id == 27);
    CHECK(ParseGenericFamily(bytes)->version == 2);
  }
  TEST_CASE("a family that no kernel has is not found") {
    GenericNetlink nobody("drover-nobody");
    const auto status = nobody.Dump(1, "", {}, [](std::string_view) {});
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code() == ErrorCode::kNotFound);
  }
  TEST_CASE("speed and duplex of a link") {
    std::string header, bytes;
    AppendAttribute(header, ETHTOOL_A_HEADER_DEV_NAME, std::string_view("eth0\0", 5));
    AppendAttribute(bytes, ETHTOOL_A_LINKMODES_HEADER, header);
    AppendAttribute(bytes, ETHTOOL_A_LINKMODES_SPEED, U32(2500));
    AppendAttribute(bytes, ETHTOOL_A_LINKMODES_DUPLEX, "\1");
    const auto mode = ParseLinkMode(bytes);
    REQUIRE(mode.has_value());
    CHECK(mode->device == "eth0");
    CHECK(mode->speed_mbit == 2500);
    CHECK(DuplexName(mode->duplex) == "Full");
    CHECK(DuplexName(0xff) == "Unknown");
    CHECK_FALSE(ParseLinkMode("").has_value());
  }
  TEST_CASE("a scan's result: the network that has a status is ours, its name an element") {
    std::string other, ours;
    AppendAttribute(other, NL80211_BSS_BSSID, "123456");
    std::string bytes;
    AppendAttribute(bytes, NL80211_ATTR_BSS, other);
    CHECK_FALSE(ParseWifiNetwork(bytes).has_value());
    AppendAttribute(ours, NL80211_BSS_BSSID, "abcdef");
    AppendAttribute(ours, NL80211_BSS_INFORMATION_ELEMENTS,
                    std::string_view("\1\1x\0\4home\7\xff", 11));
    AppendAttribute(ours, NL80211_BSS_STATUS, U32(1));
    AppendAttribute(bytes, NL80211_ATTR_BSS, ours);
    const auto network = ParseWifiNetwork(bytes);
    REQUIRE(network.has_value());
    CHECK(network->bssid == "abcdef");
    CHECK(network->ssid == "home");
    CHECK(WifiMode(network->status) == "client");
    CHECK(WifiMode(3) == "ad-hoc");
    CHECK(WifiMode(2) == "unknown");
  }
  TEST_CASE("a station: wide counters before narrow ones, signed signal, rates of 100 kbit/s") {
    std::string rate, narrow_rate, info, bytes;
    AppendAttribute(rate, NL80211_RATE_INFO_BITRATE, std::string_view("\1\0", 2));
    AppendAttribute(rate, NL80211_RATE_INFO_BITRATE32, U32(70'000));
    AppendAttribute(narrow_rate, NL80211_RATE_INFO_BITRATE, std::string_view("\2\0", 2));
    const std::uint64_t wide = 1ULL << 40;
    AppendAttribute(info, NL80211_STA_INFO_RX_BYTES64, BytesOf(wide));
    AppendAttribute(info, NL80211_STA_INFO_RX_BYTES, U32(5));
    AppendAttribute(info, NL80211_STA_INFO_TX_BYTES, U32(6));
    AppendAttribute(info, NL80211_STA_INFO_SIGNAL, "\xcc");
    AppendAttribute(info, NL80211_STA_INFO_INACTIVE_TIME, U32(1500));
    AppendAttribute(info, NL80211_STA_INFO_RX_BITRATE, rate);
    AppendAttribute(info, NL80211_STA_INFO_TX_BITRATE, narrow_rate);
    AppendAttribute(bytes, NL80211_ATTR_MAC, "abcdef");
    CHECK_FALSE(ParseWifiStation(bytes).has_value());
    AppendAttribute(bytes, NL80211_ATTR_STA_INFO, info);
    const auto station = ParseWifiStation(bytes);
    REQUIRE(station.has_value());
    CHECK(station->receive_bytes == static_cast<double>(wide));
    CHECK(station->transmit_bytes == 6);
    CHECK(station->signal_dbm == -52);
    CHECK(station->inactive_seconds == 1.5);
    CHECK(station->receive_bits_per_second == 7e9);
    CHECK(station->transmit_bits_per_second == 2e5);
  }
  TEST_CASE("names of drivers' counters") {
    const struct {
      std::string_view text, want;
    } cases[] = {
        {"rx_bytes", "received_bytes"},
        {"rx", "received"},
        {"Tx Queue-0", "transmitted_queue_0"},
        {"rx_queue_0_xdp_tx", "received_queue_0_xdp_transmitted"},
        {"rxq0_rx", "rxq0_received"},
        {"rx_rx_x", "received_rx_x"},
        {"port.rx-errors (crc)", "port_received_errors_crc_"},
        {"__a_ - _b", "a_b"},
        {"a_-_-b", "a__b"},
        {"tx_tx_timeouts", "transmitted_tx_timeouts"},
    };
    for (const auto& c : cases) {
      CAPTURE(c.text);
      CHECK(EthtoolMetricName(SanitizeMetricName(c.text)) == c.want);
    }
  }
  TEST_CASE("a process's line: the name may hold brackets and newlines") {
    const auto stat = ParseProcessStat(
        "42 (a) R 9\n(b)) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 37 0 100 1 2\n");
    REQUIRE(stat.has_value());
    CHECK(stat->state == 'S');
    CHECK(stat->threads == 37);
    for (const char* bad : {"", "42", "42 (a", "42 (a) S 1 2",
                            "42 (a) SS 1 42 42 0 -1 4194560 1 2 "
                            "3 4 5 6 7 8 20 0 37 0 100",
                            "\x01\xff)"})
      CHECK_FALSE(ParseProcessStat(bad).has_value());
  }
  TEST_CASE("interrupts: numbered, named, without a space; lines without all counts are left out") {
    std::vector<Interrupt> out;
    REQUIRE(
        ParseInterrupts("           CPU0       CPU1\n"
                        "  8:         18          3   IO-APIC   8-edge     rtc0\n"
                        "NMI:          1          2   Non-maskable  interrupts\n"
                        "IPI0:7 9 Rescheduling\n"
                        "ERR:          0\nMIS: 0 1\n\ngarbage\n",
                        out));
    REQUIRE(out.size() == 3);
    CHECK(out[0].name == "8");
    CHECK(out[0].info == "IO-APIC");
    CHECK(out[0].devices == "8-edge rtc0");
    CHECK(out[0].counts == std::vector<double>{18, 3});
    CHECK(out[1].info == "Non-maskable interrupts");
    CHECK(out[1].devices.empty());
    CHECK(out[2].counts == std::vector<double>{7, 9});
    CHECK_FALSE(ParseInterrupts("", out).has_value());
    CHECK_FALSE(ParseInterrupts(" CPU0\n 1: x y\n", out).has_value());
  }
  TEST_CASE("lists of CPUs: single ones, ranges, strides") {
    CHECK(*ParsePerfCpus("0") == std::vector<int>{0});
    CHECK(*ParsePerfCpus("0-2,7,10-20:5") == std::vector<int>{0, 1, 2, 7, 10, 15, 20});
    CHECK(ParsePerfCpus("3-1")->empty());
    CHECK(ParsePerfCpus("0-8191,0-8191")->size() == 8192);
    for (const char* bad :
         {"", ",", "1,", "a", "-1", "1-", "1-2:0", "1-2:", "1-2-3", "+1", "99999"})
      CHECK_FALSE(ParsePerfCpus(bad).has_value());
  }
  TEST_CASE("an event that no processor has is not supported") {
    const auto counter = PerfCounter::Open({0, 0xFFFF}, 0);
    REQUIRE_FALSE(counter.has_value());
    CHECK((counter.error().code() == ErrorCode::kUnsupported ||
           counter.error().code() == ErrorCode::kDenied));
  }
  TEST_CASE("numbers of sysfs: decimal, negative, hexadecimal, nothing else") {
    CHECK(ParseSysfsNumber("-1\n") == -1);
    CHECK(ParseSysfsNumber("0x1003\n") == 0x1003);
    for (const char* bad : {"", "0x", "x", "1 2", "0xzz"})
      CHECK_FALSE(ParseSysfsNumber(bad).has_value());
  }
  TEST_CASE("systemd's versions") {
    CHECK(ParseSystemdVersion("252.39-1~deb12u2") == 252.39);
    CHECK(ParseSystemdVersion("v249 (249.11-0ubuntu3)") == 249);
    CHECK(ParseSystemdVersion("systemd 12 and 1 then 256.") == 256);
    for (const char* none : {"", "12.3", "v9", "no"})
      CHECK_FALSE(ParseSystemdVersion(none).has_value());
  }
  TEST_CASE("a bus that is not there is not found, and asked for again the next time") {
    ::setenv("DBUS_SYSTEM_BUS_ADDRESS", "unix:path=/nowhere/bus", 1);
    const auto clock = MakeSystemClock();
    SystemBus bus(SystemBus::Peer::kSystemBus, *clock);
    for (int i = 0; i < 2; ++i) {
      const auto value = bus.Property({"a.b", "/", "a.b"}, "C");
      REQUIRE_FALSE(value.has_value());
      CHECK((value.error().code() == ErrorCode::kNotFound ||
             value.error().code() == ErrorCode::kUnsupported));
      CHECK_FALSE(bus.is_connected());
    }
  }
}

}  // namespace drover::exporters::node
