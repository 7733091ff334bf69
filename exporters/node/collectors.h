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

Result<std::unique_ptr<Collector>> MakeCpu(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeDiskStats(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeFileFd(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeFilesystem(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeLoadAvg(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeMemInfo(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeNetDev(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeOs(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakePressure(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeStat(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeTime(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeTimex(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeUname(const CollectorInput& input);
Result<std::unique_ptr<Collector>> MakeVmStat(const CollectorInput& input);

}  // namespace drover::exporters::node
