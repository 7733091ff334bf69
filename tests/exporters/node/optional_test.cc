// Collectors that are off by default: what a kernel prints, what it lacks, what is cut off.
#include <doctest/doctest.h>

#include "exporters/node/hardware/pci_ids.h"
#include "exporters/node/memory/memory_tables.h"
#include "exporters/node/network/kernel_counters.h"
#include "exporters/node/storage/drbd_status.h"
#include "exporters/node/storage/mount_stats.h"
#include "exporters/node/system/small_tables.h"
#include "tests/exporters/node/collector_tree.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kBinary("\x7f\x45\x4c\x46\x00\xff\x0a\x00\x00\x01", 10);

std::string Zones(std::string_view text) {
  std::string got;
  const Status status = ParseZoneInfo(
      text, [&](std::string_view node, std::string_view zone, std::string_view key, double value) {
        got += std::string(node) + zone.data()[0] + ":" + std::string(key) + "=" +
               std::to_string(static_cast<int>(value)) + " ";
      });
  return status ? got : "error";
}

}  // namespace

TEST_SUITE("exporters/node/optional") {
  TEST_CASE("zoneinfo: keys of zones, not those of CPUs") {
    CHECK(
        Zones("Node 0, zone   DMA\n  per-node stats\n      nr_dirty 3\n  pages free     7\n"
              "        high     4\n        protection: (0, 12)\n  pagesets\n    cpu: 0\n"
              "              high:  9\n  vm stats threshold: 2\nNode 1, zone Normal\n nr_x 5\n") ==
        "0D:nr_dirty=3 0D:free=7 0D:high=4 0D:protection_0=0 0D:protection_1=12 1N:nr_x=5 ");
    for (const std::string_view bad : {"", "  nr_dirty 3\n", "Node 0, zone DMA\n nr_dirty x\n",
                                       "Node 0, zone DMA\nprotection: 1\n"})
      CHECK(Zones(bad) == "error");
    CHECK(Zones(kBinary) == "error");
  }
  TEST_CASE("buddyinfo, slabinfo, swaps, NUMA: a broken line is an error, not a shorter table") {
    std::vector<BuddyZone> zones;
    REQUIRE(ParseBuddyInfo("Node 0, zone DMA 1 0 3\n", zones));
    CHECK(zones.front().blocks == std::vector<double>{1, 0, 3});
    for (const std::string_view bad :
         {std::string_view(""), std::string_view("Node 0, zone DMA\n"), kBinary,
          std::string_view("Node 0, zone DMA 1 x\n"), std::string_view("Node 0, zone DMA 1\nNode")})
      CHECK_FALSE(ParseBuddyInfo(bad, zones).has_value());
    std::vector<Slab> slabs;
    REQUIRE(ParseSlabInfo("slabinfo - version: 2.1\n# name\na-b 1 2 3 4 5 : tunables\n", slabs));
    CHECK(slabs.front().pages_per_slab == 5);
    for (const std::string_view bad :
         {std::string_view(""), kBinary, std::string_view("slabinfo - version: 2.1\na 1 2\n")})
      CHECK_FALSE(ParseSlabInfo(bad, slabs).has_value());
    std::vector<SwapDevice> swaps;
    REQUIRE(ParseSwaps("Filename Type Size Used Priority\n/a\\040b file 4 2 -2\n", swaps));
    CHECK(swaps.front().size_bytes == 4096);
    CHECK(swaps.front().priority == -2);
    for (const std::string_view bad :
         {std::string_view(""), kBinary, std::string_view("Filename\n/a file 4 2\n")})
      CHECK_FALSE(ParseSwaps(bad, swaps).has_value());
    std::vector<NodeMemField> fields;
    REQUIRE(ParseNodeMemInfo("Node 0 Active(anon): 2 kB\nNode 0 HugePages_Free: 3\n", fields));
    CHECK(fields[0].value == 2048);
    CHECK(fields[1].value == 3);
    for (const std::string_view bad : {"Node 0 MemTotal:", "Node 0 MemTotal 5 kB", "x\n"})
      CHECK_FALSE(ParseNodeMemInfo(bad, fields).has_value());
    CHECK_FALSE(ParseNumaStat("numa_hit\n", fields).has_value());
  }
  TEST_CASE("lnstat: hexadecimal columns under their names") {
    std::string got;
    const LnstatSink sink = [&](std::size_t cpu, std::string_view name, double value) {
      got +=
          std::to_string(cpu) + std::string(name) + std::to_string(static_cast<int>(value)) + " ";
    };
    REQUIRE(ParseLnstat("a  b\n0000000a 000000ff\n00000001\n", sink));
    CHECK(got == "0a10 0b255 1a1 ");
    for (const std::string_view bad : {"", "a\n1 2\n", "a\nzz\n", "a\n0x1\n"})
      CHECK_FALSE(ParseLnstat(bad, sink).has_value());
  }
  TEST_CASE("drbd: the words of each device") {
    std::vector<DrbdField> fields;
    REQUIRE(
        ParseDrbd("version: 8.4.3 (api:1/proto:86-101)\nsrcversion: 1A\n\n 1: cs:WFConnection "
                  "ro:Primary/Unknown C r-----\n    ns:5\n 2: cs:Connected\n",
                  fields));
    REQUIRE(fields.size() == 4);
    CHECK(fields[0].device == "1");
    CHECK(fields[1].value == "Primary/Unknown");
    CHECK(fields[3].device == "2");
    CHECK_FALSE(ParseDrbd("", fields).has_value());
    CHECK_FALSE(ParseDrbd(kBinary, fields).has_value());
    Tree tree;
    tree.Write("procfs/drbd", "version: 9\n 1: cs:WFConnection ro:Primary ns:x\n");
    const std::string page = SamplesOf(tree, "drbd");
    CHECK(Has(page, "node_drbd_connected{device=\"drbd1\"} 0\n"));
    CHECK(Has(page, "node_drbd_node_role_is_primary{device=\"drbd1\",node=\"local\"} 1\n"));
    CHECK_FALSE(Has(page, "remote"));
    CHECK(Has(page, "success{collector=\"drbd\"} 0\n"));
  }
  TEST_CASE("mountstats: transports and operations of NFS mounts") {
    std::vector<NfsMount> mounts;
    const std::string head =
        "device proc mounted on /proc with fstype proc\n"
        "device a:/x mounted on /m with fstype nfs4 statvers=1.1\n\tage:\t5\n";
    REQUIRE(ParseMountStats(head +
                                "\tbytes:\t1 2 3 4 5 6 7 8\n\txprt:\tudp 1 2 3 4 5 6 7 8 9 10\n"
                                "\txprt:\trdma 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20\n"
                                "\txprt:\tlocal 1 2\n"
                                "\tper-op statistics\n\t READ: 1 2 3 4 5 6 7 8 9\n",
                            mounts));
    REQUIRE(mounts.size() == 1);
    CHECK(mounts[0].index == 1);
    CHECK(mounts[0].age_seconds == 5);
    REQUIRE(mounts[0].transports.size() == 2);
    CHECK(mounts[0].transports[0].counts[1] == 2);  // bind
    CHECK(mounts[0].transports[0].counts[2] == 0);  // udp has no connections
    CHECK(mounts[0].transports[0].counts[5] == 3);  // sends
    CHECK(mounts[0].transports[0].counts[12] == 10);
    CHECK(mounts[0].transports[1].counts[12] == 0);  // rdma counts chunks there
    CHECK(mounts[0].operations[0].counts[7] == 8);
    for (const char* bad :
         {"\tbytes:\t1 2\n", "\tevents:\t1\n", "\txprt:\ttcp 1 2\n", "\txprt:\tudp\n",
          "\tage:\tx\n", "\tper-op statistics\n\t READ: 1\n", "device x\n"})
      CHECK_MESSAGE(!ParseMountStats(head + bad, mounts).has_value(), bad);
    CHECK_FALSE(ParseMountStats("", mounts).has_value());
    CHECK(ParseMountAddresses("1 2 0:1 / /m rw - nfs a:/x rw,mountaddr=1.1.1.1,addr=2.2.2.2\n"
                              "1 2 0:1 / /p rw - proc p rw\n") ==
          std::vector<std::string_view>{"2.2.2.2", ""});
  }
  TEST_CASE("cgroups, softirqs, vulnerabilities") {
    std::vector<CgroupSubsystem> cgroups;
    REQUIRE(ParseCgroups("#subsys_name\th\tn\te\ncpu\t1\t2\t0\n", cgroups));
    CHECK(cgroups.front().cgroups == 2);
    CHECK_FALSE(cgroups.front().enabled);
    for (const std::string_view bad : {"", "cpu 1 2 0\n", "#subsys_name\ncpu 1 x 0\n"})
      CHECK_FALSE(ParseCgroups(bad, cgroups).has_value());
    std::vector<SoftIrq> softirqs;
    REQUIRE(ParseSoftIrqs("   CPU0 CPU1\n  HI: 1 2\n", softirqs));
    CHECK(softirqs.front().counts == std::vector<double>{1, 2});
    for (const std::string_view bad : {"", "HI: 1\n", "CPU0\nHI 1\n", "CPU0\nHI: x\n"})
      CHECK_FALSE(ParseSoftIrqs(bad, softirqs).has_value());
    const struct {
      std::string_view text, state, mitigation;
    } cases[] = {{"Not affected\n", "not affected", ""},
                 {"Vulnerable: no microcode\n", "vulnerable", "no microcode"},
                 {"Vulnerable; SMT on", "vulnerable", "SMT on"},
                 {"Mitigation: PTI", "mitigation", "PTI"},
                 {"KVM: Mitigation: Split", "unknown", "KVM: Mitigation: Split"},
                 {"Unknown: none", "unknown", "none"},
                 {"", "unknown", ""}};
    for (const auto& c : cases) {
      const Vulnerability one = ParseVulnerability(c.text);
      CHECK(one.state == c.state);
      CHECK(one.mitigation == c.mitigation);
    }
  }
  TEST_CASE("pci.ids: names by number, numbers where there is none") {
    const PciIds ids = PciIds::Parse(
        "# list\n8086  Maker\n\t1521  Card\n\t\t17aa 00a3  Board\n\tbad line\n\t\t17aa 00a4  Lost\n"
        "17aa  Other\nC 02  Network\n\t00  Ethernet\n\t\t01  Fast\nS 1234  syntax of another list\n"
        "\t1521  not of it\n");
    CHECK(ids.Vendor("8086") == "Maker");
    CHECK(ids.Device("8086", "1521") == "Card");
    CHECK(ids.Device("8086", "ffff") == "ffff");
    CHECK(ids.Subsystem("8086", "1521", "17aa", "00a3") == "Board");
    CHECK(ids.Subsystem("8086", "1521", "17aa", "00a4") == "00a4");
    CHECK(ids.Class("020001") == "Fast");
    CHECK(ids.Class("020002") == "Ethernet");
    CHECK(ids.Class("02ff00") == "Network");
    CHECK(ids.Class("ff0000") == "Unknown class (ff0000)");
    CHECK(PciIds::Parse(kBinary).Vendor("1") == "1");
  }
  TEST_CASE("pcidevice: what a device lacks is shown as upstream shows it") {
    Tree tree;
    for (const char* file :
         {"class", "vendor", "device", "subsystem_vendor", "subsystem_device", "revision"})
      tree.Write("sysfs/bus/pci/devices/0000:00:01.0/" + std::string(file), "0x01\n");
    tree.Write("sysfs/bus/pci/devices/0000:00:01.0/current_link_speed", "Unknown\n");
    tree.Write("sysfs/bus/pci/devices/0000:00:01.0/max_link_speed", "2.5 GT/s PCIe\n");
    tree.Write("sysfs/bus/pci/devices/0000:00:01.0/numa_node", "-1\n");
    tree.Write("sysfs/bus/pci/devices/0000:00:02.0/vendor", "0x01\n");  // going
    const std::string page = SamplesOf(tree, "pcidevice");
    const std::string place = "{bus=\"00\",device=\"01\",function=\"0\",segment=\"0000\"} ";
    CHECK(Has(page, "current_link_transfers_per_second" + place + "-1\n"));
    CHECK(Has(page, "max_link_transfers_per_second" + place + "2.5e+09\n"));
    CHECK(Has(page, "max_link_width" + place + "-1\n"));
    CHECK(Has(page, "sriov_numvfs" + place + "0\n"));
    CHECK_FALSE(Has(page, "numa_node"));
    CHECK_FALSE(Has(page, "power_state"));
    CHECK_FALSE(Has(page, "device=\"02\""));
    CHECK(Has(page, "success{collector=\"pcidevice\"} 1\n"));
  }
  TEST_CASE("nvmesubsystem: states by their first word, paths and partitions are no namespaces") {
    Tree tree;
    const std::string folder = "sysfs/class/nvme-subsystem/nvme-subsys1/";
    for (const char* file : {"model", "serial", "subsysnqn"}) tree.Write(folder + file, "x\n");
    tree.Write(folder + "nvme0/state", "deleting (no IO)\n");
    tree.Write(folder + "nvme1/state", "strange\n");
    tree.Write(folder + "nvme2/transport", "tcp\n");  // going
    for (const char* name : {"nvme0n1", "nvme0c0n1", "nvme0n1p1"})
      tree.Write(folder + name + "/size", "1\n");
    const std::string page = SamplesOf(tree, "nvmesubsystem");
    CHECK(Has(
        page,
        "controller=\"nvme0\",state=\"deleting\",subsystem=\"nvme-subsys1\",transport=\"\"} 1"));
    CHECK(
        Has(page,
            "controller=\"nvme1\",state=\"unknown\",subsystem=\"nvme-subsys1\",transport=\"\"} 1"));
    CHECK(Has(page, "node_nvmesubsystem_paths{subsystem=\"nvme-subsys1\"} 2\n"));
    CHECK(Has(page, "namespace_info{device=\"nvme0n1\""));
    CHECK_FALSE(Has(page, "nvme0c0n1"));
    CHECK_FALSE(Has(page, "nvme0n1p1"));
  }
  TEST_CASE("sysctl: names, keys and mistakes") {
    Tree tree;
    tree.Write("procfs/sys/kernel/A-_b", "5\n");
    tree.Write("procfs/sys/kernel/lines", "1 2\n-3\t4\n");
    tree.Write("procfs/sys/kernel/word", "word\n");
    tree.Write("procfs/sys/kernel/empty", "\n");
    const auto with = [&](std::vector<std::string> names) {
      std::vector<std::string> arguments;
      for (const std::string& name : names)
        arguments.push_back("--collector.sysctl.include=" + name);
      return SamplesOf(tree, "sysctl", arguments);
    };
    CHECK(Has(with({"kernel.A-_b"}), "node_sysctl_kernel_A_b 5\n"));
    const std::string lines = with({"kernel.lines", "kernel.lines:a,b,c,d"});
    CHECK(Has(lines, "node_sysctl_kernel_lines{index=\"2\"} -3\n"));
    CHECK(Has(lines, "node_sysctl_kernel_lines_d 4\n"));
    for (const char* bad :
         {"kernel.word", "kernel.empty", "kernel.absent", "kernel.lines:a,b", "kernel.A-_b:a"})
      CHECK_MESSAGE(Has(with({bad}), "success{collector=\"sysctl\"} 0\n"), bad);
    for (const char* bad : {"", ":a", "/etc/passwd", "../../etc/passwd"})
      CHECK_MESSAGE(Has(with({bad}), "not the name of a sysctl"), bad);
    CHECK(Has(SamplesOf(tree, "sysctl", {"--collector.sysctl.include-info=kernel.word"}),
              "node_sysctl_info{index=\"0\",name=\"kernel.word\",value=\"word\"} 1\n"));
    CHECK(Has(SamplesOf(tree, "sysctl", {"--collector.sysctl.include-info=kernel.word:a"}),
              "keys are for numbers"));
  }
  TEST_CASE("what this host lacks is success 0 or, as upstream has it, an empty success") {
    Tree tree;
    for (const char* name : {"buddyinfo", "cgroups", "drbd", "ksmd", "mountstats", "nvmesubsystem",
                             "pcidevice", "slabinfo", "softirqs", "swap", "xfrm", "zoneinfo"})
      CHECK_MESSAGE(Has(SamplesOf(tree, name), "\"} 0\n"), name);
    for (const char* name : {"cpu_vulnerabilities", "lnstat", "meminfo_numa", "sysctl"})
      CHECK_MESSAGE(Has(SamplesOf(tree, name), "\"} 1\n"), name);
  }
}
}  // namespace drover::exporters::node
