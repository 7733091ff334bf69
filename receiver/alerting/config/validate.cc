#include "receiver/alerting/config/validate.h"

#include <algorithm>
#include <initializer_list>
#include <set>
#include <utility>

#include "core/base/utf8.h"
#include "core/http/message.h"

namespace drover::alerting {
namespace {

using Pair = std::pair<const char*, bool>;  // key, whether it is set

Status AtMostOne(const YamlNode& place, Pair a, Pair b) {
  if (!a.second || !b.second) return {};
  return place.Fail(std::string("at most one of ") + a.first + " & " + b.first +
                    " must be configured");
}

Status ExactlyOne(const YamlNode& place, Pair a, Pair b) {
  DROVER_CHECK(AtMostOne(place, a, b));
  if (a.second || b.second) return {};
  return place.Fail(std::string("one of ") + a.first + " or " + b.first + " must be configured");
}

Status Check(const WebhookConfig& c, const GlobalConfig&, const YamlNode& at) {
  const Pair url{"url", !c.url.empty()};
  const Pair file{"url_file", !c.url_file.empty()};
  DROVER_CHECK(AtMostOne(at, url, file));
  if (!url.second && !file.second) return at.Fail("one of url or url_file must be configured");
  return {};
}

Status Check(EmailConfig& c, const GlobalConfig& g, const YamlNode& at) {
  if (c.to.empty()) return at.Fail("missing to address in email config");
  std::set<std::string> names;
  for (const auto& [name, value] : c.headers) {
    std::string lower = name;
    std::transform(lower.begin(), lower.end(), lower.begin(), [](char ch) {
      return ch >= 'A' && ch <= 'Z' ? static_cast<char>(ch - 'A' + 'a') : ch;
    });
    if (!names.insert(lower).second)
      return At(at, "headers").Fail("duplicate header \"" + name + "\" in email config");
  }
  if (c.threading && c.threading->enabled && !c.threading->thread_by_date.empty() &&
      c.threading->thread_by_date != "none" && c.threading->thread_by_date != "daily")
    return At(at, "threading").Fail("threading.thread_by_date must be either 'none' or 'daily'");
  DROVER_CHECK(AtMostOne(at, {"auth_password", !c.auth_password.empty()},
                         {"auth_password_file", !c.auth_password_file.empty()}));
  DROVER_CHECK(AtMostOne(at, {"auth_secret", !c.auth_secret.empty()},
                         {"auth_secret_file", !c.auth_secret_file.empty()}));
  if (c.smarthost.empty() && g.smtp_smarthost.empty())
    return at.Fail("no global SMTP smarthost set");
  if (c.from.empty() && g.smtp_from.empty()) return at.Fail("no global SMTP from set");
  return {};
}

template <typename Field>
Status CheckFields(const std::vector<Field>& fields, const char* who, const YamlNode& at) {
  for (const Field& field : fields) {
    if (field.title.empty())
      return At(at, "fields").Fail(std::string("missing title in ") + who + " field configuration");
    if (field.value.empty())
      return At(at, "fields").Fail(std::string("missing value in ") + who + " field configuration");
  }
  return {};
}

Status Check(SlackConfig& c, const GlobalConfig& g, const YamlNode& at) {
  DROVER_CHECK(
      AtMostOne(at, {"api_url", !c.api_url.empty()}, {"api_url_file", !c.api_url_file.empty()}));
  DROVER_CHECK(AtMostOne(at, {"app_token", !c.app_token.empty()},
                         {"app_token_file", !c.app_token_file.empty()}));
  const bool url = !c.api_url.empty() || !c.api_url_file.empty();
  const bool token = !c.app_token.empty() || !c.app_token_file.empty();
  if (url && token)
    return at.Fail(
        "at most one of api_url/api_url_file & app_token/app_token_file must be configured");
  if (c.update_message && c.api_url.text != "https://slack.com/api/chat.postMessage")
    return At(at, "update_message")
        .Fail(
            "update_message can only be used with bot tokens. api_url must be set to "
            "https://slack.com/api/chat.postMessage");
  DROVER_CHECK(CheckFields(c.fields, "Slack", at));
  for (const ActionConfig& action : c.actions) {
    const YamlNode& place = At(at, "actions");
    if (action.type.empty()) return place.Fail("missing type in Slack action configuration");
    if (action.text.empty()) return place.Fail("missing text in Slack action configuration");
    if (action.url.empty() && action.name.empty())
      return place.Fail("missing name or url in Slack action configuration");
    if (action.confirm && action.confirm->text.empty())
      return place.Fail("missing text in Slack confirmation configuration");
  }
  if (!url && !token && g.slack_api_url.empty() && g.slack_api_url_file.empty() &&
      g.slack_app_token.empty() && g.slack_app_token_file.empty())
    return at.Fail("no Slack API URL nor App token set either inline or in a file");
  return {};
}

Status Check(PagerdutyConfig& c, const GlobalConfig&, const YamlNode& at) {
  const Pair routing{"routing_key", !c.routing_key.empty()};
  const Pair routing_file{"routing_key_file", !c.routing_key_file.empty()};
  const Pair service{"service_key", !c.service_key.empty()};
  const Pair service_file{"service_key_file", !c.service_key_file.empty()};
  DROVER_CHECK(AtMostOne(at, routing, routing_file));
  DROVER_CHECK(AtMostOne(at, service, service_file));
  if (!routing.second && !routing_file.second && !service.second && !service_file.second)
    return at.Fail("missing service or routing key in PagerDuty config");
  return {};
}

Status Check(OpsgenieConfig& c, const GlobalConfig& g, const YamlNode& at) {
  DROVER_CHECK(
      AtMostOne(at, {"api_key", !c.api_key.empty()}, {"api_key_file", !c.api_key_file.empty()}));
  for (const OpsgenieResponder& r : c.responders) {
    if (r.id.empty() && r.username.empty() && r.name.empty())
      return At(at, "responders")
          .Fail(
              "opsGenieConfig responder has to have at least one of id, username or name "
              "specified");
    static constexpr std::string_view kTypes[] = {"team", "teams", "user", "escalation",
                                                  "schedule"};
    if (r.type.find("{{") == std::string::npos &&
        std::find(std::begin(kTypes), std::end(kTypes), r.type) == std::end(kTypes))
      return At(at, "responders")
          .Fail("opsGenieConfig responder type \"" + r.type +
                "\" is not one of team, teams, user, escalation, schedule");
  }
  if (c.api_key.empty() && c.api_key_file.empty() && g.opsgenie_api_key.empty() &&
      g.opsgenie_api_key_file.empty())
    return at.Fail("no global OpsGenie API Key set either inline or in a file");
  return {};
}

Status Check(VictoropsConfig& c, const GlobalConfig& g, const YamlNode& at) {
  if (c.routing_key.empty()) return at.Fail("missing Routing key in VictorOps config");
  DROVER_CHECK(
      AtMostOne(at, {"api_key", !c.api_key.empty()}, {"api_key_file", !c.api_key_file.empty()}));
  static constexpr std::string_view kReserved[] = {
      "routing_key",     "message_type", "state_message", "entity_display_name",
      "monitoring_tool", "entity_id",    "entity_state"};
  for (const auto& [name, value] : c.custom_fields) {
    if (std::find(std::begin(kReserved), std::end(kReserved), name) != std::end(kReserved))
      return At(at, "custom_fields")
          .Fail("victorOps config contains custom field " + name +
                " which cannot be used as it conflicts with the fixed/static fields");
  }
  if (c.api_key.empty() && c.api_key_file.empty() && g.victorops_api_key.empty() &&
      g.victorops_api_key_file.empty())
    return at.Fail("no global VictorOps API Key set");
  return {};
}

Status Check(PushoverConfig& c, const GlobalConfig&, const YamlNode& at) {
  DROVER_CHECK(ExactlyOne(at, {"user_key", !c.user_key.empty()},
                          {"user_key_file", !c.user_key_file.empty()}));
  DROVER_CHECK(ExactlyOne(at, {"token", !c.token.empty()}, {"token_file", !c.token_file.empty()}));
  if (c.html && c.monospace) return at.Fail("at most one of monospace & html must be configured");
  return {};
}

Status Check(SnsConfig& c, const GlobalConfig&, const YamlNode& at) {
  if (!c.topic_arn.empty() + !c.phone_number.empty() + !c.target_arn.empty() != 1)
    return at.Fail("must provide either a Target ARN, Topic ARN, or Phone Number for SNS config");
  if (c.sigv4.access_key.empty() != c.sigv4.secret_key.empty())
    return at.Fail(
        "must provide a AWS SigV4 Access key and Secret Key if credentials are specified in the "
        "SigV4 config");
  return {};
}

Status Check(TelegramConfig& c, const GlobalConfig& g, const YamlNode& at) {
  DROVER_CHECK(AtMostOne(at, {"bot_token", !c.bot_token.empty()},
                         {"bot_token_file", !c.bot_token_file.empty()}));
  if (c.chat_id == 0 && c.chat_id_file.empty())
    return at.Fail("missing chat_id or chat_id_file on telegram_config");
  DROVER_CHECK(
      AtMostOne(at, {"chat_id", c.chat_id != 0}, {"chat_id_file", !c.chat_id_file.empty()}));
  if (c.parse_mode && !c.parse_mode->empty() && *c.parse_mode != "Markdown" &&
      *c.parse_mode != "MarkdownV2" && *c.parse_mode != "HTML")
    return At(at, "parse_mode")
        .Fail(
            "unknown parse_mode on telegram_config, must be Markdown, "
            "MarkdownV2, HTML or empty string");
  if (c.bot_token.empty() && c.bot_token_file.empty() && g.telegram_bot_token.empty() &&
      g.telegram_bot_token_file.empty())
    return at.Fail("missing bot_token or bot_token_file on telegram_config");
  return {};
}

template <typename C>
Status CheckWebhookUrl(const C& c, const YamlNode& at) {
  return ExactlyOne(at, {"webhook_url", !c.webhook_url.empty()},
                    {"webhook_url_file", !c.webhook_url_file.empty()});
}
Status Check(DiscordConfig& c, const GlobalConfig&, const YamlNode& at) {
  return CheckWebhookUrl(c, at);
}
Status Check(MsteamsConfig& c, const GlobalConfig&, const YamlNode& at) {
  return CheckWebhookUrl(c, at);
}
Status Check(MsteamsV2Config& c, const GlobalConfig&, const YamlNode& at) {
  return CheckWebhookUrl(c, at);
}

Status Check(WebexConfig& c, const GlobalConfig&, const YamlNode& at) {
  if (c.room_id.empty()) return at.Fail("missing room_id on webex_config");
  if (!c.http_config || !c.http_config->authorization)
    return at.Fail("missing webex_configs.http_config.authorization");
  return {};
}

Status Check(WechatConfig& c, const GlobalConfig& g, const YamlNode& at) {
  if (c.message_type.empty()) c.message_type = "text";
  if (c.message_type != "text" && c.message_type != "markdown")
    return At(at, "message_type")
        .Fail("weChat message type \"" + c.message_type +
              "\" does not match valid options ^(text|markdown)$");
  DROVER_CHECK(AtMostOne(at, {"api_secret", !c.api_secret.empty()},
                         {"api_secret_file", !c.api_secret_file.empty()}));
  if (c.api_secret.empty() && c.api_secret_file.empty() && g.wechat_api_secret.empty() &&
      g.wechat_api_secret_file.empty())
    return at.Fail("no global Wechat Api Secret set either inline or in a file");
  if (c.corp_id.empty() && g.wechat_api_corp_id.empty())
    return at.Fail("no global Wechat CorpID set");
  return {};
}

Status CheckJiraText(const AnyYaml& text, const YamlNode& at, const char* key) {
  if (text.node.kind == YamlNode::Kind::kSequence)
    return At(at, key).Fail("expected a text or a map");
  for (const auto& [name, value] : text.node.entries) {
    if (name.text != "template" && name.text != "enable_update")
      return name.Fail("unknown key \"" + name.text + "\"");
  }
  return {};
}
Status Check(JiraConfig& c, const GlobalConfig& g, const YamlNode& at) {
  if (c.project.empty()) return at.Fail("missing project in jira_config");
  if (c.issue_type.empty()) return at.Fail("missing issue_type in jira_config");
  if (!c.api_type.empty() && c.api_type != "auto" && c.api_type != "cloud" &&
      c.api_type != "datacenter")
    return At(at, "api_type")
        .Fail("unknown api_type on jira_config, must be auto, cloud or datacenter");
  DROVER_CHECK(CheckJiraText(c.summary, at, "summary"));
  DROVER_CHECK(CheckJiraText(c.description, at, "description"));
  if (c.api_url.empty() && g.jira_api_url.empty()) return at.Fail("no global Jira Cloud URL set");
  return {};
}

Status Check(RocketchatConfig& c, const GlobalConfig& g, const YamlNode& at) {
  DROVER_CHECK(AtMostOne(at, {"token", !c.token.empty()}, {"token_file", !c.token_file.empty()}));
  DROVER_CHECK(AtMostOne(at, {"token_id", !c.token_id.empty()},
                         {"token_id_file", !c.token_id_file.empty()}));
  if (c.token.empty() && c.token_file.empty() && g.rocketchat_token.empty() &&
      g.rocketchat_token_file.empty())
    return at.Fail("no global Rocketchat Token set either inline or in a file");
  if (c.token_id.empty() && c.token_id_file.empty() && g.rocketchat_token_id.empty() &&
      g.rocketchat_token_id_file.empty())
    return at.Fail("no global Rocketchat TokenID set either inline or in a file");
  return {};
}

Status Check(IncidentioConfig& c, const GlobalConfig&, const YamlNode& at) {
  DROVER_CHECK(ExactlyOne(at, {"url", !c.url.empty()}, {"url_file", !c.url_file.empty()}));
  const bool token = !c.alert_source_token.empty();
  const bool file = !c.alert_source_token_file.empty();
  DROVER_CHECK(AtMostOne(at, {"alert_source_token", token}, {"alert_source_token_file", file}));
  if (!token && !file && !(c.http_config && c.http_config->authorization))
    return at.Fail(
        "at least one of alert_source_token, alert_source_token_file or http_config.authorization "
        "must be configured");
  return {};
}

Status Check(MattermostConfig& c, const GlobalConfig& g, const YamlNode& at) {
  DROVER_CHECK(AtMostOne(at, {"webhook_url", !c.webhook_url.empty()},
                         {"webhook_url_file", !c.webhook_url_file.empty()}));
  DROVER_CHECK(CheckFields(c.attachment.fields, "Mattermost", at));
  for (const MattermostAttachment& a : c.attachments)
    DROVER_CHECK(CheckFields(a.fields, "Mattermost", at));
  if (c.webhook_url.empty() && c.webhook_url_file.empty() && g.mattermost_webhook_url.empty() &&
      g.mattermost_webhook_url_file.empty())
    return at.Fail("missing webhook_url or webhook_url_file on mattermost_config");
  return {};
}

template <typename C>
Status CheckAll(std::vector<C>& list, const char* key, const GlobalConfig& global,
                const YamlNode& receiver) {
  const YamlNode* node = receiver.Find(key);
  for (std::size_t i = 0; i < list.size(); ++i) {
    const YamlNode& at = node->items[i];
    DROVER_CHECK(Check(list[i], global, at));
    if constexpr (requires { list[i].http_config; }) {
      if (list[i].http_config)
        DROVER_CHECK(http::Validate(*list[i].http_config, At(at, "http_config")));
    }
  }
  return {};
}

Status CheckGroupBy(const RouteConfig& route, const YamlNode& at) {
  if (!route.group_by) return {};
  const YamlNode& place = At(at, "group_by");
  std::set<std::string> seen;
  for (const std::string& name : *route.group_by) {
    if (name.empty() || !IsValidUtf8(name))
      return place.Fail("invalid label name \"" + name + "\" in group_by list");
    if (!seen.insert(name).second)
      return place.Fail("duplicated label \"" + name + "\" in group_by");
  }
  if (seen.contains("...") && seen.size() > 1)
    return place.Fail("cannot have wildcard group_by (`...`) and other labels at the same time");
  return {};
}

Status CheckRoute(const RouteConfig& route, const YamlNode& at,
                  const std::set<std::string>& receivers, const std::set<std::string>& intervals) {
  DROVER_CHECK(CheckGroupBy(route, at));
  if (route.group_interval && route.group_interval->count() == 0)
    return At(at, "group_interval").Fail("group_interval cannot be zero");
  if (route.repeat_interval && route.repeat_interval->count() == 0)
    return At(at, "repeat_interval").Fail("repeat_interval cannot be zero");
  if (!route.receiver.empty() && !receivers.contains(route.receiver))
    return At(at, "receiver").Fail("undefined receiver \"" + route.receiver + "\" used in route");
  for (const auto* list : {&route.mute_time_intervals, &route.active_time_intervals}) {
    for (const std::string& name : *list) {
      if (!intervals.contains(name))
        return At(at, list == &route.mute_time_intervals ? "mute_time_intervals"
                                                         : "active_time_intervals")
            .Fail("undefined time interval \"" + name + "\" used in route");
    }
  }
  for (std::size_t i = 0; i < route.routes.size(); ++i) {
    DROVER_CHECK(CheckRoute(route.routes[i], at.Find("routes")->items[i], receivers, intervals));
  }
  return {};
}

}  // namespace

const YamlNode& At(const YamlNode& parent, std::string_view key) {
  const YamlNode* found = parent.Find(key);
  return found != nullptr ? *found : parent;
}

Status ValidateGlobal(const GlobalConfig& g, const YamlNode& at) {
  const auto one = [&](const char* a, bool a_set, const char* b, bool b_set) {
    return AtMostOne(at, {a, a_set}, {b, b_set});
  };
#define DROVER_PAIR(name) \
  DROVER_CHECK(one(#name, !g.name.empty(), #name "_file", !g.name##_file.empty()))
  DROVER_PAIR(smtp_auth_password);
  DROVER_PAIR(smtp_auth_secret);
  DROVER_PAIR(slack_api_url);
  DROVER_PAIR(slack_app_token);
  DROVER_PAIR(opsgenie_api_key);
  DROVER_PAIR(victorops_api_key);
  DROVER_PAIR(wechat_api_secret);
  DROVER_PAIR(telegram_bot_token);
  DROVER_PAIR(mattermost_webhook_url);
  DROVER_PAIR(rocketchat_token);
  DROVER_PAIR(rocketchat_token_id);
#undef DROVER_PAIR
  const bool token = !g.slack_app_token.empty() || !g.slack_app_token_file.empty();
  const bool url = !g.slack_api_url.empty() || !g.slack_api_url_file.empty();
  if (token && url && g.slack_api_url.text != g.slack_app_url.text &&
      g.slack_api_url.text != kSecretText)
    return at.Fail(
        "at most one of slack_app_token/slack_app_token_file & slack_api_url/slack_api_url_file "
        "must be configured");
  return http::Validate(g.http_config, At(at, "http_config"));
}

Status ValidateReceivers(Config& config, const YamlNode& root) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < config.receivers.size(); ++i) {
    ReceiverConfig& r = config.receivers[i];
    const YamlNode& at = root.Find("receivers")->items[i];
    const GlobalConfig& g = config.global;
    if (r.name.empty()) return at.Fail("missing name in receiver");
    if (!names.insert(r.name).second)
      return At(at, "name").Fail("notification config name \"" + r.name + "\" is not unique");
    const auto label = r.labels.find("name");
    if (label != r.labels.end() && label->second != r.name)
      return At(at, "labels")
          .Fail("receiver label \"name\" must match receiver name \"" + r.name + "\", got \"" +
                label->second + "\"");
    r.labels["name"] = r.name;
    DROVER_CHECK(CheckAll(r.discord_configs, "discord_configs", g, at));
    DROVER_CHECK(CheckAll(r.email_configs, "email_configs", g, at));
    DROVER_CHECK(CheckAll(r.incidentio_configs, "incidentio_configs", g, at));
    DROVER_CHECK(CheckAll(r.pagerduty_configs, "pagerduty_configs", g, at));
    DROVER_CHECK(CheckAll(r.slack_configs, "slack_configs", g, at));
    DROVER_CHECK(CheckAll(r.webhook_configs, "webhook_configs", g, at));
    DROVER_CHECK(CheckAll(r.opsgenie_configs, "opsgenie_configs", g, at));
    DROVER_CHECK(CheckAll(r.wechat_configs, "wechat_configs", g, at));
    DROVER_CHECK(CheckAll(r.pushover_configs, "pushover_configs", g, at));
    DROVER_CHECK(CheckAll(r.victorops_configs, "victorops_configs", g, at));
    DROVER_CHECK(CheckAll(r.sns_configs, "sns_configs", g, at));
    DROVER_CHECK(CheckAll(r.telegram_configs, "telegram_configs", g, at));
    DROVER_CHECK(CheckAll(r.webex_configs, "webex_configs", g, at));
    DROVER_CHECK(CheckAll(r.msteams_configs, "msteams_configs", g, at));
    DROVER_CHECK(CheckAll(r.msteamsv2_configs, "msteamsv2_configs", g, at));
    DROVER_CHECK(CheckAll(r.jira_configs, "jira_configs", g, at));
    DROVER_CHECK(CheckAll(r.rocketchat_configs, "rocketchat_configs", g, at));
    DROVER_CHECK(CheckAll(r.mattermost_configs, "mattermost_configs", g, at));
  }
  return {};
}

Status ValidateRoutes(const Config& config, const YamlNode& root) {
  std::set<std::string> receivers;
  for (const ReceiverConfig& r : config.receivers) receivers.insert(r.name);
  std::set<std::string> intervals;
  for (const auto* list : {&config.time_intervals, &config.mute_time_intervals}) {
    const char* key = list == &config.time_intervals ? "time_intervals" : "mute_time_intervals";
    for (const NamedInterval& interval : *list) {
      if (interval.name.empty()) return At(root, key).Fail("missing name in time interval");
      if (!intervals.insert(interval.name).second)
        return At(root, key).Fail("time interval \"" + interval.name + "\" is not unique");
    }
  }
  for (const InhibitRuleConfig& rule : config.inhibit_rules) {
    for (const std::string& name : rule.equal) {
      if (name.empty() || !IsValidUtf8(name))
        return At(root, "inhibit_rules").Fail("\"" + name + "\" is not a valid label name");
    }
  }
  const RouteConfig& route = config.route;
  const YamlNode& at = At(root, "route");
  if (route.receiver.empty()) return at.Fail("root route must specify a default receiver");
  if (!route.AllMatchers().empty()) return at.Fail("root route must not have any matchers");
  if (!route.mute_time_intervals.empty())
    return at.Fail("root route must not have any mute time intervals");
  if (!route.active_time_intervals.empty())
    return at.Fail("root route must not have any active time intervals");
  if (route.continue_) return At(at, "continue").Fail("cannot have continue in root route");
  return CheckRoute(route, at, receivers, intervals);
}

}  // namespace drover::alerting
