#include "agent/pages/targets_page.h"

#include <algorithm>

#include "core/base/duration.h"
#include "core/html/html.h"

namespace drover::agent::pages {
namespace {

using html::Badge;
using html::Escape;

std::string Seconds(double seconds) {
  return seconds < 1 ? html::ShortNumber(seconds * 1000) + " ms"
                     : html::ShortNumber(seconds) + " s";
}

std::string Since(const Clock& clock, TimePoint t) {
  return t == TimePoint{} ? "never" : html::Ago(std::max(clock.Now() - t, Millis(0))) + " ago";
}

std::string Error(const std::string& text) {
  return text.empty() ? "" : "<br><span class=\"bad\">" + Escape(text) + "</span>";
}

std::string Builtins(const View& view, const Clock& clock) {
  std::string rows;
  for (const builtin::BuiltinStatus& one : view.builtins) {
    rows += "<tr><td>" +
            (one.up ? Badge("good", "up")
                    : Badge("bad", one.last_run == TimePoint{} ? "starting" : "down")) +
            "</td><td>" + Escape(one.job) + "</td><td>" + Escape(one.instance) +
            Error(one.last_error) + "</td><td class=\"n\">" + Since(clock, one.last_run) +
            "</td><td class=\"n\">" + Seconds(one.last_duration.count()) + "</td><td class=\"n\">" +
            std::to_string(one.samples) + "</td><td class=\"n\">" + std::to_string(one.series) +
            "</td><td class=\"n\">" + FormatDuration(one.interval) + "</td></tr>";
  }
  std::string out = "<h2>Built in</h2>";
  if (rows.empty()) return out + "<p class=\"dim\">None are configured (exporters: node: {}).</p>";
  return out +
         "<div class=\"scroll\"><table><tr><th>state</th><th>job</th><th>instance</th><th "
         "class=\"n\">last</th><th class=\"n\">took</th><th "
         "class=\"n\">samples</th><th class=\"n\">series</th><th class=\"n\">every</th></tr>" +
         rows + "</table></div>";
}

std::string Collectors(const View& view) {
  if (view.collectors.empty()) return "";
  std::string rows;
  for (const CollectorRow& one : view.collectors) {
    rows += "<tr><td>" +
            (one.success  ? Badge("good", "ok")
             : one.absent ? Badge("dim", "not available here")
                          : Badge("bad", "failed")) +
            "</td><td>" + Escape(one.name) + "</td><td class=\"n\">" + Seconds(one.seconds) +
            "</td><td class=\"n\">" + std::to_string(one.series) + "</td><td>" + Escape(one.error) +
            "</td></tr>";
  }
  return "<h2>Collectors of this host</h2><div "
         "class=\"scroll\"><table><tr><th>state</th><th>collector</th><th "
         "class=\"n\">took</th><th class=\"n\">series</th><th>last error</th></tr>" +
         rows + "</table></div>";
}

std::string Targets(const View& view, const Clock& clock) {
  std::string rows;
  for (const scrape::TargetStatus& one : view.targets) {
    const std::string state = one.health == scrape::Health::kUp     ? Badge("good", "up")
                              : one.health == scrape::Health::kDown ? Badge("bad", "down")
                                                                    : Badge("dim", "unknown");
    rows += "<tr><td>" + state + "</td><td>" + Escape(one.job) + "</td><td><code>" +
            Escape(one.spec.url) + "</code><br><code class=\"dim\">" +
            Escape(one.spec.labels.ToString()) + "</code>" + Error(one.last_error) +
            "</td><td class=\"n\">" + Since(clock, one.last_scrape) + "</td><td class=\"n\">" +
            Seconds(one.last_duration.count()) + "</td><td class=\"n\">" +
            std::to_string(one.samples) + "</td><td class=\"n\">" + std::to_string(one.series) +
            "</td><td class=\"n\">" + FormatDuration(one.interval) + "</td><td class=\"n\">" +
            FormatDuration(one.timeout) + "</td></tr>";
  }
  std::string out = "<h2>Scraped targets</h2>";
  if (rows.empty()) {
    out += "<p class=\"dim\">None are configured.</p>";
  } else {
    out +=
        "<div class=\"scroll\"><table><tr><th>state</th><th>job</th><th>target</th><th "
        "class=\"n\">last</th><th class=\"n\">took</th><th "
        "class=\"n\">samples</th><th class=\"n\">series</th><th class=\"n\">every</th><th "
        "class=\"n\">timeout</th></tr>" +
        rows + "</table></div>";
  }
  for (const auto& [job, dropped] : view.dropped) {
    if (!dropped.empty())
      out += "<p class=\"dim\">" + Escape(job) + ": relabelling drops " +
             std::to_string(dropped.size()) + " targets.</p>";
  }
  return out;
}

std::string Endpoints(const View& view, const Clock& clock) {
  std::string rows;
  for (const forward::EndpointStatus& one : view.endpoints) {
    std::uint64_t lost = 0;
    std::string reasons;
    for (const auto& [reason, samples] : one.queue.dropped_samples) {
      if (samples == 0) continue;
      lost += samples;
      reasons += (reasons.empty() ? " (" : ", ") + reason + " " + std::to_string(samples);
    }
    if (!reasons.empty()) reasons += ")";
    const std::string state = one.failing ? Badge("bad", "queueing") : Badge("good", "sending");
    rows += "<tr><td>" + state + "</td><td>" + Escape(one.name) + "<br><code class=\"dim\">" +
            Escape(one.url) + "</code>" + Error(one.last_error) + "</td><td class=\"n\">" +
            std::to_string(one.samples_sent) + "</td><td class=\"n\">" +
            std::to_string(one.queue.samples) +
            (one.queue.oldest
                 ? "<br><span class=\"dim\">oldest " + Since(clock, *one.queue.oldest) + "</span>"
                 : "") +
            "</td><td class=\"n\">" +
            (lost > 0 ? Badge("bad", std::to_string(lost) + reasons) : "0") + "</td></tr>";
  }
  std::string out = "<h2>Forwarding</h2>";
  if (rows.empty())
    return out + "<p class=\"warn\">No remote_write is configured: samples go nowhere.</p>";
  return out +
         "<div class=\"scroll\"><table><tr><th>state</th><th>endpoint</th><th class=\"n\">samples "
         "sent</th><th class=\"n\">waiting</th><th "
         "class=\"n\">lost</th></tr>" +
         rows + "</table></div>";
}

}  // namespace

void AddPages(http::Router& router, std::function<View()> view, const Clock& clock) {
  router.Add("GET,HEAD", "/",
             [](const http::Request&) { return http::Response::Redirect("/targets"); });
  router.Add("GET,HEAD", "/targets", [view, &clock](const http::Request&) {
    const View now = view();
    html::Frame frame;
    frame.title = "Targets";
    frame.program = "drover-agent";
    frame.links = {{"/targets", "Targets"}, {"/metrics", "Metrics"}};
    frame.current = "/targets";
    frame.notice = now.notice;
    frame.refresh_seconds = 15;
    return http::Response::Html(html::Page(frame, Endpoints(now, clock) + Builtins(now, clock) +
                                                      Targets(now, clock) + Collectors(now)));
  });
}

}  // namespace drover::agent::pages
