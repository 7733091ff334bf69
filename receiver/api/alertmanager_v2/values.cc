#include "receiver/api/alertmanager_v2/values.h"

#include <algorithm>

#include "core/base/numbers.h"
#include "receiver/alerting/config/matchers.h"

namespace drover::api::v2 {

http::Response Answer(int status, std::string json) {
  http::Response out = http::Response::Json(status, std::move(json));
  out.headers.Set("Cache-Control", "no-store");
  return out;
}

http::Response Failure(int status, std::string_view message) {
  json::Writer out;
  out.String(message);
  return Answer(status, out.Take() + "\n");
}

http::Response ProtocolFailure(int status, int code, std::string_view message) {
  json::Writer out;
  out.BeginObject().Key("code").Int(code).Key("message").String(message).EndObject();
  return Answer(status, out.Take());
}

void WriteMap(json::Writer& out, const std::map<std::string, std::string>& map) {
  out.BeginObject();
  for (const auto& [name, value] : map) out.Key(name).String(value);
  out.EndObject();
}

void WriteLabels(json::Writer& out, const Labels& labels) {
  out.BeginObject();
  for (const LabelView& label : labels) out.Key(label.name).String(label.value);
  out.EndObject();
}

void WriteAlert(json::Writer& out, const alerting::AlertView& view,
                const std::vector<std::string>& muted_by) {
  const alert::Alert& a = *view.alert;
  const auto list = [&](std::string_view key, const std::vector<std::string>& texts) {
    out.Key(key).BeginArray();
    for (const std::string& text : texts) out.String(text);
    out.EndArray();
  };
  out.BeginObject().Key("annotations");
  WriteMap(out, a.annotations);
  out.Key("endsAt").String(FormatRfc3339(a.ends_at));
  out.Key("fingerprint").String(alert::FingerprintText(view.fingerprint));
  out.Key("receivers").BeginArray();
  for (const std::string& name : view.receivers)
    out.BeginObject().Key("name").String(name).EndObject();
  out.EndArray().Key("startsAt").String(FormatRfc3339(a.starts_at));
  out.Key("status").BeginObject();
  list("inhibitedBy", view.inhibited_by);
  list("mutedBy", muted_by);
  list("silencedBy", view.silenced_by);
  out.Key("state").String(view.suppressed() || !muted_by.empty() ? "suppressed" : "active");
  out.EndObject().Key("updatedAt").String(FormatRfc3339(a.updated_at));
  if (!a.generator_url.empty()) out.Key("generatorURL").String(a.generator_url);
  out.Key("labels");
  WriteLabels(out, a.labels);
  out.EndObject();
}

void WriteSilence(json::Writer& out, const alerting::Silence& silence, TimePoint now) {
  out.BeginObject().Key("id").String(silence.id);
  out.Key("status").BeginObject().Key("state").String(Text(silence.StateAt(now))).EndObject();
  out.Key("updatedAt").String(FormatRfc3339(silence.updated_at));
  if (!silence.annotations.empty()) {
    out.Key("annotations");
    WriteMap(out, silence.annotations);
  }
  out.Key("comment").String(silence.comment).Key("createdBy").String(silence.created_by);
  out.Key("endsAt").String(FormatRfc3339(silence.ends_at)).Key("matchers").BeginArray();
  for (const Matcher& m : silence.matchers) {
    const bool regex = m.type() == MatchType::kRegexp || m.type() == MatchType::kNotRegexp;
    const bool equal = m.type() == MatchType::kEqual || m.type() == MatchType::kRegexp;
    out.BeginObject().Key("isEqual").Bool(equal).Key("isRegex").Bool(regex);
    out.Key("name").String(m.name()).Key("value").String(m.value()).EndObject();
  }
  out.EndArray().Key("startsAt").String(FormatRfc3339(silence.starts_at)).EndObject();
}

Result<TimePoint> ReadTime(const json::Value& value) {
  const std::string& text = value.AsString();
  if (text.starts_with("0001-01-01T00:00:00")) return TimePoint{};
  if (const auto t = ParseRfc3339(text)) return *t;
  if (const auto t = ParseRfc3339(text + "T00:00:00Z"); t && text.size() == 10) return *t;
  return Fail(ErrorCode::kInvalid, "\"" + text + "\" is not an RFC 3339 time");
}

Result<std::vector<Matcher>> ReadFilter(const http::Form& form, std::string_view name) {
  std::vector<Matcher> out;
  for (const std::string& text : form.All(name)) {
    DROVER_TRY(Matcher matcher, alerting::ParseOneMatcher(text));
    out.push_back(std::move(matcher));
  }
  return out;
}

bool ReadSwitch(const http::Form& form, std::string_view name, bool otherwise) {
  if (!form.Has(name)) return otherwise;
  static constexpr std::string_view kTrue[] = {"1",   "t",  "true", "T", "TRUE",    "True",
                                               "yes", "on", "ok",   "y", "checked", "enabled"};
  return std::find(std::begin(kTrue), std::end(kTrue), form.Get(name)) != std::end(kTrue);
}

Result<Query> ReadQuery(const http::Form& form) {
  Query out;
  DROVER_TRY(out.filter, ReadFilter(form, "filter"));
  DROVER_TRY(out.receiver_matchers, ReadFilter(form, "receiver_matchers"));
  if (!form.Get("receiver").empty()) {
    auto regex = Regex::Compile(form.Get("receiver"));
    if (!regex) return Fail(std::move(regex).error().With("failed to parse receiver param"));
    out.receiver = *std::move(regex);
  }
  out.active = ReadSwitch(form, "active", true);
  out.silenced = ReadSwitch(form, "silenced", true);
  out.inhibited = ReadSwitch(form, "inhibited", true);
  out.unprocessed = ReadSwitch(form, "unprocessed", true);
  out.muted = ReadSwitch(form, "muted", true);
  return out;
}

bool Query::WantsReceiver(const std::string& name, const alerting::Config& config) const {
  if (receiver && !receiver->FullMatch(name)) return false;
  if (receiver_matchers.empty()) return true;
  for (const alerting::ReceiverConfig& r : config.receivers) {
    if (r.name != name) continue;
    return std::all_of(receiver_matchers.begin(), receiver_matchers.end(), [&](const Matcher& m) {
      const auto label = r.labels.find(m.name());
      return m.Matches(label == r.labels.end() ? std::string_view() : label->second);
    });
  }
  return false;
}

bool Query::WantsAlert(const alerting::AlertView& alert, bool muted_group) const {
  if (!alerting::AllMatch(filter, alert.alert->labels)) return false;
  if (!active && !alert.suppressed() && !muted_group) return false;
  if (!silenced && !alert.silenced_by.empty()) return false;
  return inhibited || alert.inhibited_by.empty();
}

}  // namespace drover::api::v2
