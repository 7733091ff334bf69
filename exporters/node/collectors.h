// The node collectors, with node_exporter 1.12.1's names, labels, types, help texts and flags.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "exporters/common/collector.h"
#include "exporters/common/collector_flags.h"

namespace drover::exporters::node {

// Every node collector, in --help order. A collector that is not here does not exist.
std::vector<CollectorSpec> Collectors();

// node_exporter's collectors that are not here, and whether they are on there by default.
// netclass_rtnl and powersupply are no collectors but name options of two.
std::vector<CollectorFlags::NotBuilt> NotBuilt();

CollectorSpec ArpSpec();
CollectorSpec CpuSpec();
CollectorSpec DiskStatsSpec();
CollectorSpec FileFdSpec();
CollectorSpec FilesystemSpec();
CollectorSpec LoadAvgSpec();
CollectorSpec MemInfoSpec();
CollectorSpec NetDevSpec();
CollectorSpec NetworkRouteSpec();
CollectorSpec OsSpec();
CollectorSpec PressureSpec();
CollectorSpec QdiscSpec();
CollectorSpec StatSpec();
CollectorSpec TcpStatSpec();
CollectorSpec TimeSpec();
CollectorSpec TimexSpec();
CollectorSpec UnameSpec();
CollectorSpec VmStatSpec();

}  // namespace drover::exporters::node
