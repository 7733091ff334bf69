#include "receiver/api/prometheus_v1/rules.h"

#include <algorithm>

#include <openssl/evp.h>

#include "core/base/json_escape.h"
#include "core/base/numbers.h"
#include "core/http/url.h"
#include "receiver/api/prometheus_v1/answer.h"
#include "receiver/api/prometheus_v1/params.h"

namespace drover::api {
namespace {

using rules::GroupSnapshot;
using rules::RuleSnapshot;

struct Wanted {
  bool alerting = true;
  bool recording = true;
  bool exclude_alerts = false;
  std::vector<std::string> rule_names;
  std::vector<std::string> group_names;
  std::vector<std::string> files;
  std::vector<std::vector<Matcher>> matches;
  std::int64_t group_limit = -1;
  std::string next_token;

  bool Takes(const RuleSnapshot& rule) const {
    if (rule.spec.alerting ? !alerting : !recording) return false;
    if (!rule_names.empty() &&
        std::find(rule_names.begin(), rule_names.end(), rule.spec.name) == rule_names.end())
      return false;
    if (matches.empty()) return true;
    return std::any_of(matches.begin(), matches.end(), [&](const std::vector<Matcher>& matchers) {
      return std::all_of(matchers.begin(), matchers.end(), [&](const Matcher& matcher) {
        const auto found = rule.spec.labels.find(matcher.name());
        return matcher.Matches(found == rule.spec.labels.end() ? std::string_view()
                                                               : std::string_view(found->second));
      });
    });
  }
  bool Takes(const GroupSnapshot& group) const {
    const auto in = [](const std::vector<std::string>& list, const std::string& text) {
      return list.empty() || std::find(list.begin(), list.end(), text) != list.end();
    };
    return in(group_names, group.name) && in(files, group.file);
  }
};

// SHA-256 of "file;name" in hex, as upstream pages by it.
std::string TokenOf(const GroupSnapshot& group) {
  const std::string text = group.file + ";" + group.name;
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_sha256(), nullptr);
  std::string out;
  for (unsigned i = 0; i < length; ++i) {
    out += "0123456789abcdef"[digest[i] >> 4];
    out += "0123456789abcdef"[digest[i] & 15];
  }
  return out;
}

void AppendKey(std::string& out, std::string_view key) {
  if (out.back() != '{') out += ',';
  AppendJsonString(out, key);
  out += ':';
}
void AppendText(std::string& out, std::string_view key, std::string_view value) {
  AppendKey(out, key);
  AppendJsonString(out, value);
}
void AppendNumber(std::string& out, std::string_view key, double value) {
  AppendKey(out, key);
  AppendJsonFloat(out, value);
}
void AppendMap(std::string& out, std::string_view key, const rules::TextMap& map) {
  AppendKey(out, key);
  out += '{';
  for (const auto& [name, value] : map) AppendText(out, name, value);
  out += '}';
}
std::string TimeText(TimePoint t) {
  return t == TimePoint{} ? "0001-01-01T00:00:00Z" : FormatRfc3339(t, 9);
}

void AppendAlert(std::string& out, const rules::AlertSnapshot& alert) {
  out += '{';
  AppendKey(out, "labels");
  AppendLabels(out, alert.labels);
  AppendMap(out, "annotations", alert.annotations);
  AppendText(out, "state", Text(alert.state));
  AppendText(out, "activeAt", TimeText(alert.active_at));
  if (alert.keep_firing_since)
    AppendText(out, "keepFiringSince", TimeText(*alert.keep_firing_since));
  std::string value;
  AppendFloatE(value, alert.value);
  AppendText(out, "value", value);
  out += '}';
}

void AppendAlerts(std::string& out, const std::vector<rules::AlertSnapshot>& alerts) {
  out += '[';
  for (std::size_t i = 0; i < alerts.size(); ++i) {
    if (i > 0) out += ',';
    AppendAlert(out, alerts[i]);
  }
  out += ']';
}

void AppendRule(std::string& out, const RuleSnapshot& rule, bool exclude_alerts) {
  out += '{';
  if (rule.spec.alerting)
    AppendText(out, "state", rule.health == rules::Health::kUnknown ? "unknown" : Text(rule.state));
  AppendText(out, "name", rule.spec.name);
  AppendText(out, "query", rule.query);
  if (rule.spec.alerting) {
    AppendNumber(out, "duration", std::chrono::duration<double>(rule.spec.hold).count());
    AppendNumber(out, "keepFiringFor",
                 std::chrono::duration<double>(rule.spec.keep_firing_for).count());
  }
  AppendMap(out, "labels", rule.spec.labels);
  if (rule.spec.alerting) {
    AppendMap(out, "annotations", rule.spec.annotations);
    AppendKey(out, "alerts");
    if (exclude_alerts) {
      out += "null";
    } else {
      AppendAlerts(out, rule.alerts);
    }
  }
  AppendText(out, "health", Text(rule.health));
  if (!rule.last_error.empty()) AppendText(out, "lastError", rule.last_error);
  AppendNumber(out, "evaluationTime", rule.evaluation_seconds);
  AppendText(out, "lastEvaluation", TimeText(rule.last_evaluation));
  AppendText(out, "type", rule.spec.alerting ? "alerting" : "recording");
  out += '}';
}

http::Response Rules(const std::vector<GroupSnapshot>& groups, const Wanted& wanted) {
  std::string data = "{\"groups\":[";
  std::int64_t count = 0;
  std::string next;
  bool started = wanted.next_token.empty();
  for (const GroupSnapshot& group : groups) {
    if (!started) {
      started = TokenOf(group) == wanted.next_token;
      if (!started) continue;
    }
    if (!wanted.Takes(group)) continue;
    std::string list;
    for (const RuleSnapshot& rule : group.rules) {
      if (!wanted.Takes(rule)) continue;
      if (!list.empty()) list += ',';
      AppendRule(list, rule, wanted.exclude_alerts);
    }
    if (list.empty()) continue;
    if (wanted.group_limit > 0 && count == wanted.group_limit) {
      next = TokenOf(group);
      break;
    }
    if (count++ > 0) data += ',';
    data += '{';
    AppendText(data, "name", group.name);
    AppendText(data, "file", group.file);
    AppendKey(data, "rules");
    data += '[' + list + ']';
    AppendNumber(data, "interval", std::chrono::duration<double>(group.interval).count());
    AppendNumber(data, "limit", static_cast<double>(group.limit));
    AppendNumber(data, "evaluationTime", group.evaluation_seconds);
    AppendText(data, "lastEvaluation", TimeText(group.last_evaluation));
    data += '}';
  }
  data += ']';
  if (!started)
    return BadParameter("group_next_token", "invalid group_next_token \"" + wanted.next_token +
                                                "\". were rule groups changed?");
  if (!next.empty()) AppendText(data, "groupNextToken", next);
  return Success(data + "}");
}

}  // namespace

void AddRuleRoutes(http::Router& router, std::function<std::vector<GroupSnapshot>()> groups) {
  router.Add("GET,OPTIONS", "/api/v1/rules", [groups](const http::Request& request) {
    const http::Form form = http::FormOf(request);
    Wanted wanted;
    if (const std::string_view type = form.Get("type"); !type.empty()) {
      if (type != "alert" && type != "record")
        return BadParameter("type", "not supported value \"" + std::string(type) + "\"");
      wanted.alerting = type == "alert";
      wanted.recording = type == "record";
    }
    if (const std::string_view text = form.Get("exclude_alerts"); !text.empty()) {
      const auto exclude = ParseBool(text);
      if (!exclude)
        return BadParameter("exclude_alerts",
                            "error converting exclude_alerts: " + exclude.error().message());
      wanted.exclude_alerts = *exclude;
    }
    wanted.rule_names = form.All("rule_name[]");
    wanted.group_names = form.All("rule_group[]");
    wanted.files = form.All("file[]");
    auto matches = ParseMatches(form);
    if (!matches) return BadParameter("match[]", matches.error().message());
    wanted.matches = std::move(*matches);
    if (const std::string_view text = form.Get("group_limit"); !text.empty()) {
      const auto limit = ParseInt(text);
      if (!limit || *limit <= 0)
        return BadParameter("group_limit", "group_limit needs to be greater than 0");
      wanted.group_limit = *limit;
    }
    wanted.next_token = form.Get("group_next_token");
    if (!wanted.next_token.empty() && wanted.group_limit < 0) {
      return BadParameter("group_next_token",
                          "group_limit needs to be present in order to paginate over the groups");
    }
    return Rules(groups(), wanted);
  });
  router.Add("GET,OPTIONS", "/api/v1/alerts", [groups](const http::Request&) {
    std::string list;
    for (const GroupSnapshot& group : groups()) {
      for (const RuleSnapshot& rule : group.rules) {
        for (const rules::AlertSnapshot& alert : rule.alerts) {
          if (!list.empty()) list += ',';
          AppendAlert(list, alert);
        }
      }
    }
    return Success("{\"alerts\":[" + list + "]}");
  });
}

}  // namespace drover::api
