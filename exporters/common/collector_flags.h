// --collector.NAME, --no-collector.NAME, --collector.NAME.OPTION and --collector.disable-defaults
// of a table of collectors, in node_exporter's manner.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/config/flags.h"
#include "exporters/common/collector.h"

namespace drover::exporters {

// Outlives the Flags it was added to.
class CollectorFlags {
 public:
  // Upstream's collectors that this program lacks, by flag prefix.
  struct NotBuilt {
    std::string name;
    bool default_on = false;
  };
  CollectorFlags(std::vector<CollectorSpec> specs, std::vector<NotBuilt> not_built);

  void AddTo(Flags& flags);

  // Before Flags::Parse: takes --no-collector.X of a collector that is not built out of the list
  // (it is off indeed); kUnsupported for anything that would want one on.
  Status TakeNotBuilt(std::vector<std::string>& arguments);

  struct Choice {
    std::vector<const CollectorSpec*> on;  // in table order; points into this object
    std::vector<std::string> missing;      // on by upstream's default, but not built
    FlagValues values;                     // with a switch per collector's name, built or not
    std::vector<std::string> warnings;
  };
  // After Flags::Parse. kInvalid for an old and a new name given together.
  Result<Choice> Choose(const Flags& flags) const;

  const std::vector<CollectorSpec>& specs() const { return specs_; }
  std::vector<std::string> not_built_names() const;

 private:
  const std::vector<CollectorSpec> specs_;
  std::vector<NotBuilt> not_built_;
  std::map<std::string, bool> switches_;
  std::map<std::string, std::string> texts_;
  bool disable_defaults_ = false;
};

}  // namespace drover::exporters
