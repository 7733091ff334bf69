// From a job's configuration to its targets.
#pragma once

#include <string>
#include <vector>

#include "agent/config/agent_config.h"
#include "core/base/result.h"
#include "core/model/labels.h"

namespace drover::agent::scrape {

struct TargetSpec {
  Labels discovered;  // before relabelling, with __address__ and the like
  Labels labels;      // after: what its series carry
  std::string url;
  bool operator==(const TargetSpec&) const = default;
};

struct TargetSet {
  std::vector<TargetSpec> active;  // each label set and URL once
  std::vector<Labels> dropped;     // discovered labels of those relabelling dropped
};

// `job` has its defaults filled in. kInvalid: relabelling left a target without an address.
Result<TargetSet> MakeTargets(const ScrapeConfig& job);

}  // namespace drover::agent::scrape
