// alertmanager.yml: https://prometheus.io/docs/alerting/latest/configuration/
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/describe.h"
#include "core/http/client_config.h"
#include "receiver/alerting/config/fields.h"
#include "receiver/alerting/config/integrations.h"
#include "receiver/alerting/config/time_interval.h"

namespace drover::alerting {

struct GlobalConfig {
  Millis resolve_timeout{300'000};
  http::ClientConfig http_config;
  std::string smtp_from, smtp_hello = "localhost";
  HostPortText smtp_smarthost;
  std::string smtp_auth_username;
  Secret smtp_auth_password;
  std::string smtp_auth_password_file;
  Secret smtp_auth_secret;
  std::string smtp_auth_secret_file, smtp_auth_identity;
  bool smtp_require_tls = true;
  http::TlsConfig smtp_tls_config;
  std::optional<bool> smtp_force_implicit_tls;
  SecretUrl slack_api_url;
  std::string slack_api_url_file;
  Secret slack_app_token;
  std::string slack_app_token_file;
  UrlText slack_app_url{"https://slack.com/api/chat.postMessage"};
  UrlText pagerduty_url{"https://events.pagerduty.com/v2/enqueue"};
  UrlText opsgenie_api_url{"https://api.opsgenie.com/"};
  Secret opsgenie_api_key;
  std::string opsgenie_api_key_file;
  UrlText victorops_api_url{"https://alert.victorops.com/integrations/generic/20131114/alert/"};
  Secret victorops_api_key;
  std::string victorops_api_key_file;
  UrlText wechat_api_url{"https://qyapi.weixin.qq.com/cgi-bin/"};
  Secret wechat_api_secret;
  std::string wechat_api_secret_file, wechat_api_corp_id;
  UrlText telegram_api_url{"https://api.telegram.org"};
  Secret telegram_bot_token;
  std::string telegram_bot_token_file;
  UrlText webex_api_url{"https://webexapis.com/v1/messages"};
  UrlText jira_api_url;
  SecretUrl mattermost_webhook_url;
  std::string mattermost_webhook_url_file;
  UrlText rocketchat_api_url{"https://open.rocket.chat/"};
  Secret rocketchat_token;
  std::string rocketchat_token_file;
  Secret rocketchat_token_id;
  std::string rocketchat_token_id_file;
};

// As written: what a child leaves out it takes from its parent (receiver/alerting/route).
struct RouteConfig {
  std::string receiver;
  std::optional<std::vector<std::string>> group_by;
  bool continue_ = false;
  MatchMap<MatchType::kEqual> match;
  MatchMap<MatchType::kRegexp> match_re;
  MatcherList matchers;
  std::optional<Millis> group_wait, group_interval, repeat_interval;
  std::vector<std::string> mute_time_intervals, active_time_intervals;
  std::map<std::string, std::string> labels;  // values are templates
  std::vector<RouteConfig> routes;

  std::vector<Matcher> AllMatchers() const;  // sorted
};

struct InhibitRuleConfig {
  std::string name;
  MatchMap<MatchType::kEqual> source_match, target_match;
  MatchMap<MatchType::kRegexp> source_match_re, target_match_re;
  MatcherList source_matchers, target_matchers;
  std::vector<std::string> equal;

  std::vector<Matcher> Sources() const;
  std::vector<Matcher> Targets() const;
};

struct ReceiverConfig {
  std::string name;
  std::map<std::string, std::string> labels;
  std::vector<DiscordConfig> discord_configs;
  std::vector<EmailConfig> email_configs;
  std::vector<IncidentioConfig> incidentio_configs;
  std::vector<PagerdutyConfig> pagerduty_configs;
  std::vector<SlackConfig> slack_configs;
  std::vector<WebhookConfig> webhook_configs;
  std::vector<OpsgenieConfig> opsgenie_configs;
  std::vector<WechatConfig> wechat_configs;
  std::vector<PushoverConfig> pushover_configs;
  std::vector<VictoropsConfig> victorops_configs;
  std::vector<SnsConfig> sns_configs;
  std::vector<TelegramConfig> telegram_configs;
  std::vector<WebexConfig> webex_configs;
  std::vector<MsteamsConfig> msteams_configs;
  std::vector<MsteamsV2Config> msteamsv2_configs;
  std::vector<JiraConfig> jira_configs;
  std::vector<RocketchatConfig> rocketchat_configs;
  std::vector<MattermostConfig> mattermost_configs;
};

struct Config {
  GlobalConfig global;
  RouteConfig route;
  std::vector<InhibitRuleConfig> inhibit_rules;
  std::vector<ReceiverConfig> receivers;
  std::vector<std::string> templates;  // globs
  std::vector<NamedInterval> time_intervals, mute_time_intervals;
};

struct LoadedConfig {
  Config config;
  std::string text;                   // of the file
  std::vector<std::string> warnings;  // one line each, with the place
  // Integrations and sections that this build cannot run, each "file:line:column: KEY is not built
  // yet". Such a file can be checked and its routes shown, but not served.
  std::vector<std::string> not_built;
};

// `file` is the name for messages; relative file names become relative to its folder. kInvalid with
// file:line:column for whatever the reference refuses, too.
Result<LoadedConfig> ParseConfig(std::string_view text, const std::string& file);
Result<LoadedConfig> LoadConfig(const std::string& file);

template <typename Visitor>
void Describe(GlobalConfig& c, Visitor& v) {
#define DROVER_FIELD(name, kind) v.Field(#name, c.name, kind, "")
  v.Field("resolve_timeout", c.resolve_timeout, "duration",
          "An alert without an end ends this long after it was last sent.");
  v.Field("http_config", c.http_config, "", "How to talk to receivers that do not say.");
  DROVER_FIELD(smtp_from, "text");
  DROVER_FIELD(smtp_hello, "text");
  DROVER_FIELD(smtp_smarthost, "host:port");
  DROVER_FIELD(smtp_auth_username, "text");
  DROVER_FIELD(smtp_auth_password, "secret");
  DROVER_FIELD(smtp_auth_password_file, "file");
  DROVER_FIELD(smtp_auth_secret, "secret");
  DROVER_FIELD(smtp_auth_secret_file, "file");
  DROVER_FIELD(smtp_auth_identity, "text");
  DROVER_FIELD(smtp_require_tls, "bool");
  DROVER_FIELD(smtp_tls_config, "");
  DROVER_FIELD(smtp_force_implicit_tls, "bool");
  DROVER_FIELD(slack_api_url, "url");
  DROVER_FIELD(slack_api_url_file, "file");
  DROVER_FIELD(slack_app_token, "secret");
  DROVER_FIELD(slack_app_token_file, "file");
  DROVER_FIELD(slack_app_url, "url");
  DROVER_FIELD(pagerduty_url, "url");
  DROVER_FIELD(opsgenie_api_url, "url");
  DROVER_FIELD(opsgenie_api_key, "secret");
  DROVER_FIELD(opsgenie_api_key_file, "file");
  DROVER_FIELD(victorops_api_url, "url");
  DROVER_FIELD(victorops_api_key, "secret");
  DROVER_FIELD(victorops_api_key_file, "file");
  DROVER_FIELD(wechat_api_url, "url");
  DROVER_FIELD(wechat_api_secret, "secret");
  DROVER_FIELD(wechat_api_secret_file, "file");
  DROVER_FIELD(wechat_api_corp_id, "text");
  DROVER_FIELD(telegram_api_url, "url");
  DROVER_FIELD(telegram_bot_token, "secret");
  DROVER_FIELD(telegram_bot_token_file, "file");
  DROVER_FIELD(webex_api_url, "url");
  DROVER_FIELD(jira_api_url, "url");
  DROVER_FIELD(mattermost_webhook_url, "url");
  DROVER_FIELD(mattermost_webhook_url_file, "file");
  DROVER_FIELD(rocketchat_api_url, "url");
  DROVER_FIELD(rocketchat_token, "secret");
  DROVER_FIELD(rocketchat_token_file, "file");
  DROVER_FIELD(rocketchat_token_id, "secret");
  DROVER_FIELD(rocketchat_token_id_file, "file");
#undef DROVER_FIELD
}
template <typename Visitor>
void Describe(RouteConfig& c, Visitor& v) {
  v.Field("receiver", c.receiver, "name", "Who is told; a child without one takes its parent's.");
  v.Field("group_by", c.group_by, "labels", "Alerts equal in these go together; ['...']: all.");
  v.Field("match", c.match, "", "Older form of matchers.");
  v.Field("match_re", c.match_re, "", "Older form of matchers.");
  v.Field("matchers", c.matchers, "", "All must match.");
  v.Field("group_wait", c.group_wait, "duration", "From a group's first alert to its message.");
  v.Field("group_interval", c.group_interval, "duration", "Between looks at a group. Root: 5m.");
  v.Field("repeat_interval", c.repeat_interval, "duration", "Until a message repeats. Root: 4h.");
  v.Field("mute_time_intervals", c.mute_time_intervals, "names", "Quiet inside any of them.");
  v.Field("active_time_intervals", c.active_time_intervals, "names", "Quiet outside all of them.");
  v.Field("continue", c.continue_, "bool", "Later siblings may match too.");
  v.Field("labels", c.labels, "", "Labels of the route, for templates.");
  v.Field("routes", c.routes, "", "Children, tried in order.");
}
template <typename Visitor>
void Describe(InhibitRuleConfig& c, Visitor& v) {
  v.Field("name", c.name, "text", "For you.");
  v.Field("source_match", c.source_match, "", "Older form of source_matchers.");
  v.Field("source_match_re", c.source_match_re, "", "Older form of source_matchers.");
  v.Field("source_matchers", c.source_matchers, "", "Alerts that mute others.");
  v.Field("target_match", c.target_match, "", "Older form of target_matchers.");
  v.Field("target_match_re", c.target_match_re, "", "Older form of target_matchers.");
  v.Field("target_matchers", c.target_matchers, "", "Alerts that are muted.");
  v.Field("equal", c.equal, "labels", "Both must have the same values of these.");
}
template <typename Visitor>
void Describe(ReceiverConfig& c, Visitor& v) {
  v.Field("name", c.name, "text", "What routes call it.");
  v.Field("labels", c.labels, "", "For the API's receiver_matchers.");
  v.Field("discord_configs", c.discord_configs, "", "");
  v.Field("email_configs", c.email_configs, "", "");
  v.Field("incidentio_configs", c.incidentio_configs, "", "");
  v.Field("pagerduty_configs", c.pagerduty_configs, "", "");
  v.Field("slack_configs", c.slack_configs, "", "");
  v.Field("webhook_configs", c.webhook_configs, "", "");
  v.Field("opsgenie_configs", c.opsgenie_configs, "", "");
  v.Field("wechat_configs", c.wechat_configs, "", "");
  v.Field("pushover_configs", c.pushover_configs, "", "");
  v.Field("victorops_configs", c.victorops_configs, "", "");
  v.Field("sns_configs", c.sns_configs, "", "");
  v.Field("telegram_configs", c.telegram_configs, "", "");
  v.Field("webex_configs", c.webex_configs, "", "");
  v.Field("msteams_configs", c.msteams_configs, "", "");
  v.Field("msteamsv2_configs", c.msteamsv2_configs, "", "");
  v.Field("jira_configs", c.jira_configs, "", "");
  v.Field("rocketchat_configs", c.rocketchat_configs, "", "");
  v.Field("mattermost_configs", c.mattermost_configs, "", "");
}
template <typename Visitor>
void Describe(Config& c, Visitor& v) {
  v.Field("global", c.global, "", "Defaults.");
  v.Field("route", c.route, "", "The tree of routes.");
  v.Field("inhibit_rules", c.inhibit_rules, "", "Alerts that mute others.");
  v.Field("receivers", c.receivers, "", "Who can be told.");
  v.Field("templates", c.templates, "globs", "Files with template definitions.");
  v.Field("time_intervals", c.time_intervals, "", "Named times.");
  v.Field("mute_time_intervals", c.mute_time_intervals, "", "Older name of time_intervals.");
  v.NotBuilt("tracing");
  v.NotBuilt("event_recorder");
}

}  // namespace drover::alerting
