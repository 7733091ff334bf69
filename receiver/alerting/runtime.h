// What one configuration file becomes: routes, intervals, templates, integrations.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/http/client.h"
#include "core/http/client_config.h"
#include "receiver/alerting/config/config.h"
#include "receiver/alerting/notify/integration.h"
#include "receiver/alerting/route/route.h"
#include "receiver/template/template.h"

namespace drover::alerting {

using ClientFactory = std::function<std::unique_ptr<http::Client>(const http::ClientConfig&)>;

// Immutable after construction; what sends keeps it alive over a reload.
struct Runtime {
  LoadedConfig loaded;
  Route root;
  std::map<std::string, const NamedInterval*> intervals;
  tmpl::TemplateSet templates;
  std::map<std::string, std::vector<std::unique_ptr<Integration>>> receivers;  // of routes only

  const Config& config() const { return loaded.config; }

  // kUnsupported: the file names integrations that are not built, each with its place. kInvalid: a
  // template file.
  static Result<std::shared_ptr<const Runtime>> Build(LoadedConfig loaded,
                                                      const ClientFactory& clients,
                                                      std::function<TimePoint()> now);

 private:
  Runtime(LoadedConfig config, std::function<TimePoint()> now);
};

}  // namespace drover::alerting
