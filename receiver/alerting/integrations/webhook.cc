#include "receiver/alerting/integrations/webhook.h"

#include <algorithm>

#include "core/base/numbers.h"
#include "core/http/url.h"
#include "core/json/writer.h"
#include "core/os/file_system.h"

namespace drover::alerting {
namespace {

// Of one attempt, when the configuration names none: an address that swallows what is sent must not
// use up the time of the whole flush.
constexpr Millis kAttemptTimeout{30'000};

using TextMap = std::map<std::string, std::string>;

void WriteMap(json::Writer& out, std::string_view key, const TextMap& map) {
  out.Key(key).BeginObject();
  for (const auto& [name, value] : map) out.Key(name).String(value);
  out.EndObject();
}

std::string TimeText(const tmpl::Time& t) {
  if (t.seconds == tmpl::Time().seconds) return JsonTime({});
  return JsonTime(FromMs(t.seconds * 1000 + t.nanos / 1'000'000));
}

void WriteYaml(const YamlNode& node, json::Writer& out);

// The type that YAML's core schema gives a plain scalar.
void WriteScalar(const YamlNode& node, json::Writer& out) {
  if (node.quoted) {
    out.String(node.text);
  } else if (node.text == "true" || node.text == "false") {
    out.Bool(node.text == "true");
  } else if (const auto number = ParseInt(node.text)) {
    out.Int(*number);
  } else if (const auto real = ParseFloat(node.text);
             real && node.text.find_first_not_of("0123456789.eE+-") == std::string::npos) {
    out.Number(*real);
  } else {
    out.String(node.text);
  }
}

void WriteYaml(const YamlNode& node, json::Writer& out) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      out.Null();
      break;
    case YamlNode::Kind::kScalar:
      WriteScalar(node, out);
      break;
    case YamlNode::Kind::kSequence:
      out.BeginArray();
      for (const YamlNode& item : node.items) WriteYaml(item, out);
      out.EndArray();
      break;
    case YamlNode::Kind::kMap:
      out.BeginObject();
      for (const auto& [key, value] : node.entries) {
        out.Key(key.text);
        WriteYaml(value, out);
      }
      out.EndObject();
      break;
  }
}

Status Expand(const YamlNode& node, const tmpl::TemplateSet& templates, const tmpl::Value& data,
              json::Writer& out) {
  switch (node.kind) {
    case YamlNode::Kind::kNull:
      out.Null();
      return {};
    case YamlNode::Kind::kScalar: {
      if (!node.quoted && node.text.find("{{") == std::string::npos) {
        WriteScalar(node, out);
        return {};
      }
      DROVER_TRY(const std::string text, templates.Expand(node.text, data));
      const auto parsed = ParseYaml(text, "payload");
      if (parsed && !text.empty() && !parsed->IsNull()) {
        WriteYaml(*parsed, out);
      } else {
        out.String(text);
      }
      return {};
    }
    case YamlNode::Kind::kSequence:
      out.BeginArray();
      for (const YamlNode& item : node.items) DROVER_CHECK(Expand(item, templates, data, out));
      out.EndArray();
      return {};
    case YamlNode::Kind::kMap:
      out.BeginObject();
      for (const auto& [key, value] : node.entries) {
        DROVER_TRY(const std::string name, templates.Expand(key.text, data));
        out.Key(name);
        DROVER_CHECK(Expand(value, templates, data, out));
      }
      out.EndObject();
      return {};
  }
  return {};
}

std::string Trimmed(std::string text) {
  const std::size_t end = text.find_last_not_of(" \t\r\n");
  text.erase(end == std::string::npos ? 0 : end + 1);
  return text.substr(std::min(text.size(), text.find_first_not_of(" \t\r\n")));
}

}  // namespace

std::string WebhookBody(const tmpl::NotificationData& data, const std::string& group_key,
                        std::size_t truncated) {
  json::Writer out;
  out.BeginObject().Key("receiver").String(data.receiver).Key("status").String(data.status);
  out.Key("alerts").BeginArray();
  for (const tmpl::AlertView& a : data.alerts) {
    out.BeginObject().Key("status").String(a.status);
    WriteMap(out, "labels", a.labels);
    WriteMap(out, "annotations", a.annotations);
    out.Key("startsAt").String(TimeText(a.starts_at)).Key("endsAt").String(TimeText(a.ends_at));
    out.Key("generatorURL").String(a.generator_url).Key("fingerprint").String(a.fingerprint);
    out.EndObject();
  }
  out.EndArray().Key("notification_reason").String(data.notification_reason);
  WriteMap(out, "groupLabels", data.group_labels);
  WriteMap(out, "commonLabels", data.common_labels);
  WriteMap(out, "commonAnnotations", data.common_annotations);
  WriteMap(out, "routeLabels", data.route_labels);
  out.Key("externalURL").String(data.external_url).Key("version").String("4");
  out.Key("groupKey").String(group_key);
  out.Key("truncatedAlerts").Int(static_cast<std::int64_t>(truncated)).EndObject();
  return out.Take();
}

Result<std::string> ExpandPayload(const YamlNode& node, const tmpl::TemplateSet& templates,
                                  const tmpl::Value& data) {
  json::Writer out;
  DROVER_CHECK(Expand(node, templates, data, out));
  return out.Take();
}

Outcome OutcomeOf(const Result<http::ClientResponse>& answer, const std::string& where) {
  if (!answer) {
    const Error& error = answer.error();
    const std::string text = "post \"" + where + "\": " + error.message();
    if (error.code() == ErrorCode::kCancelled) return Outcome::Retry(text, "contextCanceled");
    if (error.code() == ErrorCode::kInvalid) return Outcome::Permanent(text, "other");
    return Outcome::Retry(text, "other");
  }
  const int status = answer->status;
  if (status / 100 == 2) return Outcome::Ok();
  const std::string text =
      "unexpected status code " + std::to_string(status) + ": " + answer->body.substr(0, 512);
  if (status == 429 || status == 408) {
    Outcome out = Outcome::Retry(text, status == 429 ? "rateLimited" : "clientError");
    if (const auto after = ParseInt(answer->headers.Get("Retry-After")); after && *after >= 0)
      out.retry_after = std::chrono::seconds(std::min<std::int64_t>(*after, 3600));
    return out;
  }
  if (status / 100 == 5) return Outcome::Retry(text, "serverError");
  return Outcome::Permanent(text, status == 401 || status == 403 ? "authError"
                                  : status / 100 == 4            ? "clientError"
                                                                 : "other");
}

Webhook::Webhook(WebhookConfig config, std::unique_ptr<http::Client> client,
                 const tmpl::TemplateSet& templates)
    : config_(std::move(config)), client_(std::move(client)), templates_(templates) {}

Result<std::string> Webhook::Url(const tmpl::Value& data) const {
  std::string text = config_.url.text;
  if (!config_.url_file.empty()) {
    DROVER_TRY(std::string content, ReadUserFile(config_.url_file));
    text = Trimmed(std::move(content));
  }
  if (text.find("{{") == std::string::npos) return text;
  return templates_.Expand(text, data);
}

Result<std::string> Webhook::Body(const Message& message,
                                  const tmpl::NotificationData& data) const {
  if (!config_.payload.empty())
    return ExpandPayload(config_.payload.node, templates_, tmpl::ToValue(data));
  return WebhookBody(data, message.group_key, message.alerts.size() - data.alerts.size());
}

Outcome Webhook::Send(const SendContext& context, const Message& message) const {
  const tmpl::NotificationData data =
      DataOf(message, config_.max_alerts == 0 ? message.alerts.size() : config_.max_alerts);
  const auto url = Url(tmpl::ToValue(data));
  if (!url) return Outcome::Permanent("url: " + url.error().message(), "other");
  auto body = Body(message, data);
  if (!body) return Outcome::Permanent("payload: " + body.error().message(), "other");
  http::ClientRequest request;
  request.method = "POST";
  request.url = *url;
  request.headers.emplace_back("Content-Type", "application/json");
  request.body = *std::move(body);
  const auto own = std::chrono::ceil<Millis>(config_.timeout.value);
  request.timeout = std::min(context.time_left, own.count() > 0 ? own : kAttemptTimeout);
  request.max_body_bytes = 1 << 20;
  // Paths and queries of webhook addresses are secrets.
  const auto parsed = http::ParseUrl(*url);
  return OutcomeOf(client_->Do(std::move(request), context.stop),
                   parsed ? parsed->scheme + "://" + parsed->HostPort() + "/…" : kSecretText);
}

}  // namespace drover::alerting
