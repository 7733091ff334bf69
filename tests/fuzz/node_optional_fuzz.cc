// Parsers of the collectors that are off by default; the first byte chooses one. Property: no
// crash, and what comes out points into the input.
#include <cstdint>

#include "exporters/node/hardware/pci_ids.h"
#include "exporters/node/memory/memory_tables.h"
#include "exporters/node/network/kernel_counters.h"
#include "exporters/node/storage/drbd_status.h"
#include "exporters/node/storage/mount_stats.h"
#include "exporters/node/system/small_tables.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace drover::exporters::node;
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  std::vector<BuddyZone> zones;
  std::vector<Slab> slabs;
  std::vector<SwapDevice> swaps;
  std::vector<NodeMemField> memory;
  std::vector<DrbdField> drbd;
  std::vector<NfsMount> mounts;
  std::vector<CgroupSubsystem> cgroups;
  std::vector<SoftIrq> softirqs;
  switch (data[0]) {
    case 'b':
      (void)ParseBuddyInfo(text, zones);
      break;
    case 'z':
      (void)ParseZoneInfo(text,
                          [](std::string_view, std::string_view, std::string_view, double) {});
      break;
    case 'l':
      (void)ParseSlabInfo(text, slabs);
      break;
    case 's':
      (void)ParseSwaps(text, swaps);
      break;
    case 'm':
      (void)ParseNodeMemInfo(text, memory);
      (void)ParseNumaStat(text, memory);
      break;
    case 'n':
      (void)ParseLnstat(text, [](std::size_t, std::string_view, double) {});
      break;
    case 'x':
      (void)ParseXfrmStat(text, [](std::string_view, double) {});
      break;
    case 'd':
      (void)ParseDrbd(text, drbd);
      break;
    case 'f':
      (void)ParseMountStats(text, mounts);
      (void)ParseMountAddresses(text);
      break;
    case 'c':
      (void)ParseCgroups(text, cgroups);
      break;
    case 'i':
      (void)ParseSoftIrqs(text, softirqs);
      break;
    case 'v':
      (void)ParseVulnerability(text);
      break;
    case 'p': {
      const PciIds ids = PciIds::Parse(text);
      (void)ids.Class(text.substr(0, 6));
      (void)ids.Subsystem("1", text.substr(0, 4), "2", "3");
      break;
    }
    default:
      break;
  }
  return 0;
}
