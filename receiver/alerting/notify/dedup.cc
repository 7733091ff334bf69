#include "receiver/alerting/notify/dedup.h"

#include <algorithm>

namespace drover::alerting {

std::optional<std::string> ReasonToTell(const std::optional<NotifyEntry>& last,
                                        const Fingerprints& firing, const Fingerprints& resolved,
                                        bool send_resolved, TimePoint tick, Millis repeat) {
  const auto within = [](const Fingerprints& part, const Fingerprints& whole) {
    return std::includes(whole.begin(), whole.end(), part.begin(), part.end());
  };
  if (!last) {
    if (firing.empty()) return std::nullopt;
    return "first notification";
  }
  if (!within(firing, last->firing))
    return last->firing.empty() ? "first notification" : "new alerts added";
  if (firing.empty()) {
    if (last->firing.empty()) return std::nullopt;
    return "all alerts resolved";
  }
  if (send_resolved && !within(resolved, last->resolved)) return "some alerts resolved";
  // The log holds the time of the tick, so a repeat falls on its own tick and not one later.
  if (last->time <= tick - repeat) return "repeat interval elapsed";
  return std::nullopt;
}

}  // namespace drover::alerting
