#include "receiver/alerting/runtime.h"

#include <set>

#include <glob.h>

#include "core/os/file_system.h"
#include "receiver/alerting/integrations/webhook.h"
#include "receiver/template/default_templates.h"
#include "receiver/template/functions.h"

namespace drover::alerting {
namespace {

Status LoadTemplates(const std::vector<std::string>& globs, tmpl::TemplateSet& set) {
  for (const std::string& pattern : globs) {
    glob_t found{};
    const int result = ::glob(pattern.c_str(), 0, nullptr, &found);
    std::vector<std::string> files;
    for (std::size_t i = 0; result == 0 && i < found.gl_pathc; ++i)
      files.emplace_back(found.gl_pathv[i]);
    ::globfree(&found);
    for (const std::string& file : files) {
      DROVER_TRY(const std::string text, ReadUserFile(file));
      if (auto ok = set.Parse(file.substr(file.rfind('/') + 1), text); !ok)
        return Fail(std::move(ok).error().With(file));
    }
  }
  return {};
}

void CollectReceivers(const Route& route, std::set<std::string>& out) {
  out.insert(route.receiver);
  for (const auto& child : route.children) CollectReceivers(*child, out);
}

}  // namespace

Runtime::Runtime(LoadedConfig config, std::function<TimePoint()> now)
    : loaded(std::move(config)),
      root(loaded.config.route),
      templates(tmpl::AlertmanagerFunctions({std::move(now)})) {}

Result<std::shared_ptr<const Runtime>> Runtime::Build(LoadedConfig loaded,
                                                      const ClientFactory& clients,
                                                      std::function<TimePoint()> now) {
  if (!loaded.not_built.empty()) {
    std::string text;
    for (const std::string& line : loaded.not_built) text += (text.empty() ? "" : "\n") + line;
    return Fail(ErrorCode::kUnsupported, text);
  }
  const std::shared_ptr<Runtime> out(new Runtime(std::move(loaded), std::move(now)));
  const Config& config = out->config();
  for (const auto* list : {&config.time_intervals, &config.mute_time_intervals}) {
    for (const NamedInterval& interval : *list) out->intervals[interval.name] = &interval;
  }
  DROVER_CHECK(out->templates.Parse("default.tmpl", tmpl::DefaultTemplates()));
  DROVER_CHECK(LoadTemplates(config.templates, out->templates));
  std::set<std::string> used;
  CollectReceivers(out->root, used);
  for (const ReceiverConfig& receiver : config.receivers) {
    if (!used.contains(receiver.name)) continue;
    auto& list = out->receivers[receiver.name];
    for (const WebhookConfig& webhook : receiver.webhook_configs) {
      list.push_back(std::make_unique<Webhook>(
          webhook, clients(webhook.http_config ? *webhook.http_config : config.global.http_config),
          out->templates));
    }
  }
  return std::shared_ptr<const Runtime>(out);
}

}  // namespace drover::alerting
