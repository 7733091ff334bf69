// The eighteen kinds of integration that a receiver may list, with every key of theirs. Texts are
// Go templates where the documentation says so; empty ones stand for the kind's default.
// https://prometheus.io/docs/alerting/latest/configuration/#receiver-integration-settings
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/describe.h"
#include "core/http/client_config.h"
#include "receiver/alerting/config/fields.h"

namespace drover::alerting {

using OptionalClient = std::optional<http::ClientConfig>;
using TextMap = std::map<std::string, std::string>;

struct WebhookConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  SecretTemplateUrl url;
  std::string url_file;
  std::uint64_t max_alerts = 0;  // 0: all
  GoDuration timeout;            // 0: the flush's deadline
  AnyYaml payload;
};
struct EmailThreading {
  bool enabled = false;
  std::string thread_by_date;
};
struct EmailConfig {
  bool send_resolved = false;
  std::string to, from, hello;
  HostPortText smarthost;
  std::string auth_username;
  Secret auth_password;
  std::string auth_password_file;
  Secret auth_secret;
  std::string auth_secret_file, auth_identity;
  std::optional<bool> require_tls, force_implicit_tls;
  std::optional<http::TlsConfig> tls_config;
  TextMap headers;
  std::optional<std::string> html, text;
  std::optional<EmailThreading> threading;
};
struct ConfirmConfig {
  std::string text, title, ok_text, dismiss_text;
};
struct ActionConfig {
  std::string type, text, url, style, name, value;
  std::optional<ConfirmConfig> confirm;
};
struct FieldConfig {
  std::string title, value;
  std::optional<bool> short_;
};
struct SlackConfig {
  bool send_resolved = false;
  OptionalClient http_config;
  SecretUrl api_url;
  std::string api_url_file;
  Secret app_token;
  std::string app_token_file;
  UrlText app_url;
  std::string channel, username, color, title, title_link, pretext, text, message_text;
  std::vector<FieldConfig> fields;
  bool short_fields = false;
  std::string footer, fallback, callback_id, icon_emoji, icon_url, image_url, thumb_url;
  bool link_names = false;
  std::vector<std::string> mrkdwn_in;
  std::vector<ActionConfig> actions;
  bool update_message = false;
  GoDuration timeout;
};
struct PagerdutyImage {
  std::string src, alt, href;
};
struct PagerdutyLink {
  std::string href, text;
};
struct PagerdutyConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  Secret service_key;
  std::string service_key_file;
  Secret routing_key;
  std::string routing_key_file;
  UrlText url;
  std::string client, client_url, description, severity;
  AnyYaml details;
  std::vector<PagerdutyImage> images;
  std::vector<PagerdutyLink> links;
  std::string source, class_, component, group;
  GoDuration timeout;
};
struct OpsgenieResponder {
  std::string id, name, username, type;
};
struct OpsgenieConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  Secret api_key;
  std::string api_key_file;
  UrlText api_url;
  std::string message, description, source;
  TextMap details;
  std::string entity;
  std::vector<OpsgenieResponder> responders;
  std::string actions, tags, note, priority;
  bool update_alerts = false;
};
struct VictoropsConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  Secret api_key;
  std::string api_key_file;
  UrlText api_url;
  std::string routing_key, message_type, state_message, entity_display_name, monitoring_tool;
  TextMap custom_fields;
};
struct PushoverConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  Secret user_key;
  std::string user_key_file;
  Secret token;
  std::string token_file;
  std::string title, message, url, url_title, device, sound, priority;
  GoDuration retry, expire, ttl;
  bool html = false, monospace = false;
};
struct Sigv4Config {
  std::string region, access_key;
  Secret secret_key;
  std::string profile, role_arn, external_id;
  bool use_fips_sts_endpoint = false;
};
struct SnsConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  std::string api_url;
  Sigv4Config sigv4;
  std::string topic_arn, phone_number, target_arn, subject, message;
  TextMap attributes;
  bool use_aws_http_client = false;
};
struct TelegramConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  UrlText api_url;
  Secret bot_token;
  std::string bot_token_file;
  std::int64_t chat_id = 0;
  std::string chat_id_file;
  std::int64_t message_thread_id = 0;
  std::string message;
  bool disable_notifications = false;
  std::optional<std::string> parse_mode;
};
struct DiscordConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  SecretUrl webhook_url;
  std::string webhook_url_file;
  std::string content, title, message, username, avatar_url;
};
struct WebexConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  UrlText api_url;
  std::string room_id, message;
};
struct WechatConfig {
  bool send_resolved = false;
  OptionalClient http_config;
  UrlText api_url;
  Secret api_secret;
  std::string api_secret_file, corp_id, message, to_user, to_party, to_tag, agent_id, message_type;
};
struct MsteamsConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  SecretUrl webhook_url;
  std::string webhook_url_file, title, summary, text;
};
struct MsteamsV2Config {
  bool send_resolved = true;
  OptionalClient http_config;
  SecretUrl webhook_url;
  std::string webhook_url_file, title, text;
};
struct JiraConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  UrlText api_url;
  std::string api_type, project, issue_type;
  AnyYaml summary, description;  // a text, or {template, enable_update}
  std::vector<std::string> labels;
  std::string priority, reopen_transition, resolve_transition, wont_fix_resolution;
  Millis reopen_duration{0};
  AnyYaml fields;
};
struct RocketchatAction {
  std::string type, text, url, msg;
};
struct RocketchatConfig {
  bool send_resolved = false;
  OptionalClient http_config;
  UrlText api_url;
  Secret token;
  std::string token_file;
  Secret token_id;
  std::string token_id_file;
  std::string channel, color, title, title_link, text;
  std::vector<FieldConfig> fields;
  bool short_fields = false;
  std::string emoji, icon_url, image_url, thumb_url;
  bool link_names = false;
  std::vector<RocketchatAction> actions;
};
struct IncidentioConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  UrlText url;
  std::string url_file;
  Secret alert_source_token;
  std::string alert_source_token_file;
  std::uint64_t max_alerts = 0;
  GoDuration timeout;
};
struct MattermostProps {
  std::string card;
};
struct MattermostPriority {
  std::string priority;
  bool requested_ack = false, persistent_notifications = false;
};
struct MattermostAttachment {
  std::string fallback, color, pretext, text, author_name, author_link, author_icon, title,
      title_link;
  std::vector<FieldConfig> fields;
  std::string thumb_url, footer, footer_icon, image_url;
};
struct MattermostConfig {
  bool send_resolved = true;
  OptionalClient http_config;
  SecretUrl webhook_url;
  std::string webhook_url_file, channel, username, icon_url, icon_emoji, text;
  MattermostAttachment attachment;  // its keys stand at the top level
  std::vector<MattermostAttachment> attachments;
  std::string type;
  std::optional<MattermostProps> props;
  std::optional<MattermostPriority> priority;
};

#define DROVER_TEXT(name) v.Field(#name, c.name, "text", "")
#define DROVER_FIELD(name, kind) v.Field(#name, c.name, kind, "")

template <typename C, typename Visitor>
void DescribeCommon(C& c, Visitor& v) {
  v.Field("send_resolved", c.send_resolved, "bool", "Tell when alerts end, too.");
  v.Field("http_config", c.http_config, "", "How to talk to the service; replaces global's.");
}
template <typename Visitor>
void Describe(WebhookConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  v.Field("url", c.url, "url template", "Where to POST.");
  v.Field("url_file", c.url_file, "file", "File with the URL, read at each use.");
  v.Field("max_alerts", c.max_alerts, "alerts", "Most alerts in one message; 0: all.");
  v.Field("timeout", c.timeout, "Go duration", "Of one attempt; 0: the flush's deadline.");
  v.Field("payload", c.payload, "yaml", "Body of your own instead of version 4.");
}
template <typename Visitor>
void Describe(EmailThreading& c, Visitor& v) {
  DROVER_FIELD(enabled, "bool");
  DROVER_TEXT(thread_by_date);
}
template <typename Visitor>
void Describe(EmailConfig& c, Visitor& v) {
  DROVER_FIELD(send_resolved, "bool");
  DROVER_TEXT(to);
  DROVER_TEXT(from);
  DROVER_TEXT(hello);
  DROVER_TEXT(smarthost);
  DROVER_TEXT(auth_username);
  DROVER_FIELD(auth_password, "secret");
  DROVER_TEXT(auth_password_file);
  DROVER_FIELD(auth_secret, "secret");
  DROVER_TEXT(auth_secret_file);
  DROVER_TEXT(auth_identity);
  DROVER_FIELD(require_tls, "bool");
  DROVER_FIELD(force_implicit_tls, "bool");
  DROVER_FIELD(tls_config, "");
  DROVER_FIELD(headers, "");
  DROVER_TEXT(html);
  DROVER_TEXT(text);
  DROVER_FIELD(threading, "");
}
template <typename Visitor>
void Describe(ConfirmConfig& c, Visitor& v) {
  DROVER_TEXT(text);
  DROVER_TEXT(title);
  DROVER_TEXT(ok_text);
  DROVER_TEXT(dismiss_text);
}
template <typename Visitor>
void Describe(ActionConfig& c, Visitor& v) {
  DROVER_TEXT(type);
  DROVER_TEXT(text);
  DROVER_TEXT(url);
  DROVER_TEXT(style);
  DROVER_TEXT(name);
  DROVER_TEXT(value);
  DROVER_FIELD(confirm, "");
}
template <typename Visitor>
void Describe(FieldConfig& c, Visitor& v) {
  DROVER_TEXT(title);
  DROVER_TEXT(value);
  v.Field("short", c.short_, "bool", "");
}
template <typename Visitor>
void Describe(SlackConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(api_url, "url");
  DROVER_TEXT(api_url_file);
  DROVER_FIELD(app_token, "secret");
  DROVER_TEXT(app_token_file);
  DROVER_FIELD(app_url, "url");
  DROVER_TEXT(channel);
  DROVER_TEXT(username);
  DROVER_TEXT(color);
  DROVER_TEXT(title);
  DROVER_TEXT(title_link);
  DROVER_TEXT(pretext);
  DROVER_TEXT(text);
  DROVER_TEXT(message_text);
  DROVER_FIELD(fields, "");
  DROVER_FIELD(short_fields, "bool");
  DROVER_TEXT(footer);
  DROVER_TEXT(fallback);
  DROVER_TEXT(callback_id);
  DROVER_TEXT(icon_emoji);
  DROVER_TEXT(icon_url);
  DROVER_TEXT(image_url);
  DROVER_TEXT(thumb_url);
  DROVER_FIELD(link_names, "bool");
  DROVER_FIELD(mrkdwn_in, "");
  DROVER_FIELD(actions, "");
  DROVER_FIELD(update_message, "bool");
  DROVER_FIELD(timeout, "Go duration");
}
template <typename Visitor>
void Describe(PagerdutyImage& c, Visitor& v) {
  DROVER_TEXT(src);
  DROVER_TEXT(alt);
  DROVER_TEXT(href);
}
template <typename Visitor>
void Describe(PagerdutyLink& c, Visitor& v) {
  DROVER_TEXT(href);
  DROVER_TEXT(text);
}
template <typename Visitor>
void Describe(PagerdutyConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(service_key, "secret");
  DROVER_TEXT(service_key_file);
  DROVER_FIELD(routing_key, "secret");
  DROVER_TEXT(routing_key_file);
  DROVER_FIELD(url, "url");
  DROVER_TEXT(client);
  DROVER_TEXT(client_url);
  DROVER_TEXT(description);
  DROVER_TEXT(severity);
  DROVER_FIELD(details, "yaml");
  DROVER_FIELD(images, "");
  DROVER_FIELD(links, "");
  DROVER_TEXT(source);
  v.Field("class", c.class_, "text", "");
  DROVER_TEXT(component);
  DROVER_TEXT(group);
  DROVER_FIELD(timeout, "Go duration");
}
template <typename Visitor>
void Describe(OpsgenieResponder& c, Visitor& v) {
  DROVER_TEXT(id);
  DROVER_TEXT(name);
  DROVER_TEXT(username);
  DROVER_TEXT(type);
}
template <typename Visitor>
void Describe(OpsgenieConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(api_key, "secret");
  DROVER_TEXT(api_key_file);
  DROVER_FIELD(api_url, "url");
  DROVER_TEXT(message);
  DROVER_TEXT(description);
  DROVER_TEXT(source);
  DROVER_FIELD(details, "");
  DROVER_TEXT(entity);
  DROVER_FIELD(responders, "");
  DROVER_TEXT(actions);
  DROVER_TEXT(tags);
  DROVER_TEXT(note);
  DROVER_TEXT(priority);
  DROVER_FIELD(update_alerts, "bool");
}
template <typename Visitor>
void Describe(VictoropsConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(api_key, "secret");
  DROVER_TEXT(api_key_file);
  DROVER_FIELD(api_url, "url");
  DROVER_TEXT(routing_key);
  DROVER_TEXT(message_type);
  DROVER_TEXT(state_message);
  DROVER_TEXT(entity_display_name);
  DROVER_TEXT(monitoring_tool);
  DROVER_FIELD(custom_fields, "");
}
template <typename Visitor>
void Describe(PushoverConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(user_key, "secret");
  DROVER_TEXT(user_key_file);
  DROVER_FIELD(token, "secret");
  DROVER_TEXT(token_file);
  DROVER_TEXT(title);
  DROVER_TEXT(message);
  DROVER_TEXT(url);
  DROVER_TEXT(url_title);
  DROVER_TEXT(device);
  DROVER_TEXT(sound);
  DROVER_TEXT(priority);
  DROVER_FIELD(retry, "Go duration");
  DROVER_FIELD(expire, "Go duration");
  DROVER_FIELD(ttl, "Go duration");
  DROVER_FIELD(html, "bool");
  DROVER_FIELD(monospace, "bool");
}
template <typename Visitor>
void Describe(Sigv4Config& c, Visitor& v) {
  DROVER_TEXT(region);
  DROVER_TEXT(access_key);
  DROVER_FIELD(secret_key, "secret");
  DROVER_TEXT(profile);
  DROVER_TEXT(role_arn);
  DROVER_TEXT(external_id);
  DROVER_FIELD(use_fips_sts_endpoint, "bool");
}
template <typename Visitor>
void Describe(SnsConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_TEXT(api_url);
  DROVER_FIELD(sigv4, "");
  DROVER_TEXT(topic_arn);
  DROVER_TEXT(phone_number);
  DROVER_TEXT(target_arn);
  DROVER_TEXT(subject);
  DROVER_TEXT(message);
  DROVER_FIELD(attributes, "");
  DROVER_FIELD(use_aws_http_client, "bool");
}
template <typename Visitor>
void Describe(TelegramConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(api_url, "url");
  DROVER_FIELD(bot_token, "secret");
  DROVER_TEXT(bot_token_file);
  DROVER_FIELD(chat_id, "number");
  DROVER_TEXT(chat_id_file);
  DROVER_FIELD(message_thread_id, "number");
  DROVER_TEXT(message);
  DROVER_FIELD(disable_notifications, "bool");
  DROVER_TEXT(parse_mode);
}
template <typename Visitor>
void Describe(DiscordConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(webhook_url, "url");
  DROVER_TEXT(webhook_url_file);
  DROVER_TEXT(content);
  DROVER_TEXT(title);
  DROVER_TEXT(message);
  DROVER_TEXT(username);
  DROVER_TEXT(avatar_url);
}
template <typename Visitor>
void Describe(WebexConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(api_url, "url");
  DROVER_TEXT(room_id);
  DROVER_TEXT(message);
}
template <typename Visitor>
void Describe(WechatConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(api_url, "url");
  DROVER_FIELD(api_secret, "secret");
  DROVER_TEXT(api_secret_file);
  DROVER_TEXT(corp_id);
  DROVER_TEXT(message);
  DROVER_TEXT(to_user);
  DROVER_TEXT(to_party);
  DROVER_TEXT(to_tag);
  DROVER_TEXT(agent_id);
  DROVER_TEXT(message_type);
}
template <typename Visitor>
void Describe(MsteamsConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(webhook_url, "url");
  DROVER_TEXT(webhook_url_file);
  DROVER_TEXT(title);
  DROVER_TEXT(summary);
  DROVER_TEXT(text);
}
template <typename Visitor>
void Describe(MsteamsV2Config& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(webhook_url, "url");
  DROVER_TEXT(webhook_url_file);
  DROVER_TEXT(title);
  DROVER_TEXT(text);
}
template <typename Visitor>
void Describe(JiraConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(api_url, "url");
  DROVER_TEXT(api_type);
  DROVER_TEXT(project);
  DROVER_TEXT(issue_type);
  DROVER_FIELD(summary, "yaml");
  DROVER_FIELD(description, "yaml");
  DROVER_FIELD(labels, "");
  DROVER_TEXT(priority);
  DROVER_TEXT(reopen_transition);
  DROVER_TEXT(resolve_transition);
  DROVER_TEXT(wont_fix_resolution);
  DROVER_FIELD(reopen_duration, "duration");
  DROVER_FIELD(fields, "yaml");
}
template <typename Visitor>
void Describe(RocketchatAction& c, Visitor& v) {
  DROVER_TEXT(type);
  DROVER_TEXT(text);
  DROVER_TEXT(url);
  DROVER_TEXT(msg);
}
template <typename Visitor>
void Describe(RocketchatConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(api_url, "url");
  DROVER_FIELD(token, "secret");
  DROVER_TEXT(token_file);
  DROVER_FIELD(token_id, "secret");
  DROVER_TEXT(token_id_file);
  DROVER_TEXT(channel);
  DROVER_TEXT(color);
  DROVER_TEXT(title);
  DROVER_TEXT(title_link);
  DROVER_TEXT(text);
  DROVER_FIELD(fields, "");
  DROVER_FIELD(short_fields, "bool");
  DROVER_TEXT(emoji);
  DROVER_TEXT(icon_url);
  DROVER_TEXT(image_url);
  DROVER_TEXT(thumb_url);
  DROVER_FIELD(link_names, "bool");
  DROVER_FIELD(actions, "");
}
template <typename Visitor>
void Describe(IncidentioConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(url, "url");
  DROVER_TEXT(url_file);
  DROVER_FIELD(alert_source_token, "secret");
  DROVER_TEXT(alert_source_token_file);
  DROVER_FIELD(max_alerts, "alerts");
  DROVER_FIELD(timeout, "Go duration");
}
template <typename Visitor>
void Describe(MattermostProps& c, Visitor& v) {
  DROVER_TEXT(card);
}
template <typename Visitor>
void Describe(MattermostPriority& c, Visitor& v) {
  DROVER_TEXT(priority);
  DROVER_FIELD(requested_ack, "bool");
  DROVER_FIELD(persistent_notifications, "bool");
}
template <typename Visitor>
void DescribeAttachment(MattermostAttachment& c, Visitor& v) {
  DROVER_TEXT(fallback);
  DROVER_TEXT(color);
  DROVER_TEXT(pretext);
  DROVER_TEXT(author_name);
  DROVER_TEXT(author_link);
  DROVER_TEXT(author_icon);
  DROVER_TEXT(title);
  DROVER_TEXT(title_link);
  DROVER_FIELD(fields, "");
  DROVER_TEXT(thumb_url);
  DROVER_TEXT(footer);
  DROVER_TEXT(footer_icon);
  DROVER_TEXT(image_url);
}
template <typename Visitor>
void Describe(MattermostAttachment& c, Visitor& v) {
  DescribeAttachment(c, v);
  DROVER_TEXT(text);
}
template <typename Visitor>
void Describe(MattermostConfig& c, Visitor& v) {
  DescribeCommon(c, v);
  DROVER_FIELD(webhook_url, "url");
  DROVER_TEXT(webhook_url_file);
  DROVER_TEXT(channel);
  DROVER_TEXT(username);
  DROVER_TEXT(icon_url);
  DROVER_TEXT(icon_emoji);
  DROVER_TEXT(text);
  DescribeAttachment(c.attachment, v);
  DROVER_FIELD(attachments, "");
  DROVER_TEXT(type);
  DROVER_FIELD(props, "");
  DROVER_FIELD(priority, "");
}

#undef DROVER_TEXT
#undef DROVER_FIELD

}  // namespace drover::alerting
