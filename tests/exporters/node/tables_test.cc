// Tables of /proc: what a kernel prints, what an old one lacks, what is cut off.
#include <doctest/doctest.h>

#include "exporters/node/hardware/sensor_name.h"
#include "exporters/node/metric_name.h"
#include "exporters/node/network/proc_net.h"
#include "exporters/node/processor/sched_stat.h"
#include "exporters/node/storage/md_stat.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kBinary("\x7f\x45\x4c\x46\x00\xff\x0a\x00\x00\x01", 10);

std::string Snmp(std::string_view text, bool is_ipv6 = false) {
  std::string got;
  const SnmpSink sink = [&](std::string_view protocol, std::string_view name, double value) {
    got += std::string(protocol) + "." + std::string(name) + "=" +
           std::to_string(static_cast<int>(value)) + " ";
  };
  const Status status = is_ipv6 ? ParseSnmp6(text, sink) : ParseSnmp(text, sink);
  return status ? got : "error";
}

}  // namespace

TEST_SUITE("exporters/node/tables") {
  TEST_CASE("snmp: a line of names and a line of values per protocol") {
    CHECK(Snmp("Ip: A B\nIp: 1 2\nTcp: C\nTcp: -1\n") == "Ip.A=1 Ip.B=2 Tcp.C=-1 ");
    for (const std::string_view bad : {"", "Ip: A B\n", "Ip: A B\nIp: 1\n", "Ip: A\nIp: 1 2\n",
                                       "Ip: A\nTcp: 1\n", "Ip: A\nIp: x\n", "A\n1\n", "\n\n"})
      CHECK(Snmp(bad) == "error");
    CHECK(Snmp(kBinary) == "error");
  }
  TEST_CASE("snmp6: the protocol ends with the 6, lines without one are skipped") {
    CHECK(Snmp("Ip6In \t 7\nUdpLite6X 1\nother 5\nIcmp6\n", true) == "Ip6.In=7 UdpLite6.X=1 ");
    CHECK(Snmp("Ip6In x\n", true) == "error");
    CHECK(Snmp("", true).empty());
  }
  TEST_CASE("sockstat: fields that a protocol lacks are absent") {
    SockStats stats;
    REQUIRE(
        ParseSockStat("sockets: used 9\nTCP: inuse 4 orphan 0 tw 1 alloc 2 mem 3\n"
                      "FRAG: inuse 0 memory 7\nRAW: other 1\n",
                      stats));
    CHECK(stats.used == 9);
    REQUIRE(stats.protocols.size() == 3);
    CHECK(stats.protocols[0].mem_pages == 3);
    CHECK(stats.protocols[1].memory == 7);
    CHECK_FALSE(stats.protocols[1].tw.has_value());
    CHECK(stats.protocols[2].in_use == 0);
    for (const std::string_view bad : {"", "TCP:\n", "TCP: inuse\n", "TCP: inuse x\n", "\n"})
      CHECK_FALSE(ParseSockStat(bad, stats).has_value());
    CHECK_FALSE(ParseSockStat(kBinary, stats).has_value());
  }
  TEST_CASE("softnet_stat: 9, 10, 11 and 13 columns; CPUs are counted where they have no number") {
    std::vector<SoftnetStat> cpus;
    REQUIRE(ParseSoftnetStat("a 1 2 0 0 0 0 0 3\nff 1 2 0 0 0 0 0 3 4\n", cpus));
    REQUIRE(cpus.size() == 2);
    CHECK(cpus[0].processed == 10);
    CHECK(cpus[1].cpu == 1);
    CHECK(cpus[1].received_rps == 4);
    REQUIRE(ParseSoftnetStat("1 2 3 0 0 0 0 0 5 6 7 8 9 a b\n", cpus));
    CHECK(cpus[0].backlog == 8);
    CHECK(cpus[0].cpu == 9);
    for (const std::string_view bad :
         {"", "1 2 3 0 0 0 0 0\n", "1 2 3 0 0 0 0 0 x\n", "100000000 2 3 0 0 0 0 0 1\n", "\n"})
      CHECK_FALSE(ParseSoftnetStat(bad, cpus).has_value());
  }
  TEST_CASE("nf_conntrack: sums over the CPUs; 16 or 17 columns") {
    const auto stat = ParseConntrackStat(
        "entries searched …\n1 2 3 4 5 6 7 8 9 a b c d e f 10 11\n1 2 3 4 5 6 7 8 9 a b c d e f "
        "10\n");
    REQUIRE(stat.has_value());
    CHECK(stat->found == 6);
    CHECK(stat->invalid == 10);
    CHECK(stat->drop == 22);
    CHECK(stat->search_restart == 17);
    for (const std::string_view bad : {"", "entries\n", "entries\n1 2\n", "entries\n1 2 z\n",
                                       "e\n1 2 3 4 5 6 7 8 9 a b c d e f 10 11 12\n"})
      CHECK_FALSE(ParseConntrackStat(bad).has_value());
  }
  TEST_CASE("udp: queues of all sockets; no socket is 0") {
    const std::string line =
        "  1: 00000000:006F 00000000:0000 07 00000015:0000000A 00:00000000 00000000 0 0 1 2 0 0\n";
    const auto queues = ParseUdpQueues("sl local …\n" + line + line);
    REQUIRE(queues.has_value());
    CHECK(queues->tx_bytes == 42);
    CHECK(queues->rx_bytes == 20);
    CHECK(ParseUdpQueues("sl local …\n")->tx_bytes == 0);
    CHECK_FALSE(ParseUdpQueues("").has_value());
    CHECK_FALSE(ParseUdpQueues("sl\n" + line + line.substr(0, 50) + "\n").has_value());
    CHECK_FALSE(ParseUdpQueues("sl\n1: a b c 1z:2 e f g h i j k l\n").has_value());
    CHECK_FALSE(ParseUdpQueues(kBinary).has_value());
  }
  TEST_CASE("schedstat: the last three of nine numbers; domains are skipped") {
    std::vector<SchedStat> cpus;
    REQUIRE(
        ParseSchedStat("version 15\ntimestamp 1\ncpu0 1 2 3 4 5 6 7 8 9\ndomain0 3 1 2\n"
                       "cpu12 0 0 0 0 0 0 1 2 3\n",
                       cpus));
    REQUIRE(cpus.size() == 2);
    CHECK(cpus[0].running_ns == 7);
    CHECK(cpus[1].cpu == "12");
    CHECK(cpus[1].timeslices == 3);
    for (const std::string_view bad :
         {"", "version 15\n", "cpu0 1 2 3 4 5 6 7 8\n", "cpu0 1 2 3 4 5 6 7 8 x\n"})
      CHECK_FALSE(ParseSchedStat(bad, cpus).has_value());
  }
  TEST_CASE("mdstat: disks, what goes on, how far it is") {
    std::vector<MdArray> arrays;
    REQUIRE(
        ParseMdStat("Personalities : [raid1] [raid0]\n"
                    "md0 : active raid1 a[2](F) b[1](S) c[0]\n"
                    "      100 blocks super 1.2 [3/1] [U__]\n"
                    "      [=>..]  recovery =  8.5% (25/100) finish=1min speed=1K/sec\n"
                    "      bitmap: 0/1 pages [0KB], 65536KB chunk\n\n"
                    "md1 : active raid0 a[0] b[1]\n      7 blocks 64k chunks\n\n"
                    "md2 : inactive c[0](S)\n      5 blocks super external:imsm\n\n"
                    "md3 : active raid1 a[0] b[1]\n      9 blocks [2/2] [UU]\n"
                    "      bitmap: 0/1 pages\n      resync=DELAYED\n\n"
                    "unused devices: <none>\n",
                    arrays));
    REQUIRE(arrays.size() == 4);
    CHECK(arrays[0].state == "recovering");
    CHECK(arrays[0].disks_required == 3);
    CHECK(arrays[0].disks_active == 1);
    CHECK(arrays[0].disks_failed == 1);
    CHECK(arrays[0].disks_spare == 1);
    CHECK(arrays[0].blocks_synced == 25);
    CHECK(arrays[1].disks_active == 2);
    CHECK(arrays[1].blocks_synced == 7);
    CHECK(arrays[2].state == "inactive");
    CHECK(arrays[2].disks_required == 0);
    CHECK(arrays[3].state == "resyncing");
    CHECK(arrays[3].blocks_synced == 0);
    for (const std::string_view bad :
         {"", "md0 : active raid1 a[0]\n", "md0 : active raid1 a[0]\n      x blocks\n",
          "md0 :\n      1 blocks\n", "md0 : active raid1 a[0]\n      1 blocks [2/\n",
          "md0 : active raid1 a[0]\n      1 blocks [2/2] [UU]\n      [>] resync = 1% (x/2)\n"})
      CHECK_FALSE(ParseMdStat(bad, arrays).has_value());
    CHECK_FALSE(ParseMdStat(kBinary, arrays).has_value());
  }
  TEST_CASE("names of hwmon files") {
    const auto file = ParseSensorFile("temp10_max_alarm");
    REQUIRE(file.has_value());
    CHECK(file->type == "temp");
    CHECK(file->sensor == "temp10");
    CHECK(file->property == "max_alarm");
    CHECK(ParseSensorFile("pwm1")->property.empty());
    CHECK(ParseSensorFile("beep_enable")->sensor == "beep_enable0");
    CHECK(ParseSensorFile("fan007_input")->sensor == "fan7");
    for (const char* none : {"", "uevent", "name", "1temp", "temp1x", "temp1_", "temp1-input",
                             "temp99999999999999999999_input"})
      CHECK_FALSE(ParseSensorFile(none).has_value());
    CHECK(CleanMetricName("_Core 0\n") == "core_0");
    CHECK(CleanMetricName("coretemp.1") == "coretemp_1");
    CHECK(CleanMetricName("--").empty());
  }
}
}  // namespace drover::exporters::node
