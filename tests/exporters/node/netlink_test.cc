// Netlink's bytes, the decoders on them, and the socket against this machine's kernel.
#include "exporters/node/network/netlink.h"

#include <errno.h>
#include <linux/gen_stats.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <doctest/doctest.h>

#include "exporters/node/network/arp_table.h"
#include "exporters/node/network/fixture_json.h"
#include "exporters/node/network/inet_diag.h"
#include "exporters/node/network/ip_text.h"
#include "exporters/node/network/net_stats.h"
#include "exporters/node/network/netlink_bytes.h"
#include "exporters/node/network/qdisc_stats.h"
#include "exporters/node/network/route.h"
#include "exporters/node/network/rt_link.h"

namespace drover::exporters::node {
namespace {

std::string U32(std::uint32_t value) { return std::string(BytesOf(value)); }

std::string Raw(std::initializer_list<int> bytes) {
  std::string out;
  for (const int byte : bytes) out += static_cast<char>(byte);
  return out;
}

std::string LinkBody() {
  ifinfomsg header{};
  header.ifi_index = 7;
  header.ifi_flags = 0x1003;
  header.ifi_type = 1;
  std::string body(BytesOf(header));
  AppendAttribute(body, IFLA_IFNAME, std::string_view("eth0\0", 5));
  AppendAttribute(body, IFLA_ADDRESS, Raw({2, 0x42, 0xac, 0, 0, 0xff}));
  AppendAttribute(body, IFLA_CARRIER, Raw({1}));
  AppendAttribute(body, IFLA_OPERSTATE, Raw({6}));
  AppendAttribute(body, IFLA_MTU, U32(9000));
  std::string stats;
  for (std::uint64_t i = 1; i <= 25; ++i) stats += BytesOf(i);  // one more than we know
  AppendAttribute(body, IFLA_STATS64, stats);
  return body;
}

}  // namespace

TEST_SUITE("exporters/node/netlink") {
  TEST_CASE("a link's attributes; of a cut one what is whole, never a read past the end") {
    const std::string body = LinkBody();
    const auto link = ParseRtLink(body);
    REQUIRE(link.has_value());
    CHECK(link->index == 7);
    CHECK(link->name == "eth0");
    CHECK(FormatHardwareAddress(link->address) == "02:42:ac:00:00:ff");
    CHECK(link->carrier == 1);
    CHECK(link->operational_state == 6);
    CHECK(link->mtu == 9000);
    CHECK_FALSE(link->carrier_changes.has_value());
    NetDevice device;
    REQUIRE(ToNetDevice(*link, device));
    CHECK(device.name == "eth0");
    CHECK(device.Get(NetCounter::kReceivePackets) == 1);
    CHECK(device.Get(NetCounter::kReceiveNohandler) == 24);
    for (std::size_t cut = 0; cut < body.size(); ++cut) {
      const auto part = ParseRtLink(std::string_view(body).substr(0, cut));
      NetDevice cut_device;
      if (part) CHECK_FALSE(ToNetDevice(*part, cut_device));
    }
  }
  TEST_CASE("counters 32 bits wide count where a device has no others") {
    std::string body(BytesOf(ifinfomsg{}));
    AppendAttribute(body, IFLA_IFNAME, std::string_view("old\0", 4));
    AppendAttribute(body, IFLA_STATS, U32(5) + U32(6));
    NetDevice device;
    REQUIRE(ToNetDevice(*ParseRtLink(body), device));
    CHECK(device.Get(NetCounter::kTransmitPackets) == 6);
    CHECK_FALSE(device.Has(NetCounter::kReceiveBytes));
  }
  TEST_CASE("messages of a datagram: a length that lies ends the walk") {
    nlmsghdr header{};
    header.nlmsg_len = sizeof header + 3;
    header.nlmsg_type = RTM_NEWLINK;
    header.nlmsg_seq = 9;
    std::string datagram = std::string(BytesOf(header)) + "abc" + std::string(1, '\0');
    NetlinkMessages once(datagram);
    const auto first = once.Next();
    REQUIRE(first.has_value());
    CHECK(first->body == "abc");
    CHECK(first->sequence == 9);
    CHECK_FALSE(once.Next().has_value());
    for (const std::uint32_t length : {0U, 8U, 4000U}) {
      header.nlmsg_len = length;
      const std::string bad = std::string(BytesOf(header)) + "abcd";
      NetlinkMessages messages(bad);
      CHECK_FALSE(messages.Next().has_value());
    }
  }
  TEST_CASE("an answer: only its own messages, its end, its error, whether it stood still") {
    const auto message = [](std::uint16_t type, std::uint16_t flags, std::uint32_t sequence,
                            std::string_view body) {
      nlmsghdr header{};
      header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + body.size());
      header.nlmsg_type = type;
      header.nlmsg_flags = flags;
      header.nlmsg_seq = sequence;
      return std::string(BytesOf(header)).append(body);
    };
    std::string seen;
    const auto keep = [&](std::uint16_t, std::string_view body) { seen += body; };
    NetlinkAnswer answer(7);
    CHECK_FALSE(*answer.Take(message(RTM_NEWLINK, NLM_F_MULTI, 7, "aaaa") +
                                 message(RTM_NEWLINK, NLM_F_MULTI, 6, "old!") +
                                 message(NLMSG_NOOP, 0, 7, "noop"),
                             keep));
    CHECK(seen == "aaaa");
    CHECK_FALSE(answer.is_interrupted());
    CHECK_FALSE(*answer.Take(message(RTM_NEWLINK, NLM_F_DUMP_INTR, 7, "bbbb"), keep));
    CHECK_FALSE(*answer.Take(message(NLMSG_DONE, 0, 6, U32(0)), keep));
    CHECK(*answer.Take(message(NLMSG_DONE, 0, 7, U32(0)), keep));
    CHECK(answer.is_interrupted());
    CHECK(seen == "aaaabbbb");
    CHECK(*NetlinkAnswer(7).Take(message(NLMSG_DONE, 0, 7, ""), keep));       // an old kernel's
    CHECK(*NetlinkAnswer(7).Take(message(NLMSG_ERROR, 0, 7, U32(0)), keep));  // "as you wished"
    const auto denied = NetlinkAnswer(7).Take(
        message(NLMSG_ERROR, 0, 7, U32(static_cast<std::uint32_t>(-EPERM))), keep);
    REQUIRE_FALSE(denied.has_value());
    CHECK(denied.error().code() == ErrorCode::kDenied);
    const auto broken = NetlinkAnswer(7).Take(
        message(NLMSG_DONE, 0, 7, U32(static_cast<std::uint32_t>(-ENOMEM))), keep);
    REQUIRE_FALSE(broken.has_value());
    CHECK(broken.error().code() == ErrorCode::kExhausted);
  }
  TEST_CASE("an answer longer than the first buffer is taken, one longer than the limit refused") {
    // Every link of this machine in datagrams of any size goes through; with a limit below one
    // datagram none does.
    NetlinkSocket small(NETLINK_ROUTE, {.silence = std::chrono::milliseconds(500),
                                        .datagram_bytes = 1 << 20,
                                        .attempts = 4,
                                        .first_buffer_bytes = 64});
    int links = 0;
    CHECK(DumpLinks(
        small, [&] { links = 0; }, [&](const RtLink&) { ++links; }));
    CHECK(links > 0);
    NetlinkSocket tiny(NETLINK_ROUTE, {.silence = std::chrono::milliseconds(500),
                                       .datagram_bytes = 128,
                                       .attempts = 4,
                                       .first_buffer_bytes = 64});
    const auto refused = DumpLinks(tiny, {}, [](const RtLink&) {});
    REQUIRE_FALSE(refused.has_value());
    CHECK(refused.error().code() == ErrorCode::kUnavailable);
  }
  TEST_CASE("routes: one hop, several hops with weights, the default route") {
    rtmsg header{};
    header.rtm_dst_len = 24;
    header.rtm_type = RTN_UNICAST;
    header.rtm_protocol = RTPROT_STATIC;
    std::string body(BytesOf(header));
    AppendAttribute(body, RTA_DST, Raw({10, 1, 2, 0}));
    AppendAttribute(body, RTA_OIF, U32(3));
    AppendAttribute(body, RTA_PRIORITY, U32(100));
    auto route = ParseRoute(body);
    REQUIRE(route.has_value());
    CHECK(FormatIp(route->destination) == "10.1.2.0");
    REQUIRE(route->hops.size() == 1);
    CHECK(route->hops[0].index == 3);
    CHECK(route->hops[0].weight == 0);
    CHECK(route->priority == 100);
    CHECK(RouteProtocolName(route->protocol) == "static");
    CHECK(RouteProtocolName(99) == "unknown");

    std::string hops;
    for (int i = 0; i < 2; ++i) {
      std::string attributes;
      AppendAttribute(attributes, RTA_GATEWAY, Raw({10, 0, 0, 1 + i}));
      rtnexthop hop{};
      hop.rtnh_len = static_cast<unsigned short>(sizeof hop + attributes.size());
      hop.rtnh_hops = static_cast<unsigned char>(i * 4);
      hop.rtnh_ifindex = 5 + i;
      hops += std::string(BytesOf(hop)) + attributes;
    }
    AppendAttribute(body, RTA_MULTIPATH, hops);
    route = ParseRoute(body);
    REQUIRE(route->hops.size() == 2);
    CHECK(route->hops[1].index == 6);
    CHECK(route->hops[1].weight == 5);
    CHECK(FormatIp(route->hops[1].gateway) == "10.0.0.2");
    CHECK_FALSE(ParseRoute(std::string_view(body).substr(0, 11)).has_value());
  }
  TEST_CASE("addresses print as Go prints them") {
    const struct {
      std::initializer_list<int> bytes;
      std::string_view want;
    } cases[] = {
        {{127, 0, 0, 1}, "127.0.0.1"},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "::"},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1}, "::1"},
        {{0xfe, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, "fe80::"},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 1, 2, 3, 4}, "1.2.3.4"},
        {{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 3, 4}, "::102:304"},
        {{0x20, 1, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1}, "2001:0:1::1:0:1"},
        {{0x20, 1, 0, 1, 0, 0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5}, "2001:1:0:1:2:3:4:5"},
        {{0x20, 1, 0, 0, 0, 0, 0, 1, 0, 1, 0, 0, 0, 0, 0, 1}, "2001::1:1:0:0:1"},
        {{1, 2, 3}, ""},
    };
    for (const auto& c : cases) {
      CAPTURE(c.want);
      CHECK(FormatIp(Raw(c.bytes)) == c.want);
    }
  }
  TEST_CASE("queueing disciplines: new and old counters, the root") {
    tcmsg header{};
    header.tcm_ifindex = 2;
    header.tcm_parent = 0xFFFFFFFF;
    std::string body(BytesOf(header));
    AppendAttribute(body, TCA_KIND, std::string_view("fq_codel\0", 9));
    const std::string without = body;
    std::string stats;
    const std::uint64_t bytes = 4096;
    AppendAttribute(stats, TCA_STATS_BASIC, std::string(BytesOf(bytes)) + U32(32));
    AppendAttribute(stats, TCA_STATS_QUEUE, U32(1) + U32(1500) + U32(2) + U32(3) + U32(4));
    AppendAttribute(body, TCA_STATS2, stats);
    const auto qdisc = ParseQdisc(body);
    REQUIRE(qdisc.has_value());
    CHECK(qdisc->parent == 0);
    CHECK(qdisc->kind == "fq_codel");
    CHECK(qdisc->bytes == 4096);
    CHECK(qdisc->packets == 32);
    CHECK(qdisc->queue_packets == 1);
    CHECK(qdisc->backlog_bytes == 1500);
    CHECK(qdisc->drops == 2);
    CHECK(qdisc->requeues == 3);
    CHECK(qdisc->overlimits == 4);
    std::string old = without;
    AppendAttribute(
        old, TCA_STATS,
        std::string(BytesOf(bytes)) + U32(8) + U32(7) + U32(6) + U32(5) + U32(4) + U32(3) + U32(2));
    CHECK(ParseQdisc(old)->packets == 8);
    CHECK(ParseQdisc(old)->backlog_bytes == 2);
    CHECK_FALSE(ParseQdisc("short").has_value());
  }
  TEST_CASE("neighbours and sockets that are too short are none") {
    CHECK_FALSE(ParseNeighbour("abc").has_value());
    CHECK_FALSE(ParseInetSocket(std::string(71, '\0')).has_value());
    CHECK(ParseInetSocket(std::string(72, '\1'))->state == 1);
  }
  TEST_CASE("/proc/net/arp: entries by device; other lines are refused") {
    ArpCounts counts;
    REQUIRE(ParseArpFile(
        "IP address       HW type     Flags       HW address            Mask     Device\n"
        "10.0.0.1 0x1 0x2 02:00:00:00:00:01 * eth0\n"
        "10.0.0.2 0x1 0x2 02:00:00:00:00:02 * eth0\n",
        counts));
    CHECK(counts.size() == 1);
    CHECK(counts["eth0"] == 2);
    CHECK(ParseArpFile("", counts).has_value());
    CHECK(counts.empty());
    CHECK_FALSE(ParseArpFile("10.0.0.1 0x1 0x2", counts).has_value());
    CHECK_FALSE(ParseArpFile(std::string("\0\1\2 \xff\n", 6), counts).has_value());
  }
  TEST_CASE("fixtures: flat objects only") {
    const auto many = ParseFixtureJson(R"([{"a": "x", "n": -5}, {}])");
    REQUIRE(many.has_value());
    REQUIRE(many->size() == 2);
    CHECK(many->front().Text("a") == "x");
    CHECK(many->front().Number("n") == -5);
    CHECK(ParseFixtureJson(R"({"b": "ABEiM0RV"})")->front().Base64("b") ==
          std::string("\x00\x11\x22\x33\x44\x55", 6));
    for (const char* bad : {"", "[", "[{]", "{\"a\":}", "{\"a\":[1]}", "{\"a\":1}x", "{\"a\\\":1}"})
      CHECK_FALSE(ParseFixtureJson(bad).has_value());
  }
  TEST_CASE("the kernel's own answers: the loopback, twice over one socket") {
    LinkDump links;
    std::vector<NetDevice> devices;
    for (int i = 0; i < 2; ++i) {
      REQUIRE(links.Read(devices));
      bool found = false;
      for (const NetDevice& device : devices) found = found || device.name == "lo";
      CHECK(found);
    }
  }
  TEST_CASE("the kernel's errors keep their meaning, and the socket can be used again") {
    NetlinkSocket socket(NETLINK_ROUTE);
    std::string nobody(BytesOf(ifinfomsg{}));
    AppendAttribute(nobody, IFLA_IFNAME, std::string_view("nobody-has-it\0", 14));
    int messages = 0;
    const NetlinkVisitor count{.begin = {}, .message = [&](auto, auto) { ++messages; }};
    const auto none = socket.Get(RTM_GETLINK, nobody, count);
    REQUIRE_FALSE(none.has_value());
    CHECK(none.error().code() == ErrorCode::kUnsupported);  // ENODEV
    CHECK(messages == 0);
    std::string loopback(BytesOf(ifinfomsg{}));
    AppendAttribute(loopback, IFLA_IFNAME, std::string_view("lo\0", 3));
    CHECK(socket.Get(RTM_GETLINK, loopback, count));
    CHECK(messages == 1);
  }
  TEST_CASE("a protocol that no kernel has is not supported, not an outage") {
    NetlinkSocket socket(31);
    const auto status = socket.Dump(16, "", {.begin = {}, .message = [](auto, auto) {}});
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code() == ErrorCode::kUnsupported);
  }
}

}  // namespace drover::exporters::node
