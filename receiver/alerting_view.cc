#include "receiver/alerting_view.h"

#include <algorithm>

#include "core/base/numbers.h"
#include "core/html/html.h"
#include "receiver/alerting/config/matchers.h"

namespace drover::receiver {
namespace {

constexpr std::size_t kHistory = 500;

std::string StateText(alerting::SilenceState state) {
  switch (state) {
    case alerting::SilenceState::kActive:
      return "active";
    case alerting::SilenceState::kPending:
      return "pending";
    case alerting::SilenceState::kExpired:
      return "expired";
  }
  return "";
}

}  // namespace

web::AlertingView MakeAlertingView(const alerting::Alerting& alerting) {
  web::AlertingView view;
  for (const alerting::AlertView& alert : alerting.Alerts()) {
    web::Delivery& delivery = view.deliveries[alert.fingerprint];
    delivery.receivers = alert.receivers;
    delivery.silenced_by = alert.silenced_by;
    delivery.inhibited = !alert.inhibited_by.empty();
  }
  const TimePoint now = alerting.Now();
  const auto history = alerting.History(kHistory);
  for (const alerting::GroupView& group : alerting.Groups()) {
    // The newest attempt for this group and receiver.
    std::string sent;
    if (history) {
      const auto found =
          std::find_if(history->begin(), history->end(), [&](const alerting::HistoryEntry& entry) {
            return entry.target.receiver == group.receiver && entry.target.group_key == group.key;
          });
      if (found != history->end()) {
        sent = found->target.integration + " to " + group.receiver + " " +
               (found->error.empty() ? "" : "failed ") +
               html::Ago(std::max(now - found->time, Millis(0))) + " ago" +
               (found->error.empty() ? "" : ": " + found->error);
      }
    }
    for (const auto& [fingerprint, alert] : group.alerts) {
      web::Delivery& delivery = view.deliveries[fingerprint];
      delivery.muted = delivery.muted || !group.muted_by.empty();
      if (!sent.empty()) delivery.last_sent += (delivery.last_sent.empty() ? "" : "; ") + sent;
    }
  }
  for (const auto& silence : alerting.silences().List()) {
    const alerting::SilenceState state = silence->StateAt(now);
    if (state == alerting::SilenceState::kExpired) continue;
    view.silences.push_back({silence->id, alerting::MatchersText(silence->matchers),
                             StateText(state), FormatRfc3339(silence->ends_at, 0),
                             silence->created_by, silence->comment});
  }
  return view;
}

}  // namespace drover::receiver
