// /targets: what the agent collects, scrapes and forwards, and what is wrong with it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "agent/builtin/builtin_loop.h"
#include "agent/forward/endpoint.h"
#include "agent/scrape/target.h"
#include "core/base/clock.h"
#include "core/http/router.h"

namespace drover::agent::pages {

// One collector of the node exporter, read from its own success and duration series.
struct CollectorRow {
  std::string name;
  bool success = false;
  bool absent = false;  // this host has nothing of the kind
  double seconds = 0;
  std::uint64_t series = 0;
  std::string error{};  // "" after a success
};

struct View {
  std::vector<builtin::BuiltinStatus> builtins;
  std::vector<CollectorRow> collectors;
  std::vector<scrape::TargetStatus> targets;
  std::map<std::string, std::vector<Labels>> dropped;
  std::vector<forward::EndpointStatus> endpoints;
  std::string notice;  // of a failed reload
};

// GET and HEAD on /targets; / leads there. `view` is asked at each request; `clock` outlives the
// router.
void AddPages(http::Router& router, std::function<View()> view, const Clock& clock);

}  // namespace drover::agent::pages
