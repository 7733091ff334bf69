// Parsers of kernel text; the first byte chooses one. Property: no crash, and
// what comes out points into the input.
#include <cstdint>

#include "exporters/node/memory/mem_info.h"
#include "exporters/node/network/net_stats.h"
#include "exporters/node/processor/cpu_info.h"
#include "exporters/node/processor/proc_stat.h"
#include "exporters/node/storage/disk_stats.h"
#include "exporters/node/storage/mount_info.h"
#include "exporters/node/system/os_release.h"
#include "exporters/node/system/pressure.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover::exporters::node;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  ProcStat stat;
  std::vector<DiskStats> disks;
  std::vector<MemField> memory;
  std::vector<NetDevice> devices;
  switch (data[0]) {
    case 's':
      (void)ParseProcStat(text, stat);
      break;
    case 'c':
      (void)ParseCpuInfo(text);
      break;
    case 'r':
      (void)ParseCpuRange(text);
      break;
    case 'd':
      (void)ParseDiskStats(text, disks);
      break;
    case 'u':
      (void)ParseUdevData(text);
      break;
    case 'm':
      (void)ParseMemInfo(text, memory);
      break;
    case 'i':
      (void)ParseMountInfo(text);
      break;
    case 'n':
      (void)ParseNetDev(text, devices);
      break;
    case 'o':
      for (const auto& [key, value] : ParseOsRelease(text)) (void)OsVersion(value);
      break;
    case 'p':
      (void)ParsePressure(text);
      break;
    default:
      break;
  }
  return 0;
}
