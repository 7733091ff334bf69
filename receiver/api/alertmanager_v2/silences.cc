#include <algorithm>

#include "receiver/alerting/config/matchers.h"
#include "receiver/api/alertmanager_v2/values.h"

namespace drover::api::v2 {
namespace {

http::Response BadBody(const std::string& why) {
  return ProtocolFailure(400, 400, "parsing silence body from \"\" failed, because " + why);
}

http::Response BadId(const std::string& id) {
  return ProtocolFailure(422, 601, "silenceID in path must be of type uuid: \"" + id + "\"");
}

}  // namespace

http::Response PostSilence(alerting::Alerting& alerting, const http::Request& request) {
  const auto body = json::Parse(request.body);
  if (!body) return BadBody(body.error().message());
  if (!body->IsObject())
    return BadBody("json: cannot unmarshal " + std::string(body->KindName()) +
                   " into Go value of type models.PostableSilence");
  alerting::Silence silence;
  const auto required = [](const std::string& key) {
    return ProtocolFailure(422, 602, key + " in body is required");
  };
  for (const auto& [key, slot] :
       {std::pair("comment", &silence.comment), std::pair("createdBy", &silence.created_by)}) {
    const json::Value* v = body->Find(key);
    if (v == nullptr || v->IsNull()) return required(key);
    if (!v->IsString()) return BadBody(std::string(key) + " is not a text");
    *slot = v->AsString();
  }
  for (const auto& [key, slot] :
       {std::pair("endsAt", &silence.ends_at), std::pair("startsAt", &silence.starts_at)}) {
    const json::Value* v = body->Find(key);
    if (v == nullptr || v->IsNull()) return required(key);
    const auto time = ReadTime(*v);
    if (!time) return BadBody(time.error().message());
    *slot = *time;
  }
  if (const auto* id = body->Find("id")) silence.id = id->AsString();
  if (const auto* annotations = body->Find("annotations")) {
    for (const auto& [name, value] : annotations->members())
      silence.annotations[name] = value.AsString();
  }
  const json::Value* matchers = body->Find("matchers");
  if (matchers == nullptr || matchers->IsNull()) return required("matchers");
  if (!matchers->IsArray()) return BadBody("matchers is not a list");
  if (matchers->items().empty())
    return ProtocolFailure(422, 612, "matchers in body should have at least 1 items");
  for (std::size_t i = 0; i < matchers->items().size(); ++i) {
    const json::Value& m = matchers->items()[i];
    const std::string at = "matchers." + std::to_string(i) + ".";
    const json::Value* name = m.Find("name");
    const json::Value* value = m.Find("value");
    const json::Value* regex = m.Find("isRegex");
    const json::Value* equal = m.Find("isEqual");
    if (name == nullptr || !name->IsString()) return required(at + "name");
    if (value == nullptr || !value->IsString()) return required(at + "value");
    if (regex == nullptr) return required(at + "isRegex");
    const bool is_equal = equal == nullptr || equal->IsNull() || equal->AsBool();
    const MatchType type = regex->AsBool() ? (is_equal ? MatchType::kRegexp : MatchType::kNotRegexp)
                                           : (is_equal ? MatchType::kEqual : MatchType::kNotEqual);
    auto matcher = Matcher::Make(type, name->AsString(), value->AsString());
    if (!matcher)
      return Failure(400, "invalid silence: invalid label matcher " + std::to_string(i) +
                              " in set 0: invalid regular expression \"" + value->AsString() +
                              "\": " + matcher.error().message());
    silence.matchers.push_back(*std::move(matcher));
  }
  if (silence.ends_at <= silence.starts_at)
    return Failure(400, "Failed to create silence: start time must be before end time");
  if (silence.ends_at < alerting.Now())
    return Failure(400, "Failed to create silence: end time can't be in the past");
  const auto id = alerting.silences().Set(std::move(silence));
  if (!id) {
    const ErrorCode code = id.error().code();
    return Failure(code == ErrorCode::kNotFound  ? 404
                   : code == ErrorCode::kInvalid ? 400
                                                 : 500,
                   id.error().message());
  }
  json::Writer out;
  out.BeginObject().Key("silenceID").String(*id).EndObject();
  return Answer(200, out.Take() + "\n");
}

http::Response GetSilences(const alerting::Alerting& alerting, const http::Request& request) {
  const http::Form form = http::FormOf(request);
  const auto filter = ReadFilter(form, "filter");
  if (!filter) return Failure(400, filter.error().message());
  const TimePoint now = alerting.Now();
  json::Writer out;
  out.BeginArray();
  for (const auto& silence : alerting.silences().List()) {
    if (!ReadSwitch(form, std::string(Text(silence->StateAt(now))), true)) continue;
    // A silence must hold the very matchers that are asked for.
    const bool wanted = std::all_of(filter->begin(), filter->end(), [&](const Matcher& f) {
      return std::find(silence->matchers.begin(), silence->matchers.end(), f) !=
             silence->matchers.end();
    });
    if (wanted) WriteSilence(out, *silence, now);
  }
  out.EndArray();
  return Answer(200, out.Take() + "\n");
}

http::Response GetSilence(const alerting::Alerting& alerting, const std::string& id) {
  if (!alerting::IsUuid(id)) return BadId(id);
  const auto silence = alerting.silences().Find(id);
  if (silence == nullptr) return Answer(404, "");
  json::Writer out;
  WriteSilence(out, *silence, alerting.Now());
  return Answer(200, out.Take() + "\n");
}

http::Response DeleteSilence(alerting::Alerting& alerting, const std::string& id) {
  if (!alerting::IsUuid(id)) return BadId(id);
  const auto done = alerting.silences().Expire(id);
  if (done) return Answer(200, "");
  if (done.error().code() == ErrorCode::kNotFound) return Answer(404, "");
  return Failure(500, done.error().message());
}

}  // namespace drover::api::v2
