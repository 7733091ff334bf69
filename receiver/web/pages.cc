#include "receiver/web/pages.h"

namespace drover::web {

html::Frame MakeFrame(const Sources& sources, std::string title, std::string current) {
  html::Frame frame;
  frame.title = std::move(title);
  frame.program = "drover-receiver";
  frame.links = {
      {"/", "Hosts"}, {"/graph", "Graph"}, {"/alerts", "Alerts"}, {"/metrics", "Metrics"}};
  frame.current = std::move(current);
  frame.notice = sources.notice();
  return frame;
}

promql::Matrix RangeOf(const Sources& sources, const std::string& query, Millis window,
                       Millis step) {
  const auto parsed = sources.engine.Parse(query);
  if (!parsed) return {};
  const TimePoint end = sources.clock.Now();
  auto result = sources.engine.Range(sources.storage, *parsed, end - window, end, step);
  return result ? std::get<promql::Matrix>(std::move(result->value)) : promql::Matrix();
}

promql::InstantVector InstantOf(const Sources& sources, const std::string& query) {
  const auto parsed = sources.engine.Parse(query);
  if (!parsed) return {};
  auto result = sources.engine.Instant(sources.storage, *parsed, sources.clock.Now());
  if (!result || !std::holds_alternative<promql::InstantVector>(result->value)) return {};
  return std::get<promql::InstantVector>(std::move(result->value));
}

void AddPages(http::Router& router, Sources sources) {
  router.Add("GET,HEAD", "/", [sources](const http::Request&) { return HomePage(sources); },
             {.slow = true});
  router.Add("GET,HEAD", "/graph",
             [sources](const http::Request& request) { return GraphPage(sources, request); },
             {.slow = true});
  router.Add("GET,HEAD", "/alerts",
             [sources](const http::Request&) { return AlertsPage(sources); });
}

}  // namespace drover::web
