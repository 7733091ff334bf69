// Whether an integration hears of a group at this tick.
#pragma once

#include <optional>
#include <string>

#include "receiver/alerting/notify_log/notify_log.h"

namespace drover::alerting {

// The reason to tell it, as notification_reason names it; nullopt: it knows already.
std::optional<std::string> ReasonToTell(const std::optional<NotifyEntry>& last,
                                        const Fingerprints& firing, const Fingerprints& resolved,
                                        bool send_resolved, TimePoint tick, Millis repeat);

}  // namespace drover::alerting
