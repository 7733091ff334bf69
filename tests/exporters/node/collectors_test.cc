// Collectors on small trees of our own, and the ones that ask the kernel on this machine.
#include "exporters/node/collectors.h"

#include <doctest/doctest.h>

#include "tests/exporters/node/collector_tree.h"

namespace drover::exporters::node {
TEST_SUITE("exporters/node/collectors") {
  TEST_CASE("netdev from /proc/net/dev: usual names, filters, alias") {
    Tree tree;
    tree.Write("procfs/net/dev",
               "Inter-|\n face |bytes\n lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n"
               "eth0: 21 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
    tree.Write("sysfs/class/net/eth0/ifalias", "up link\n");
    const auto runner =
        tree.Make({"--collector.netdev", "--no-collector.netdev.netlink",
                   "--collector.netdev.device-exclude=^lo$", "--collector.netdev.label-ifalias"});
    REQUIRE(runner.has_value());
    const std::string labels = "{device=\"eth0\",ifalias=\"up link\"} ";
    std::string want;
    for (const auto& [name, value] :
         std::vector<std::pair<std::string, std::string>>{{"receive_bytes", "21"},
                                                          {"receive_compressed", "7"},
                                                          {"receive_drop", "4"},
                                                          {"receive_errs", "3"},
                                                          {"receive_fifo", "5"},
                                                          {"receive_frame", "6"},
                                                          {"receive_multicast", "8"},
                                                          {"receive_packets", "2"},
                                                          {"transmit_bytes", "9"},
                                                          {"transmit_carrier", "15"},
                                                          {"transmit_colls", "14"},
                                                          {"transmit_compressed", "16"},
                                                          {"transmit_drop", "12"},
                                                          {"transmit_errs", "11"},
                                                          {"transmit_fifo", "13"},
                                                          {"transmit_packets", "10"}}) {
      want += "node_network_" + name + "_total" + labels + value + "\n";
    }
    CHECK(Samples(**runner) == want + "node_scrape_collector_success{collector=\"netdev\"} 1\n");
  }
  TEST_CASE("detailed metrics of /proc/net/dev change errs and drop only") {
    Tree tree;
    tree.Write("procfs/net/dev", "lo: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n");
    const auto runner = tree.Make({"--collector.netdev", "--no-collector.netdev.netlink",
                                   "--collector.netdev.enable-detailed-metrics"});
    REQUIRE(runner.has_value());
    const std::string page = Samples(**runner);
    CHECK(Has(page, "node_network_receive_errors_total{device=\"lo\"} 3\n"));
    CHECK(Has(page, "node_network_transmit_dropped_total{device=\"lo\"} 12\n"));
    CHECK(Has(page, "node_network_transmit_colls_total{device=\"lo\"} 14\n"));
  }
  TEST_CASE("netclass: odd files, unknown speeds, a device that goes") {
    Tree tree;
    const std::string net = "sysfs/class/net/";
    tree.Write(net + "bonding_masters", "bond0\n");
    tree.Write(net + "eth0/operstate", "up\n");
    tree.Write(net + "eth0/flags", "0x1002\n");
    tree.Write(net + "eth0/speed", "-1\n");
    tree.Write(net + "eth0/mtu", "\xff\x01");
    tree.Write(net + "eth0/address", "02:00:00:00:00:01\n");
    tree.Write(net + "eth1/speed", "2500\n");
    tree.Write(net + "skipped/speed", "1\n");
    const auto runner =
        tree.Make({"--collector.netclass", "--collector.netclass.ignored-devices=^s"});
    REQUIRE(runner.has_value());
    const std::string want =
        "node_network_flags{device=\"eth0\"} 4098\n"
        "node_network_info{address=\"\",adminstate=\"unknown\",broadcast=\"\",device=\"eth1\","
        "duplex=\"\",ifalias=\"\",operstate=\"\"} 1\n"
        "node_network_info{address=\"02:00:00:00:00:01\",adminstate=\"down\",broadcast=\"\","
        "device=\"eth0\",duplex=\"\",ifalias=\"\",operstate=\"up\"} 1\n"
        "node_network_speed_bytes{device=\"eth0\"} -125000\n"
        "node_network_speed_bytes{device=\"eth1\"} 3.125e+08\n"
        "node_network_up{device=\"eth0\"} 1\n"
        "node_network_up{device=\"eth1\"} 0\n"
        "node_scrape_collector_success{collector=\"netclass\"} 1\n";
    CHECK(Samples(**runner) == want);
    REQUIRE(tree.files->RemoveAll(net + "eth1"));
    CHECK_FALSE(Has(Samples(**runner), "eth1"));
    REQUIRE(tree.files->RemoveAll("sysfs/class"));
    CHECK(Samples(**runner) == "node_scrape_collector_success{collector=\"netclass\"} 0\n");
  }
  TEST_CASE("processes: those that end meanwhile are passed over, a broken line is an error") {
    Tree tree;
    const std::string line = " (x) S 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 2 0 100 1 2\n";
    tree.Write("procfs/sys/kernel/threads-max", "100\n");
    tree.Write("procfs/sys/kernel/pid_max", "4194304\n");
    tree.Write("procfs/10/stat", "10" + line);
    tree.Write("procfs/10/task/10/stat", "10" + line);
    tree.Write("procfs/10/task/11/stat",
               "11 (x) R 1 42 42 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 2 0\n");
    tree.Write("procfs/10/task/12/other", "");
    tree.Write("procfs/11/cmdline", "");
    const auto runner = tree.Make({"--collector.processes"});
    REQUIRE(runner.has_value());
    CHECK(Samples(**runner) ==
          "node_processes_max_processes 4.194304e+06\nnode_processes_max_threads 100\n"
          "node_processes_pids 1\nnode_processes_state{state=\"S\"} 1\nnode_processes_threads 2\n"
          "node_processes_threads_state{thread_state=\"R\"} 1\n"
          "node_processes_threads_state{thread_state=\"S\"} 1\n"
          "node_scrape_collector_success{collector=\"processes\"} 1\n");
    tree.Write("procfs/12/stat", "12 (cut) S 1");
    CHECK(Samples(**runner) == "node_scrape_collector_success{collector=\"processes\"} 0\n");
  }
  TEST_CASE("netdev by netlink shows the loopback with every counter, in both name forms") {
    Tree tree;
    const auto usual = tree.Make({"--collector.netdev"}, true);
    REQUIRE(usual.has_value());
    const std::string page = Samples(**usual);
    CHECK(Has(page, "node_network_receive_nohandler_total{device=\"lo\"} "));
    CHECK(Has(page, "node_network_transmit_carrier_total{device=\"lo\"} "));
    CHECK(Has(page, "success{collector=\"netdev\"} 1"));
    const auto detailed =
        tree.Make({"--collector.netdev", "--collector.netdev.enable-detailed-metrics",
                   "--collector.netdev.address-info"},
                  true);
    REQUIRE(detailed.has_value());
    const std::string more = Samples(**detailed);
    CHECK(Has(more, "node_network_receive_missed_errors_total{device=\"lo\"} "));
    CHECK(Has(more,
              "node_network_address_info{address=\"127.0.0.1\",device=\"lo\",netmask=\"8\","
              "scope=\"link-local\"} 1"));
  }
  TEST_CASE("cpu: a counter that falls a little stays, a CPU that comes back starts over") {
    Tree tree;
    const auto page = [&](Runner& runner, std::string_view cpus) {
      tree.Write("procfs/stat", cpus);
      return Samples(runner);
    };
    const auto runner = tree.Make({"--collector.cpu", "--no-collector.cpu.guest"});
    REQUIRE(runner.has_value());
    CHECK(Has(page(**runner, "cpu0 100 0 0 900 50 0 0 0 0 0\n"), "mode=\"iowait\"} 0.5\n"));
    CHECK(Has(page(**runner, "cpu0 100 0 0 900 40 0 0 0 0 0\n"), "mode=\"iowait\"} 0.5\n"));
    CHECK(Has(page(**runner, "cpu0 1 0 0 500 3 0 0 0 0 0\n"), "mode=\"iowait\"} 0.03\n"));
    const std::string two =
        page(**runner, "cpu0 1 0 0 500 3 0 0 0 0 0\ncpu1 9 0 0 1 1 0 0 0 0 0\n");
    CHECK(Has(two, "node_cpu_seconds_total{cpu=\"1\",mode=\"user\"} 0.09\n"));
    CHECK_FALSE(Has(page(**runner, "cpu1 9 0 0 1 1 0 0 0 0 0\n"), "cpu=\"0\""));
  }
  TEST_CASE("filesystem: excluded ones left out, a missing mount point named as Go names it") {
    Tree tree;
    tree.Write("procfs/1/mountinfo",
               "1 0 8:1 / /host rw - ext4 /dev/sda1 rw\n"
               "2 0 8:2 / /host/gone rw - ext4 /dev/sda2 rw\n"
               "3 0 8:3 / /host/gone rw,noatime - ext4 /dev/sda2 rw\n"
               "4 0 0:1 / /host/proc/x rw - tmpfs t rw\n5 0 0:1 / /host/y rw - proc p rw\n");
    const auto runner = tree.Make({"--collector.filesystem"});
    REQUIRE(runner.has_value());
    // The tree's rootfs folder is where mount points are asked, and /host is not its prefix here.
    std::string page = Samples(**runner);
    const std::string gone =
        "{device=\"/dev/sda2\",device_error=\"no such file or directory\",fstype=\"ext4\","
        "mountpoint=\"/host/gone\"} ";
    CHECK(Has(page, "node_filesystem_device_error" + gone + "1\n"));
    CHECK(Has(page, "node_filesystem_readonly" + gone + "0\n"));
    CHECK_FALSE(Has(page, "node_filesystem_size_bytes" + gone));
    CHECK_FALSE(Has(page, "mountpoint=\"/host/y\""));
    REQUIRE(tree.files->MakeDirs("rootfs/host/gone"));
    page = Samples(**runner);
    const std::string there =
        "{device=\"/dev/sda2\",device_error=\"\",fstype=\"ext4\",mountpoint=\"/host/gone\"} ";
    CHECK(Has(page, "node_filesystem_size_bytes" + there));
    CHECK(Has(page, "node_filesystem_purgeable_bytes" + there + "0\n"));
    CHECK(Has(page,
              "node_filesystem_mount_info{device=\"/dev/sda2\",major=\"8\",minor=\"2\","
              "mountpoint=\"/host/gone\"} 1\n"));
  }
  TEST_CASE("filesystem: /proc/self/mountinfo when /proc/1 is hidden") {
    Tree tree;
    tree.Write("procfs/self/mountinfo", "1 0 8:1 / /data rw - ext4 /dev/sda1 ro\n");
    REQUIRE(tree.files->MakeDirs("rootfs/data"));
    const auto runner = tree.Make({"--collector.filesystem"});
    REQUIRE(runner.has_value());
    CHECK(Has(Samples(**runner),
              "node_filesystem_readonly{device=\"/dev/sda1\",device_error=\"\","
              "fstype=\"ext4\",mountpoint=\"/data\"} 1\n"));
  }
  TEST_CASE("every collector fails alone on an empty tree") {
    Tree tree;
    std::vector<std::string> arguments;
    for (const CollectorSpec& spec : Collectors())
      arguments.push_back("--collector." + std::string(spec.name));
    const auto runner = tree.Make(arguments);
    REQUIRE(runner.has_value());
    const std::string page = Samples(**runner);
    for (const char* name : {"cpu", "diskstats", "filefd", "filesystem", "loadavg", "meminfo", "os",
                             "pressure", "stat", "vmstat"}) {
      CHECK(Has(page, "success{collector=\"" + std::string(name) + "\"} 0\n"));
    }
    for (const char* name : {"netdev", "time", "timex", "uname"})
      CHECK(Has(page, "success{collector=\"" + std::string(name) + "\"} 1\n"));
    CHECK(Has(page, "node_timex_tick_seconds 0.01\n"));
    CHECK(Has(page, "node_uname_info{domainname=\""));
  }
  TEST_CASE("flags that contradict each other or do not parse stop the start") {
    Tree tree;
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"--collector.netdev", "--collector.netdev.device-include=a",
              "--collector.netdev.device-exclude=b"},
             {"--collector.diskstats", "--collector.diskstats.device-include=a",
              "--collector.diskstats.device-exclude=b"},
             {"--collector.filesystem", "--collector.filesystem.mount-timeout=x"},
             {"--collector.vmstat", "--collector.vmstat.fields=("},
             {"--collector.netclass", "--collector.netclass.ignored-devices=("},
             {"--collector.perf", "--collector.perf.cpus=1-"},
             {"--collector.perf", "--collector.perf.tracepoint=sched"},
             {"--collector.ntp", "--collector.ntp.server=ntp.example.com"},
             {"--collector.ntp", "--collector.ntp.protocol-version=5"},
             {"--collector.supervisord", "--collector.supervisord.url=https://x/"}}) {
      CHECK_FALSE(tree.Make(arguments).has_value());
    }
  }
  TEST_CASE("the table has upstream's 79 collectors, each listing its families") {
    CHECK(Collectors().size() == 79);
    for (const CollectorSpec& spec : Collectors()) CHECK_MESSAGE(!spec.metrics.empty(), spec.name);
  }
  TEST_CASE("a collector that cannot be made fails at each page until it can") {
    Tree tree;
    for (const char* file :
         {"class", "vendor", "device", "subsystem_vendor", "subsystem_device", "revision"})
      tree.Write("sysfs/bus/pci/devices/0000:00:01.0/" + std::string(file), "0x01\n");
    const std::string ids = tree.folder.path() + "/pci.ids";
    const auto runner = tree.Make({"--collector.pcidevice", "--collector.pcidevice.names",
                                   "--collector.pcidevice.idsfile=" + ids, "--collector.time"});
    REQUIRE(runner.has_value());
    const std::string before = Samples(**runner);
    CHECK(Has(before, "success{collector=\"pcidevice\"} 0\n"));
    CHECK(Has(before, "success{collector=\"time\"} 1\n"));
    tree.Write("pci.ids", "01  Maker\n");
    CHECK(Has(Samples(**runner), "success{collector=\"pcidevice\"} 1\n"));
  }
}
}  // namespace drover::exporters::node
