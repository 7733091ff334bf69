#include "exporters/node/collectors.h"

namespace drover::exporters::node {

std::vector<CollectorSpec> Collectors() {
  // clang-format off: one a line, so that branches merge
  return {
      ArpSpec(),      CpuSpec(),     DiskStatsSpec(), FileFdSpec(),       FilesystemSpec(),
      LoadAvgSpec(),  MemInfoSpec(), NetDevSpec(),    NetworkRouteSpec(), OsSpec(),
      PressureSpec(), QdiscSpec(),   StatSpec(),      TcpStatSpec(),      TimeSpec(),
      TimexSpec(),    UnameSpec(),   VmStatSpec(),
  };
  // clang-format on
}

std::vector<CollectorFlags::NotBuilt> NotBuilt() {
  // clang-format off
  return {
      {"bcache", true},
      {"bcachefs", true},
      {"bonding", true},
      {"btrfs", true},
      {"buddyinfo", false},
      {"cgroups", false},
      {"conntrack", true},
      {"cpu_vulnerabilities", false},
      {"cpufreq", true},
      {"dmi", true},
      {"dmmultipath", true},
      {"drbd", false},
      {"drm", false},
      {"edac", true},
      {"entropy", true},
      {"ethtool", false},
      {"fibrechannel", true},
      {"hwmon", true},
      {"infiniband", true},
      {"interrupts", false},
      {"ipvs", true},
      {"kernel_hung", true},
      {"ksmd", false},
      {"lnstat", false},
      {"logind", false},
      {"mdadm", true},
      {"meminfo_numa", false},
      {"mountstats", false},
      {"netclass", true},
      {"netclass_rtnl", false},
      {"netstat", true},
      {"nfs", true},
      {"nfsd", true},
      {"ntp", false},
      {"nvme", true},
      {"nvmesubsystem", false},
      {"pcidevice", false},
      {"perf", false},
      {"powersupply", false},
      {"powersupplyclass", true},
      {"processes", false},
      {"rapl", true},
      {"runit", false},
      {"schedstat", true},
      {"selinux", true},
      {"slabinfo", false},
      {"sockstat", true},
      {"softirqs", false},
      {"softnet", true},
      {"supervisord", false},
      {"swap", false},
      {"sysctl", false},
      {"systemd", false},
      {"tapestats", true},
      {"textfile", true},
      {"thermal_zone", true},
      {"udp_queues", true},
      {"watchdog", true},
      {"wifi", false},
      {"xfrm", false},
      {"xfs", true},
      {"zfs", true},
      {"zoneinfo", false},
  };
  // clang-format on
}

}  // namespace drover::exporters::node
