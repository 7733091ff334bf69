// The receiver's pages: / (hosts and targets), /graph, /alerts. Rendered here, whole without
// JavaScript.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/html/html.h"
#include "core/http/router.h"
#include "core/series/queryable.h"
#include "receiver/promql/engine.h"
#include "receiver/rules/rule_state.h"

namespace drover::web {

// What routing did with an alert, for /alerts.
struct Delivery {
  std::vector<std::string> receivers;    // it is routed to
  std::vector<std::string> silenced_by;  // silence ids
  bool inhibited = false;
  bool muted = false;     // by a time interval
  std::string last_sent;  // "webhook team-a, 12s ago", or empty
};
struct SilenceRow {
  std::string id;
  std::string matchers;
  std::string state;  // active, pending, expired
  std::string ends;
  std::string created_by;
  std::string comment;
};
struct AlertingView {
  std::map<std::uint64_t, Delivery> deliveries;  // by fingerprint, external labels included
  std::map<std::string, std::string>
      external_labels;  // what rules' alerts gained on their way to routing
  std::vector<SilenceRow> silences;
};

struct Sources {
  const promql::Engine& engine;
  const Queryable& storage;
  const Clock& clock;
  std::function<std::vector<rules::GroupSnapshot>()> groups;
  std::function<std::string()> notice;     // of a failed reload; "" is none
  std::function<AlertingView()> alerting;  // null without a routing configuration
};

// GET and HEAD on /, /graph and /alerts. What `sources` refers to outlives the router.
void AddPages(http::Router& router, Sources sources);

// --- used by the pages ---

html::Frame MakeFrame(const Sources& sources, std::string title, std::string current);
// The last `window` up to now; empty on any error, so that one odd series does not take a page
// away.
promql::Matrix RangeOf(const Sources& sources, const std::string& query, Millis window,
                       Millis step);
promql::InstantVector InstantOf(const Sources& sources, const std::string& query);

http::Response HomePage(const Sources& sources);
http::Response GraphPage(const Sources& sources, const http::Request& request);
http::Response AlertsPage(const Sources& sources);

}  // namespace drover::web
