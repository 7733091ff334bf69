// --collector.NAME, --no-collector.NAME, --collector.NAME.OPTION and --collector.disable-defaults
// of a table of collectors, in node_exporter's manner.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "core/config/flags.h"
#include "exporters/common/collector.h"

namespace drover::exporters {

// 0: not given.
struct CollectorLimits {
  Millis timeout{0};
  Millis interval{0};
};

// Outlives the Flags it was added to.
class CollectorFlags {
 public:
  explicit CollectorFlags(std::vector<CollectorSpec> specs) : specs_(std::move(specs)) {}

  void AddTo(Flags& flags);

  // Before Flags::Parse: takes out of the list what every collector has,
  //   --collector.X.timeout=2s   instead of --collector.timeout
  //   --collector.X.interval=1m  what it said stays good for so long (Runner::Entry)
  // kInvalid for a duration that is none.
  Status Prepare(std::vector<std::string>& arguments);

  struct Choice {
    std::vector<const CollectorSpec*> on;  // in table order; points into this object
    std::map<std::string, CollectorLimits, std::less<>> limits;  // by name, of those given
    FlagValues values;  // with a switch per collector's name
    std::vector<std::string> warnings;
  };
  // After Flags::Parse. kInvalid for an old and a new name given together.
  Result<Choice> Choose(const Flags& flags) const;

  const std::vector<CollectorSpec>& specs() const { return specs_; }

 private:
  const std::vector<CollectorSpec> specs_;
  std::map<std::string, CollectorLimits, std::less<>> limits_;
  std::map<std::string, bool> switches_;
  std::map<std::string, std::string> texts_;
  std::map<std::string, std::vector<std::string>> lists_;
  bool disable_defaults_ = false;
};

}  // namespace drover::exporters
