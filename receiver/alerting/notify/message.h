// What an integration is given to tell: one group's alerts at one tick.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/model/labels.h"
#include "receiver/alert/alert.h"
#include "receiver/template/notification_data.h"

namespace drover::alerting {

using alert::AlertPtr;

// Of the snapshot's alerts those that fire have no end, so that none ends while it is being sent.
struct Message {
  std::string receiver;
  std::string group_key;
  Labels group_labels;
  std::map<std::string, std::string> route_labels;
  std::vector<AlertPtr> alerts;  // in the order in which they are told
  std::string reason;            // "first notification" …
  std::string external_url;      // without a slash at the end
};

// Data for templates of the first `count` alerts: status and common labels are theirs alone.
tmpl::NotificationData DataOf(const Message& message, std::size_t count);

// job, instance, then all labels; without job or instance after with.
bool ToldBefore(const alert::Alert& a, const alert::Alert& b);

// RFC 3339 in UTC with as many digits as needed; the epoch stands for "no time", year 1.
std::string JsonTime(TimePoint t);

}  // namespace drover::alerting
