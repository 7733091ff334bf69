// Collectors of sysfs on small trees: what is missing is left out, what is broken is said.
#include <sys/stat.h>
#include <unistd.h>

#include "tests/exporters/node/collector_tree.h"

namespace drover::exporters::node {

TEST_SUITE("exporters/node/hardware") {
  TEST_CASE("cpufreq: offline CPUs and those without frequencies are left out") {
    Tree tree;
    const std::string base = "sysfs/devices/system/cpu/";
    tree.Write(base + "offline", "2\n");
    for (const char* cpu : {"cpu0", "cpu2"}) {
      tree.Write(base + cpu + "/cpufreq/scaling_cur_freq", "1000\n");
      tree.Write(base + cpu + "/cpufreq/scaling_governor", "b\n");
      tree.Write(base + cpu + "/cpufreq/scaling_available_governors", "a b \n");
    }
    tree.Write(base + "cpu1/topology/core_id", "0\n");
    tree.Write(base + "cpufreq/boost", "1\n");
    CHECK(SamplesOf(tree, "cpufreq") ==
          "node_cpu_scaling_frequency_hertz{cpu=\"0\"} 1e+06\n"
          "node_cpu_scaling_governor{cpu=\"0\",governor=\"a\"} 0\n"
          "node_cpu_scaling_governor{cpu=\"0\",governor=\"b\"} 1\n" +
              Success("cpufreq", true));
    tree.Write(base + "cpu0/cpufreq/scaling_cur_freq", "<unknown>\n");
    const std::string page = SamplesOf(tree, "cpufreq");
    CHECK(Has(page, Success("cpufreq", false)));
    CHECK(Has(page, "node_cpu_scaling_governor"));
    CHECK_FALSE(Has(page, "hertz"));
  }

  TEST_CASE("thermal_zone: a zone without a temperature is left out, not 0 degrees") {
    Tree tree;
    const std::string base = "sysfs/class/thermal/";
    tree.Write(base + "thermal_zone0/type", "x86\n");
    tree.Write(base + "thermal_zone0/temp", "-1500\n");
    tree.Write(base + "thermal_zone1/type", "gone\n");
    tree.Write(base + "cooling_device0/type", "fan\n");
    tree.Write(base + "cooling_device0/cur_state", "-1\n");
    tree.Write(base + "cooling_device0/max_state", "3\n");
    CHECK(SamplesOf(tree, "thermal_zone") ==
          "node_cooling_device_cur_state{name=\"0\",type=\"fan\"} -1\n"
          "node_cooling_device_max_state{name=\"0\",type=\"fan\"} 3\n" +
              Success("thermal_zone", true) +
              "node_thermal_zone_temp{type=\"x86\",zone=\"0\"} -1.5\n");
    tree.Write(base + "thermal_zone1/temp", "\n");
    CHECK(Has(SamplesOf(tree, "thermal_zone"), Success("thermal_zone", false)));
  }

  TEST_CASE("powersupplyclass: info has only the labels with a value") {
    Tree tree;
    const std::string base = "sysfs/class/power_supply/";
    tree.Write(base + "AC/online", "1\n");
    tree.Write(base + "AC/type", "Mains\n");
    tree.Write(base + "AC/model_name", "\n");
    tree.Write(base + "AC/power/control", "auto\n");
    tree.Write(base + "BAT0/temp", "251\n");
    tree.Write(base + "BAT0/energy_now", "1500000\n");
    CHECK(SamplesOf(tree, "powersupplyclass") ==
          "node_power_supply_energy_watthour{power_supply=\"BAT0\"} 1.5\n"
          "node_power_supply_info{power_supply=\"BAT0\"} 1\n"
          "node_power_supply_info{power_supply=\"AC\",type=\"Mains\"} 1\n"
          "node_power_supply_online{power_supply=\"AC\"} 1\n"
          "node_power_supply_temp_celsius{power_supply=\"BAT0\"} 25.1\n" +
              Success("powersupplyclass", true));
    tree.Write(base + "BAT0/temp", "warm\n");
    CHECK(Has(SamplesOf(tree, "powersupplyclass"), Success("powersupplyclass", false)));
  }

  TEST_CASE("hwmon: chips of one device get names of their own; filters see them") {
    Tree tree;
    const std::string devices = "sysfs/devices/platform/board/hwmon/";
    for (const char* chip : {"hwmon0", "hwmon1", "hwmon2"}) {
      tree.Write(devices + chip + "/temp1_input", "1000\n");
      tree.Write(devices + chip + "/name", chip == std::string("hwmon0") ? "fans\n" : "same\n");
      REQUIRE(::symlink("../..", (tree.folder.path() + "/" + devices + chip + "/device").c_str()) ==
              0);
      REQUIRE(tree.files->MakeDirs("sysfs/class/hwmon"));
      REQUIRE(::symlink(("../../devices/platform/board/hwmon/" + std::string(chip)).c_str(),
                        (tree.folder.path() + "/sysfs/class/hwmon/" + chip).c_str()) == 0);
    }
    const std::string page = SamplesOf(tree, "hwmon");
    for (const char* chip :
         {"platform_board_fans", "platform_board_hwmon1", "platform_board_hwmon2"})
      CHECK(Has(page, "node_hwmon_temp_celsius{chip=\"" + std::string(chip) +
                          "\",sensor=\"temp1\"} 1\n"));
    const std::string filtered =
        SamplesOf(tree, "hwmon",
                  {"--collector.hwmon.chip-include=board", "--collector.hwmon.chip-exclude=fans$",
                   "--collector.hwmon.sensor-exclude=hwmon2;temp1"});
    CHECK(Has(filtered, "platform_board_hwmon1\",sensor"));
    CHECK_FALSE(Has(filtered, "fans"));
    CHECK_FALSE(Has(filtered, "hwmon2\",sensor"));
  }

  TEST_CASE("hwmon: units, bare files, values that are no numbers") {
    Tree tree;
    const std::string base = "sysfs/class/hwmon/hwmon7/";
    for (const auto& [file, text] : {std::pair("pwm1", "128\n"),
                                     {"pwm1_input", "3\n"},
                                     {"energy1_input", "2000000\n"},
                                     {"power1_average_interval", "500\n"},
                                     {"humidity1_input", "500000\n"},
                                     {"curr1_input", "N/A\n"},
                                     {"freq1_input", "7000000\n"},
                                     {"vrm", "10\n"},
                                     {"beep_enable", "1\n"},
                                     {"name", "Chip X\n"}})
      tree.Write(base + file, text);
    const std::string labels = "{chip=\"chip_x\",sensor=\"";
    CHECK(SamplesOf(tree, "hwmon") ==
          "node_hwmon_beep_enabled" + labels + "beep_enable0\"} 1\n" +
              "node_hwmon_chip_names{chip=\"chip_x\",chip_name=\"chip_x\"} 1\n" +
              "node_hwmon_energy_joule_total" + labels + "energy1\"} 2\n" + "node_hwmon_humidity" +
              labels + "humidity1\"} 0.5\n" + "node_hwmon_power_average_interval_seconds" + labels +
              "power1\"} 0.5\n" + "node_hwmon_pwm" + labels + "pwm1\"} 128\n" +
              "node_hwmon_pwm_input" + labels + "pwm1\"} 3\n" +
              "node_hwmon_voltage_regulator_version" + labels + "vrm0\"} 10\n" +
              Success("hwmon", true));
  }

  TEST_CASE("bonding: a slave that went is not counted, older kernels' names are known") {
    Tree tree;
    const std::string base = "sysfs/class/net/";
    tree.Write(base + "bonding_masters", "bond0\n");
    tree.Write(base + "bond0/bonding/slaves", "eth0 eth1 eth2\n");
    tree.Write(base + "bond0/lower_eth0/bonding_slave/mii_status", "up\n");
    tree.Write(base + "bond0/slave_eth1/bonding_slave/mii_status", "down\n");
    CHECK(SamplesOf(tree, "bonding") ==
          "node_bonding_active{master=\"bond0\"} 1\n"
          "node_bonding_slaves{master=\"bond0\"} 2\n" +
              Success("bonding", true));
  }

  TEST_CASE("mdadm: raid_disks while reshaping, containers, a broken mdstat") {
    Tree tree;
    tree.Write("procfs/mdstat", "Personalities :\nunused devices: <none>\n");
    tree.Write("sysfs/block/md1/md/level", "raid5\n");
    tree.Write("sysfs/block/md1/md/raid_disks", "11 (10)\n");
    tree.Write("sysfs/block/md1/md/degraded", "2\n");
    tree.Write("sysfs/block/md127/md/level", "container\n");
    CHECK(SamplesOf(tree, "mdadm") ==
          "node_md_degraded{device=\"md1\"} 2\nnode_md_degraded{device=\"md127\"} 0\n"
          "node_md_raid_disks{device=\"md1\"} 11\n" +
              Success("mdadm", true));
    tree.Write("procfs/mdstat", "md0 : active raid1 a[0]\n");
    CHECK(SamplesOf(tree, "mdadm") == Success("mdadm", false));
  }

  TEST_CASE("numbers of one file: entropy, kernel_hung, conntrack") {
    Tree tree;
    CHECK(SamplesOf(tree, "entropy") == Success("entropy", false));
    tree.Write("procfs/sys/kernel/random/entropy_avail", "256\n");
    tree.Write("procfs/sys/kernel/random/poolsize", "\n");
    CHECK(SamplesOf(tree, "entropy") ==
          "node_entropy_available_bits 256\n" + Success("entropy", false));
    tree.Write("procfs/sys/kernel/hung_task_detect_count", "x\n");
    CHECK(SamplesOf(tree, "kernel_hung") == Success("kernel_hung", false));
    tree.Write("procfs/sys/net/netfilter/nf_conntrack_count", "3\n");
    CHECK(SamplesOf(tree, "conntrack") ==
          "node_nf_conntrack_entries 3\n" + Success("conntrack", false));
  }

  TEST_CASE("a tree without any file: what upstream calls a success is one") {
    Tree tree;
    for (const char* name : {"sockstat", "thermal_zone"})
      CHECK(SamplesOf(tree, name) == Success(name, true));
    for (const char* name :
         {"bonding", "conntrack", "cpufreq", "entropy", "hwmon", "kernel_hung", "mdadm", "netstat",
          "powersupplyclass", "schedstat", "softnet", "udp_queues"})
      CHECK(SamplesOf(tree, name) == Success(name, false));
  }
}

}  // namespace drover::exporters::node
