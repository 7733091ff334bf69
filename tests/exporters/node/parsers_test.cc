// Kernel text into structs: what a real kernel prints, what an old one lacks, what is broken.
#include <bit>
#include <cstring>

#include <doctest/doctest.h>

#include "exporters/node/processor/cpu_info.h"
#include "exporters/node/storage/disk_stats.h"
#include "exporters/node/memory/mem_info.h"
#include "exporters/node/storage/mount_info.h"
#include "exporters/node/network/net_stats.h"
#include "exporters/node/system/os_release.h"
#include "exporters/node/system/pressure.h"
#include "exporters/node/processor/proc_stat.h"

namespace drover::exporters::node {
TEST_SUITE("exporters/node/parsers") {
  TEST_CASE("stat: times in seconds, missing columns 0, unknown lines skipped") {
    ProcStat stat;
    REQUIRE(
        ParseProcStat("cpu  1 2 3\ncpu0 150 0 25 7 1 2 3 4 5 6\ncpu12 1 2 3 4\nnew 1\n"
                      "intr 77 1 2\nctxt 9\nbtime 1700000000\nprocesses 5\nprocs_running 2\n"
                      "procs_blocked 0\nsoftirq 6 1 2 3\n",
                      stat));
    REQUIRE(stat.cpus.size() == 2);
    CHECK(stat.cpus[0].id == "0");
    CHECK(stat.cpus[0].seconds[kUser] == 1.5);
    CHECK(stat.cpus[0].seconds[kGuestNice] == 0.06);
    CHECK(stat.cpus[1].id == "12");
    CHECK(stat.cpus[1].seconds[kSteal] == 0);
    CHECK(stat.interrupts == 77);
    CHECK(stat.boot_time == 1.7e9);
    CHECK(stat.softirqs == std::vector<double>{1, 2, 3});
    CHECK_FALSE(ParseProcStat("cpu0 1 x\n", stat).has_value());
    CHECK_FALSE(ParseProcStat("intr\n", stat).has_value());
  }
  TEST_CASE("cpuinfo: one entry per processor, keys with tabs") {
    const auto cpus = ParseCpuInfo(
        "processor\t: 0\nmodel name\t: A: B\ncpu MHz\t\t: 800.5\nflags\t: a b\n\nprocessor\t: 1\n"
        "physical id\t: 3\n");
    REQUIRE(cpus.size() == 2);
    CHECK(cpus[0].model_name == "A: B");
    CHECK(cpus[0].mhz == 800.5);
    CHECK(cpus[0].flags == "a b");
    CHECK(cpus[1].package == "3");
    CHECK_FALSE(cpus[1].mhz.has_value());
  }
  TEST_CASE("CPU lists") {
    CHECK(ParseCpuRange("1,3-5,9\n") == std::vector<unsigned>{1, 3, 4, 5, 9});
    CHECK(ParseCpuRange("\n").empty());
    CHECK(ParseCpuRange("x,2,4-3").size() == 1);
    CHECK(ParseCpuRange("0-99999999999").size() == 65536);
  }
  TEST_CASE("diskstats: 11, 15 or 17 numbers") {
    std::vector<DiskStats> disks;
    REQUIRE(
        ParseDiskStats("   8       0 sda 1 2 3 4 5 6 7 8 9 10 11\n"
                       " 259 1 nvme0n1 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18\n",
                       disks));
    REQUIRE(disks.size() == 2);
    CHECK(disks[0].count == 11);
    CHECK(disks[1].count == 17);
    CHECK(disks[1].major == "259");
    CHECK(disks[1].fields[16] == 17);
    CHECK_FALSE(ParseDiskStats("8 0 sda 1 2 3\n", disks).has_value());
  }
  TEST_CASE("udev: only E: lines") {
    const auto udev = ParseUdevData("S:disk/x\nE:ID_A=b=c\nE:broken\nE:ID_B=\n");
    CHECK(udev.size() == 2);
    CHECK(udev.at("ID_A") == "b=c");
  }
  TEST_CASE("mountinfo: escapes, optional fields, read-only in either options") {
    const auto mounts = ParseMountInfo(
                            "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n"
                            "2 1 0:42 / /a\\040b\\011c rw,x shared:1 master:2 - nfs4 h:/s ro\n"
                            "3 1 8:2 / /ro ro,noexec shared:1 - xfs /dev/sdb\n"
                            "4 1 8:3 / /e rw - ext4 /dev/sdc rw,emergency_ro\n")
                            .value();
    REQUIRE(mounts.size() == 4);
    CHECK(mounts[0] == Mount{"/dev/sda1", "/", "ext4", "8", "1", false});
    CHECK(mounts[1] == Mount{"h:/s", "/a b\tc", "nfs4", "0", "42", true});
    CHECK(mounts[2] == Mount{"/dev/sdb", "/ro", "xfs", "8", "2", true});
    CHECK(mounts[3].read_only);
    CHECK(ParseMountInfo("1 0 8:1 / / rw ext4 /dev/sda1 rw\n").error().code() ==
          ErrorCode::kInvalid);
  }
  TEST_CASE("the rootfs prefix comes off whole path parts only") {
    CHECK(StripRootfs("/host/mnt", "/host") == "/mnt");
    CHECK(StripRootfs("/host", "/host/") == "/");
    CHECK(StripRootfs("/hosts/x", "/host") == "/hosts/x");
    CHECK(StripRootfs("/mnt", "/") == "/mnt");
  }
  TEST_CASE("meminfo: kB are bytes, counts are counts") {
    std::vector<MemField> fields;
    REQUIRE(ParseMemInfo("MemTotal:  16 kB\nActive(anon):   1 kB\nHugePages_Total:  3\n", fields));
    REQUIRE(fields.size() == 3);
    CHECK(fields[0].value == 16384);
    CHECK(fields[1].key == "Active(anon)");
    CHECK(fields[2].value == 3);
    CHECK_FALSE(fields[2].is_bytes);
    CHECK_FALSE(ParseMemInfo("MemTotal: x kB\n", fields).has_value());
  }
  TEST_CASE("pressure: an old kernel's cpu file has no full line") {
    const auto stats = ParsePressure("some avg10=0.00 avg60=0.00 avg300=0.00 total=7\n");
    REQUIRE(stats.has_value());
    CHECK(stats->some_us == 7);
    CHECK_FALSE(stats->full_us.has_value());
    CHECK_FALSE(ParsePressure("some avg10=0.00\n").has_value());
  }
  TEST_CASE("os-release: quotes, comments, version and end of support") {
    const auto os =
        ParseOsRelease("# x\nNAME=\"A \\\"B\\\"\"\nID='c d'\nEMPTY=\nVERSION_ID=9\nbad\n");
    CHECK(os.at("NAME") == "A \"B\"");
    CHECK(os.at("ID") == "c d");
    CHECK(os.size() == 4);
    CHECK(OsVersion("20.04.3") == 20.04);
    CHECK(OsVersion("9") == 9);
    CHECK_FALSE(OsVersion("rolling").has_value());
    CHECK(SupportEnd("1970-01-02") == 86400);
    CHECK_FALSE(SupportEnd("soon").has_value());
  }
  TEST_CASE("net/dev: names with colons, both lines of headings skipped") {
    std::vector<NetDevice> devices;
    REQUIRE(
        ParseNetDev("Inter-|   Receive  |  Transmit\n face |bytes    packets|bytes\n"
                    "    lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
                    "eth0:1:17 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n",
                    devices));
    REQUIRE(devices.size() == 2);
    CHECK(devices[0].name == "lo");
    CHECK(devices[0].Get(NetCounter::kReceiveBytes) == 1);
    CHECK(devices[0].Get(NetCounter::kMulticast) == 8);
    CHECK(devices[0].Get(NetCounter::kTransmitCompressed) == 16);
    CHECK_FALSE(devices[0].Has(NetCounter::kReceiveNohandler));
    CHECK(devices[1].name == "eth0:1");
    CHECK_FALSE(ParseNetDev("lo: 1 2\n", devices).has_value());
  }
}
}  // namespace drover::exporters::node
