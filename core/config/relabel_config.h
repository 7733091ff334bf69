// relabel_configs in a file: the list of rules, each compiled when read so that a bad one has its
// place.
#pragma once

#include <optional>
#include <vector>

#include "core/config/describe.h"
#include "core/model/relabel.h"

namespace drover {

struct RelabelConfigs {
  std::vector<RelabelSpec> specs;  // as written, for the effective configuration
  std::vector<RelabelRule> rules;

  bool empty() const { return rules.empty(); }
};

Status FromYaml(const YamlNode& node, RelabelConfigs& out);
void ToYaml(const RelabelConfigs& value, YamlWriter& out);

}  // namespace drover
