// The objects of API v2 as JSON, and its two forms of errors.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"
#include "core/http/url.h"
#include "core/json/reader.h"
#include "core/json/writer.h"
#include "receiver/alerting/alerting.h"

namespace drover::api::v2 {

http::Response Answer(int status, std::string json);
// From handlers: the text as a JSON string.
http::Response Failure(int status, std::string_view message);
// From the protocol's layer: {code, message}. Codes over 600 name what a schema check found.
http::Response ProtocolFailure(int status, int code, std::string_view message);

void WriteAlert(json::Writer& out, const alerting::AlertView& alert,
                const std::vector<std::string>& muted_by);
void WriteSilence(json::Writer& out, const alerting::Silence& silence, TimePoint now);
void WriteLabels(json::Writer& out, const Labels& labels);
void WriteMap(json::Writer& out, const std::map<std::string, std::string>& map);

// Times as RFC 3339; a date alone is taken, as the reference does. kInvalid.
Result<TimePoint> ReadTime(const json::Value& value);

// filter=, receiver=, receiver_matchers= and the switches of a query. kInvalid with the texts of
// the reference.
struct Query {
  std::vector<Matcher> filter;
  std::optional<Regex> receiver;
  std::vector<Matcher> receiver_matchers;
  bool active = true;
  bool silenced = true;
  bool inhibited = true;
  bool unprocessed = true;
  bool muted = true;

  bool WantsReceiver(const std::string& name, const alerting::Config& config) const;
  bool WantsAlert(const alerting::AlertView& alert, bool muted_group) const;
};
Result<Query> ReadQuery(const http::Form& form);
Result<std::vector<Matcher>> ReadFilter(const http::Form& form, std::string_view name);
// Absent: `otherwise`. What is not a boolean counts as false.
bool ReadSwitch(const http::Form& form, std::string_view name, bool otherwise);

http::Response PostAlerts(alerting::Alerting& alerting, const http::Request& request);
http::Response GetAlerts(const alerting::Alerting& alerting, const http::Request& request);
http::Response GetGroups(const alerting::Alerting& alerting, const http::Request& request);
http::Response PostSilence(alerting::Alerting& alerting, const http::Request& request);
http::Response GetSilences(const alerting::Alerting& alerting, const http::Request& request);
http::Response GetSilence(const alerting::Alerting& alerting, const std::string& id);
http::Response DeleteSilence(alerting::Alerting& alerting, const std::string& id);
http::Response GetReceivers(const alerting::Alerting& alerting, const http::Request& request);
http::Response GetStatus(const alerting::Alerting& alerting);

}  // namespace drover::api::v2
