#include "receiver/alerting/config/config.h"

#include <algorithm>
#include <iterator>
#include <set>

#include "core/os/file_system.h"
#include "receiver/alerting/config/validate.h"

namespace drover::alerting {
namespace {

template <typename... Lists>
std::vector<Matcher> Joined(const Lists&... lists) {
  std::vector<Matcher> out;
  (out.insert(out.end(), lists.matchers.begin(), lists.matchers.end()), ...);
  SortMatchers(out);
  return out;
}

void CollectWarnings(const RouteConfig& route, std::vector<std::string>& out) {
  out.insert(out.end(), route.matchers.warnings.begin(), route.matchers.warnings.end());
  for (const RouteConfig& child : route.routes) CollectWarnings(child, out);
}

void ResolveFile(std::string& file, const std::string& folder) {
  if (!file.empty() && file.front() != '/') file = folder + "/" + file;
}

void ResolveFiles(Config& config, const std::string& folder) {
  http::ResolveFiles(config.global.http_config, folder);
  for (std::string& glob : config.templates) ResolveFile(glob, folder);
  for (ReceiverConfig& receiver : config.receivers) {
    for (WebhookConfig& webhook : receiver.webhook_configs) {
      ResolveFile(webhook.url_file, folder);
      if (webhook.http_config) http::ResolveFiles(*webhook.http_config, folder);
    }
  }
}

void CollectNotBuilt(const YamlNode& root, std::vector<std::string>& out) {
  const YamlNode* receivers = root.Find("receivers");
  if (receivers == nullptr) return;
  for (const YamlNode& receiver : receivers->items) {
    for (const auto& [key, value] : receiver.entries) {
      if (!key.text.ends_with("_configs") || value.items.empty()) continue;
      if (key.text != "webhook_configs")
        out.push_back(key.Place() + ": " + key.text + " is not built yet");
    }
  }
}

}  // namespace

std::vector<Matcher> RouteConfig::AllMatchers() const { return Joined(match, match_re, matchers); }
std::vector<Matcher> InhibitRuleConfig::Sources() const {
  return Joined(source_match, source_match_re, source_matchers);
}
std::vector<Matcher> InhibitRuleConfig::Targets() const {
  return Joined(target_match, target_match_re, target_matchers);
}

Result<LoadedConfig> ParseConfig(std::string_view text, const std::string& file) {
  DROVER_TRY(const YamlNode root, ParseYaml(text, file));
  LoadedConfig out;
  out.text = std::string(text);
  Config& config = out.config;
  DROVER_CHECK(ReadFields(root, config, &out.warnings));
  if (root.Find("route") == nullptr || root.Find("route")->IsNull())
    return root.Fail("no routes provided");
  DROVER_CHECK(ValidateGlobal(config.global, At(root, "global")));
  DROVER_CHECK(ValidateReceivers(config, root));
  DROVER_CHECK(ValidateRoutes(config, root));
  CollectWarnings(config.route, out.warnings);
  for (const InhibitRuleConfig& rule : config.inhibit_rules) {
    for (const MatcherList* list : {&rule.source_matchers, &rule.target_matchers})
      out.warnings.insert(out.warnings.end(), list->warnings.begin(), list->warnings.end());
  }
  CollectNotBuilt(root, out.not_built);
  const std::size_t slash = file.rfind('/');
  ResolveFiles(config, slash == std::string::npos ? "." : file.substr(0, slash));
  return out;
}

Result<LoadedConfig> LoadConfig(const std::string& file) {
  DROVER_TRY(const std::string text, ReadUserFile(file));
  return ParseConfig(text, file);
}

}  // namespace drover::alerting
