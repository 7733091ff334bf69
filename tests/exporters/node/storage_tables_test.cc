// Tables of file systems, NFS, IPVS: what the kernel prints, what is cut off.
#include <doctest/doctest.h>

#include "exporters/node/network/ip_vs.h"
#include "exporters/node/storage/human_size.h"
#include "exporters/node/storage/kstat.h"
#include "exporters/node/storage/rpc_stats.h"
#include "exporters/node/storage/xfs_stats.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kBinary("\x7f\x45\x4c\x46\x00\xff\x0a\x00\x00\x01", 10);

}  // namespace

TEST_SUITE("exporters/node/storage_tables") {
  TEST_CASE("ip_vs_stats: the third line, in hex") {
    const auto stats = ParseIpVsStats("a\nb\n 1F 2 3 4 A\n\nmore\n");
    REQUIRE(stats.has_value());
    CHECK(stats->connections == 31);
    CHECK(stats->outgoing_bytes == 10);
    for (const std::string_view bad :
         {"", "a\nb\n", "a\nb\n1 2 3 4 5", "a\nb\n1 2 3 4\n\n", "a\nb\n1 2 3 4 z\n\n"})
      CHECK_FALSE(ParseIpVsStats(bad).has_value());
    CHECK_FALSE(ParseIpVsStats(kBinary).has_value());
  }

  TEST_CASE("ip_vs: servers stand below their service") {
    const std::string head =
        "IP Virtual Server version 1.2.1 (size=4096)\nProt LocalAddress:Port Scheduler Flags\n"
        "  -> RemoteAddress:Port Forward Weight ActiveConn InActConn\n";
    const auto backends =
        ParseIpVs(head +
                  "TCP  C0A80016:0050 wlc\n  -> 0A000001:1F90 Tunnel 100 7 2\n"
                  "TCP  [2001:0db8:0000:0000:0000:0000:0000:0001]:0050 rr\n"
                  "  -> [2001:0db8:0000:0000:0000:0000:0000:0002]:0051 Masq 1 0 0\n"
                  "FWM  10001000 wlc\n  -> 0A000002:0000 Route 20 64 1\n"
                  "SCTP C0A80016:0050 wlc\n  -> 0A000003:1F90 Tunnel 100 7 2\n");
    REQUIRE(backends.has_value());
    REQUIRE(backends->size() == 3);
    CHECK((*backends)[0].local_address == "192.168.0.22");
    CHECK((*backends)[0].local_port == 80);
    CHECK((*backends)[0].remote_port == 8080);
    CHECK((*backends)[0].active == 7);
    CHECK((*backends)[1].local_address == "2001:db8::1");
    CHECK((*backends)[2].local_mark == "10001000");
    CHECK((*backends)[2].local_address.empty());
    CHECK(ParseIpVs(head)->empty());
    for (const std::string bad : {"TCP C0A8001:0050 wlc\n", "UDP C0A80016:XXXX wlc\n", "TCP\n",
                                  "TCP C0A80016:0050 wlc\n  -> 0A000001:1F90 Tunnel 100 7\n",
                                  "TCP C0A80016:0050 wlc\n  -> 0A0001:1F90 Tunnel 1 7 2\n",
                                  "TCP [2001:zzzz:0000:0000:0000:0000:0000:0001]:0050 rr\n"})
      CHECK_FALSE(ParseIpVs(head + bad).has_value());
    CHECK_FALSE(ParseIpVs("").has_value());
  }

  TEST_CASE("rpc: lines that count themselves must be whole") {
    const auto stats = ParseRpcStats("net 1 2 3 4\nth 8 0 0.000 0.000\nproc3 2 7 9\nnew 5\n");
    REQUIRE(stats.has_value());
    CHECK(stats->at("th").size() == 2);
    CHECK(stats->at("proc3")[2] == 9);
    for (const std::string_view bad :
         {"net\n", "net 1 x\n", "proc3 2 7\n", "proc3 2 7 8 9\n", "\n"})
      CHECK_FALSE(ParseRpcStats(bad).has_value());
    CHECK_FALSE(ParseRpcStats(kBinary).has_value());
  }

  TEST_CASE("xfs: a name and numbers; gc xpc has two words") {
    const auto lines = ParseXfsStats("abt 1 2\nxpc 18446744073709551615\ngc xpc 1 2\ndebug\n");
    REQUIRE(lines.has_value());
    CHECK(lines->at("abt").size() == 2);
    CHECK(lines->at("debug").empty());
    for (const std::string_view bad : {"", "abt 1 -2\n", "abt x\n"})
      CHECK_FALSE(ParseXfsStats(bad).has_value());
  }

  TEST_CASE("kstat: 64-bit numbers behind the heading; a data set's name may hold blanks") {
    std::string got;
    const auto number = [&](std::string_view name, double value) {
      got += std::string(name) + "=" + std::to_string(static_cast<int>(value)) + " ";
    };
    const auto dataset = [&](std::string_view name) { got += "[" + std::string(name) + "] "; };
    REQUIRE(
        ParseKstat("6 1 0x01\nname type data\ndataset_name 7 a pool/b\nhits 4 7\nlow 3 -2\n"
                   "text 7 x\nshort 4\n",
                   number, dataset));
    CHECK(got == "[a pool/b] hits=7 low=-2 ");
    for (const std::string_view bad : {"", "6 1 0x01\n", "name type data\nhits 4 -1\n",
                                       "name type data\nhits 4 x\n", "name type data\nlow 3 1.5\n"})
      CHECK_FALSE(ParseKstat(bad, number).has_value());
    got.clear();
    REQUIRE(ParseKstatIo("12 3 0x00\nnread rcnt\n5 6\n", number));
    CHECK(got == "nread=5 rcnt=6 ");
    CHECK_FALSE(ParseKstatIo("nread rcnt\n5\n", number).has_value());
    CHECK(ParseKstatIo("", number).has_value());
  }

  TEST_CASE("sizes for people") {
    CHECK(ParseHumanSize("1.5k") == 1536);
    CHECK(ParseHumanSize("697\n") == 697);
    CHECK(ParseHumanSize("2M") == 2097152);
    CHECK(ParseHumanSize("1E") == 0x1p60);
    CHECK(ParseBcacheSize("1.10k") == 2024);  // 1024 + 10/10.24 of it
    CHECK(ParseBcacheSize("-2.0k") == -2048);
    CHECK(ParseBcacheSize("512") == 512);
    for (const std::string_view bad : {"", "k", "x", "-1", "1.2.3k", "nan", "inf", "9999E"}) {
      CHECK_FALSE(ParseHumanSize(bad).has_value());
      if (bad != "-1") CHECK_FALSE(ParseBcacheSize(bad).has_value());
    }
  }
}
}  // namespace drover::exporters::node
