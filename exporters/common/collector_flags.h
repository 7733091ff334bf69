// --collector.NAME, --no-collector.NAME, --collector.NAME.OPTION and --collector.disable-defaults
// of a table of collectors, in node_exporter's manner.
#pragma once

#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/config/flags.h"
#include "exporters/common/collector.h"

namespace drover::exporters {

// Outlives the Flags it was added to.
class CollectorFlags {
 public:
  // `not_built` names upstream's collectors that this program lacks.
  CollectorFlags(std::vector<CollectorSpec> specs, std::vector<std::string> not_built);

  void AddTo(Flags& flags);

  // Before Flags::Parse: takes --no-collector.X of a collector that is not built out of the list
  // (it is off indeed); kUnsupported for anything that would want one on.
  Status TakeNotBuilt(std::vector<std::string>& arguments) const;

  struct Choice {
    std::vector<const CollectorSpec*> on;  // in table order; points into this object
    FlagValues values;
    std::vector<std::string> warnings;
  };
  // After Flags::Parse. kInvalid for an old and a new name given together.
  Result<Choice> Choose(const Flags& flags) const;

  const std::vector<CollectorSpec>& specs() const { return specs_; }
  const std::vector<std::string>& not_built() const { return not_built_; }

 private:
  const std::vector<CollectorSpec> specs_;
  const std::vector<std::string> not_built_;
  std::map<std::string, bool> switches_;
  std::map<std::string, std::string> texts_;
  bool disable_defaults_ = false;
};

}  // namespace drover::exporters
