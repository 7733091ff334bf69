// Whether other components run on this node than were found last: one that joins a cluster gets its
// components later, one that is made a control plane too.
#pragma once

#include <string>
#include <vector>

#include "core/base/log.h"
#include "pushprox/client/flavours.h"

namespace drover::pushprox {

// One thread at a time. `log` outlives it.
class FlavourWatch {
 public:
  explicit FlavourWatch(const Logger& log) : log_(log) {}

  // Looks, which asks nothing but the file system. True when something else was found than last
  // time for the same options; what is new and what is gone is logged.
  bool Changed(const FlavourOptions& options, const std::string& rootfs);

 private:
  const Logger& log_;
  std::string asked_;
  std::vector<std::string> findings_;
};

}  // namespace drover::pushprox
