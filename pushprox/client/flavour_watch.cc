#include "pushprox/client/flavour_watch.h"

#include <algorithm>
#include <utility>

#include "core/os/file_system.h"

namespace drover::pushprox {

bool FlavourWatch::Changed(const FlavourOptions& options, const std::string& rootfs) {
  std::string asked = rootfs + '\0' + options.flavour;
  for (const std::string& one : options.components) asked += '\0' + one;
  auto found = FindTargets(options, *MakeFileSystem(rootfs));
  if (!found) return false;
  const bool same = asked == asked_;
  asked_ = std::move(asked);
  const auto before = std::exchange(findings_, std::move(found->findings));
  if (!same || before == findings_) return false;
  for (const std::string& line : findings_) {
    if (std::find(before.begin(), before.end(), line) == before.end())
      log_.Info("the flavour's components have changed", {{"now", line}});
  }
  return true;
}

}  // namespace drover::pushprox
