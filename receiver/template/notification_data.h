// What notification templates see as dot (alerting documentation: "Notification template
// reference").
#pragma once

#include <map>
#include <string>
#include <vector>

#include "receiver/template/value.h"

namespace drover::tmpl {

struct AlertView {
  std::string status;  // firing or resolved
  std::map<std::string, std::string> labels;
  std::map<std::string, std::string> annotations;
  Time starts_at;
  Time ends_at;  // zero while firing
  std::string generator_url;
  std::string fingerprint;
};

struct NotificationData {
  std::string receiver;
  std::string status;
  std::vector<AlertView> alerts;
  std::string notification_reason;
  std::map<std::string, std::string> group_labels;
  std::map<std::string, std::string> common_labels;
  std::map<std::string, std::string> common_annotations;
  std::map<std::string, std::string> route_labels;
  std::string external_url;
};

Value ToValue(const NotificationData& data);
// Label maps with SortedPairs, Names, Values, Remove; prints "k=v, k2=v2".
Value KeyValues(std::map<std::string, std::string> entries);

}  // namespace drover::tmpl
