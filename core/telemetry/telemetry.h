// What every program serves about itself: /metrics, /-/healthy, /-/ready, /-/reload, /-/quit.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/http/router.h"
#include "core/metrics/registry.h"

namespace drover::telemetry {

// The registry as text 0.0.4, appended.
void AppendMetricsPage(const Registry& registry, std::string& out);

// process_* as the Go and C++ client libraries name them, and process_anonymous_memory_bytes.
void AddProcessMetrics(Registry& registry);

// <prefix>_build_info{version,revision} 1
void AddBuildInfo(Registry& registry, std::string_view prefix);

struct Health {
  std::string program;  // "drover-agent", in the answers
  std::function<bool()> ready = [] { return true; };
};
// GET and HEAD on the three paths. `registry` outlives the router.
void AddRoutes(http::Router& router, const Registry& registry, Health health);

// POST and PUT on /-/reload and /-/quit (which sends this process SIGTERM); 403 unless `enabled`.
void AddLifecycleRoutes(http::Router& router, bool enabled, std::function<Status()> reload);

}  // namespace drover::telemetry
