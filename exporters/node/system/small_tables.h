// Small tables of /proc and sysfs: cgroups (man 7 cgroups), softirqs (man 5 proc), and what the
// kernel says about weaknesses of the CPU (kernel: Documentation/ABI/testing/
// sysfs-devices-system-cpu). Views point into the texts.
#pragma once

#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct CgroupSubsystem {
  std::string_view name;
  double cgroups = 0;
  bool enabled = false;
};
// kInvalid: no heading, or a line of another form.
Status ParseCgroups(std::string_view text, std::vector<CgroupSubsystem>& out);

struct SoftIrq {
  std::string_view type;       // "NET_RX"
  std::vector<double> counts;  // by CPU
};
// kInvalid: no heading, or a line of another form.
Status ParseSoftIrqs(std::string_view text, std::vector<SoftIrq>& out);

struct Vulnerability {
  std::string_view state;       // not affected, vulnerable, mitigation, unknown
  std::string_view mitigation;  // the rest
};
Vulnerability ParseVulnerability(std::string_view text);

}  // namespace drover::exporters::node
