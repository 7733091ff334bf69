#include <algorithm>
#include <set>

#include "core/http/url.h"
#include "receiver/api/alertmanager_v2/values.h"

namespace drover::api::v2 {
namespace {

struct Refusal {
  int status;
  int code;
  std::string message;
  http::Response ToResponse() const { return ProtocolFailure(status, code, message); }
};

Refusal BadBody(const std::string& why) {
  return {400, 400, "parsing alerts body from \"\" failed, because " + why};
}

Refusal BadKind(const json::Value& value, const std::string& field) {
  return BadBody("json: cannot unmarshal " + std::string(value.KindName()) +
                 " into Go struct field " + field);
}

bool LooksLikeUri(const std::string& text) {
  if (text.find(' ') != std::string::npos) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '%' &&
        !(i + 2 < text.size() && std::isxdigit(static_cast<unsigned char>(text[i + 1])) &&
          std::isxdigit(static_cast<unsigned char>(text[i + 2]))))
      return false;
  }
  return true;
}

// Texts of a map of strings; null is empty.
std::optional<Refusal> ReadTexts(const json::Value& value, const std::string& field,
                                 std::map<std::string, std::string>& out) {
  if (value.IsNull()) return std::nullopt;
  if (!value.IsObject()) return BadKind(value, field + " of type models.LabelSet");
  for (const auto& [name, text] : value.members()) {
    if (!text.IsString() && !text.IsNull())
      return BadKind(text, field + "." + name + " of type string");
    out[name] = text.AsString();
  }
  return std::nullopt;
}

std::optional<Refusal> ReadAlert(const json::Value& value, std::size_t index, alert::Alert& out) {
  if (!value.IsObject()) return BadKind(value, "of type models.PostableAlert");
  const std::string at = std::to_string(index);
  const json::Value* labels = value.Find("labels");
  if (labels == nullptr || labels->IsNull())
    return Refusal{422, 602, at + ".labels in body is required"};
  std::map<std::string, std::string> texts;
  if (auto bad = ReadTexts(*labels, "Alert.labels", texts)) return bad;
  LabelsBuilder builder;
  for (const auto& [name, text] : texts) builder.Set(name, text);
  out.labels = builder.Build();
  if (const auto* v = value.Find("annotations")) {
    if (auto bad = ReadTexts(*v, "PostableAlert.annotations", out.annotations)) return bad;
  }
  for (const auto& [key, slot] :
       {std::pair("startsAt", &out.starts_at), std::pair("endsAt", &out.ends_at)}) {
    const json::Value* v = value.Find(key);
    if (v == nullptr || v->IsNull() || (v->IsString() && v->AsString().empty())) continue;
    if (!v->IsString()) return BadKind(*v, std::string(key) + " of type string");
    const auto time = ReadTime(*v);
    if (!time) return BadBody(time.error().message());
    *slot = *time;
  }
  if (const auto* v = value.Find("generatorURL"); v != nullptr && !v->IsNull()) {
    if (!v->IsString()) return BadKind(*v, "Alert.generatorURL of type strfmt.URI");
    out.generator_url = v->AsString();
    if (!out.generator_url.empty() && !LooksLikeUri(out.generator_url))
      return Refusal{
          422, 601,
          at + ".generatorURL in body must be of type uri: \"" + out.generator_url + "\""};
  }
  return std::nullopt;
}

}  // namespace

http::Response PostAlerts(alerting::Alerting& alerting, const http::Request& request) {
  const auto body = json::Parse(request.body);
  if (!body) return BadBody(body.error().message()).ToResponse();
  if (body->IsNull()) return Answer(200, "");
  if (!body->IsArray())
    return BadBody("json: cannot unmarshal " + std::string(body->KindName()) +
                   " into Go value of type models.PostableAlerts")
        .ToResponse();
  std::vector<alert::Alert> alerts;
  std::optional<Refusal> schema;
  for (std::size_t i = 0; i < body->items().size(); ++i) {
    alert::Alert alert;
    const auto bad = ReadAlert(body->items()[i], i, alert);
    if (bad && bad->status == 400) return bad->ToResponse();
    if (bad && !schema) schema = bad;
    alerts.push_back(std::move(alert));
  }
  if (schema) return schema->ToResponse();
  std::string text;
  for (const std::string& error : alerting.Ingest(std::move(alerts)))
    text += (text.empty() ? "" : "\n") + error;
  return text.empty() ? Answer(200, "") : Failure(400, text);
}

http::Response GetAlerts(const alerting::Alerting& alerting, const http::Request& request) {
  const auto query = ReadQuery(http::FormOf(request));
  if (!query) return Failure(400, query.error().message());
  const auto runtime = alerting.runtime();
  json::Writer out;
  out.BeginArray();
  for (const alerting::AlertView& alert : alerting.Alerts()) {
    const bool told =
        std::any_of(alert.receivers.begin(), alert.receivers.end(),
                    [&](const auto& r) { return query->WantsReceiver(r, runtime->config()); });
    if (told && query->WantsAlert(alert, false)) WriteAlert(out, alert, {});
  }
  out.EndArray();
  return Answer(200, out.Take() + "\n");
}

http::Response GetGroups(const alerting::Alerting& alerting, const http::Request& request) {
  const auto query = ReadQuery(http::FormOf(request));
  if (!query) return Failure(400, query.error().message());
  const auto runtime = alerting.runtime();
  const TimePoint now = alerting.Now();
  auto groups = alerting.Groups();
  std::erase_if(groups, [&](const alerting::GroupView& g) {
    return !query->WantsReceiver(g.receiver, runtime->config()) ||
           (!query->muted && !g.muted_by.empty());
  });
  std::map<std::uint64_t, std::set<std::string>> receivers;
  for (const auto& group : groups) {
    for (const auto& [fingerprint, alert] : group.alerts)
      receivers[fingerprint].insert(group.receiver);
  }
  json::Writer out;
  out.BeginArray();
  for (const alerting::GroupView& group : groups) {
    std::vector<alerting::AlertView> shown;
    for (const auto& [fingerprint, alert] : group.alerts) {
      if (alert->ResolvedAt(now)) continue;
      alerting::AlertView view = alerting.StatusOf(fingerprint, alert);
      if (!query->WantsAlert(view, !group.muted_by.empty())) continue;
      view.receivers.assign(receivers[fingerprint].begin(), receivers[fingerprint].end());
      shown.push_back(std::move(view));
    }
    if (shown.empty()) continue;
    out.BeginObject().Key("alerts").BeginArray();
    for (const auto& view : shown) WriteAlert(out, view, group.muted_by);
    out.EndArray().Key("labels");
    WriteLabels(out, group.labels);
    out.Key("receiver").BeginObject().Key("name").String(group.receiver).EndObject();
    out.Key("routeLabels");
    WriteMap(out, group.route_labels);
    out.EndObject();
  }
  out.EndArray();
  return Answer(200, out.Take() + "\n");
}

}  // namespace drover::api::v2
