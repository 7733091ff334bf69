// The node collectors, with node_exporter 1.12.1's names, labels, types, help texts and flags.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exporters/common/collector.h"

namespace drover::exporters::node {

// Every node collector, in --help order. A collector that is not here does not exist.
std::vector<CollectorSpec> Collectors();

CollectorSpec ArpSpec();
CollectorSpec BcacheSpec();
CollectorSpec BcachefsSpec();
CollectorSpec BondingSpec();
CollectorSpec BtrfsSpec();
CollectorSpec BuddyInfoSpec();
CollectorSpec CgroupsSpec();
CollectorSpec ConntrackSpec();
CollectorSpec CpuFreqSpec();
CollectorSpec CpuSpec();
CollectorSpec CpuVulnerabilitiesSpec();
CollectorSpec DiskStatsSpec();
CollectorSpec DmMultipathSpec();
CollectorSpec DmiSpec();
CollectorSpec DrbdSpec();
CollectorSpec DrmSpec();
CollectorSpec EdacSpec();
CollectorSpec EntropySpec();
CollectorSpec EthtoolSpec();
CollectorSpec FibreChannelSpec();
CollectorSpec FileFdSpec();
CollectorSpec FilesystemSpec();
CollectorSpec HwMonSpec();
CollectorSpec InfiniBandSpec();
CollectorSpec InterruptsSpec();
CollectorSpec IpVsSpec();
CollectorSpec KernelHungSpec();
CollectorSpec KsmdSpec();
CollectorSpec LnstatSpec();
CollectorSpec LoadAvgSpec();
CollectorSpec LogindSpec();
CollectorSpec MdAdmSpec();
CollectorSpec MemInfoNumaSpec();
CollectorSpec MemInfoSpec();
CollectorSpec MountStatsSpec();
CollectorSpec NetClassSpec();
CollectorSpec NetDevSpec();
CollectorSpec NetStatSpec();
CollectorSpec NetworkRouteSpec();
CollectorSpec NfsSpec();
CollectorSpec NfsdSpec();
CollectorSpec NtpSpec();
CollectorSpec NvmeSpec();
CollectorSpec NvmeSubsystemSpec();
CollectorSpec OsSpec();
CollectorSpec PciDeviceSpec();
CollectorSpec PerfSpec();
CollectorSpec PowerSupplyClassSpec();
CollectorSpec PressureSpec();
CollectorSpec ProcessesSpec();
CollectorSpec QdiscSpec();
CollectorSpec RaplSpec();
CollectorSpec RunitSpec();
CollectorSpec SchedStatSpec();
CollectorSpec SeLinuxSpec();
CollectorSpec SlabInfoSpec();
CollectorSpec SockStatSpec();
CollectorSpec SoftIrqsSpec();
CollectorSpec SoftnetSpec();
CollectorSpec StatSpec();
CollectorSpec SupervisordSpec();
CollectorSpec SwapSpec();
CollectorSpec SysctlSpec();
CollectorSpec SystemdSpec();
CollectorSpec TapeStatsSpec();
CollectorSpec TcpStatSpec();
CollectorSpec TextFileSpec();
CollectorSpec ThermalZoneSpec();
CollectorSpec TimeSpec();
CollectorSpec TimexSpec();
CollectorSpec UdpQueuesSpec();
CollectorSpec UnameSpec();
CollectorSpec VmStatSpec();
CollectorSpec WatchdogSpec();
CollectorSpec WifiSpec();
CollectorSpec XfrmSpec();
CollectorSpec XfsSpec();
CollectorSpec ZfsSpec();
CollectorSpec ZoneInfoSpec();

}  // namespace drover::exporters::node
