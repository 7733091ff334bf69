#include <algorithm>
#include <map>

#include "core/base/numbers.h"
#include "core/html/plot.h"
#include "receiver/web/pages.h"

namespace drover::web {
namespace {

constexpr Millis kWindow = std::chrono::hours(1);
constexpr Millis kStep = std::chrono::seconds(30);
constexpr std::size_t kMaxHosts = 24;

struct Line {
  const char* title;
  const char* label;
  const char* query;
  bool percent;
};
// One line of a small plot each; lines with the same title share a plot.
constexpr Line kLines[] = {
    {"CPU busy", "busy",
     "100 * (1 - avg by (instance, cluster) (rate(node_cpu_seconds_total{mode=\"idle\"}[2m])))",
     true},
    {"Memory used", "used",
     "100 * (1 - sum by (instance, cluster) (node_memory_MemAvailable_bytes) / sum by (instance, "
     "cluster) (node_memory_MemTotal_bytes))",
     true},
    {"Disks busy", "busiest",
     "100 * max by (instance, cluster) (rate(node_disk_io_time_seconds_total[2m]))", true},
    {"Network", "in",
     "sum by (instance, cluster) (rate(node_network_receive_bytes_total{device!=\"lo\"}[2m]))",
     false},
    {"Network", "out",
     "sum by (instance, cluster) (rate(node_network_transmit_bytes_total{device!=\"lo\"}[2m]))",
     false},
};
constexpr const char* kFullest =
    "100 * max by (instance, cluster) (1 - "
    "node_filesystem_avail_bytes{fstype!~\"tmpfs|ramfs|overlay|squashfs\"} / "
    "(node_filesystem_size_bytes{fstype!~\"tmpfs|ramfs|overlay|squashfs\"} > 0))";

std::string HostKey(const Labels& labels) {
  const std::string cluster(labels.Get("cluster"));
  return (cluster.empty() ? "" : cluster + " / ") + std::string(labels.Get("instance"));
}

struct Host {
  std::map<std::string, std::vector<html::PlotSeries>> plots;  // by title
  std::map<std::string, double> newest;                        // by title, of its first line
  double fullest = -1;
};

std::map<std::string, Host> CollectHosts(const Sources& sources) {
  std::map<std::string, Host> hosts;
  for (const Line& line : kLines) {
    for (const promql::MatrixSeries& series : RangeOf(sources, line.query, kWindow, kStep)) {
      Host& host = hosts[HostKey(series.labels)];
      host.plots[line.title].push_back({line.label, series.samples.t_ms, series.samples.value});
      if (!series.samples.value.empty())
        host.newest.try_emplace(line.title, series.samples.value.back());
    }
  }
  for (const promql::VectorElement& element : InstantOf(sources, kFullest))
    hosts[HostKey(element.labels)].fullest = element.value;
  return hosts;
}

std::string HostCards(const Sources& sources, const std::map<std::string, Host>& hosts) {
  const std::int64_t end = ToMs(sources.clock.Now());
  std::string out;
  std::size_t shown = 0;
  for (const auto& [name, host] : hosts) {
    if (shown++ == kMaxHosts) {
      out += "<p class=\"dim\">" + std::to_string(hosts.size() - kMaxHosts) +
             " more hosts are not drawn here; ask for them on <a href=\"/graph\">Graph</a>.</p>";
      break;
    }
    out += "<h2>" + html::Escape(name) + "</h2><div class=\"cards\">";
    std::string last_title;
    for (const Line& line : kLines) {
      if (line.title == last_title) continue;
      last_title = line.title;
      const auto found = host.plots.find(line.title);
      std::string number = "-";
      if (const auto newest = host.newest.find(line.title); newest != host.newest.end()) {
        number = html::ShortNumber(newest->second) + (line.percent ? " %" : " B/s");
      }
      out += "<div class=\"card\"><h3>" + html::Escape(line.title) + " <span class=\"dim\">" +
             html::Escape(number) + "</span></h3>";
      html::PlotOptions options{.start_ms = end - kWindow.count(),
                                .end_ms = end,
                                .step_ms = kStep.count() * 2,
                                .width = 300,
                                .height = 110};
      options.from_zero = true;
      if (line.percent) options.top = 100;
      out += html::LinePlot(
                 found == host.plots.end() ? std::vector<html::PlotSeries>() : found->second,
                 options) +
             "</div>";
    }
    out += "</div>";
    if (host.fullest >= 0) {
      const char* kind = host.fullest > 95 ? "bad" : host.fullest > 85 ? "warn" : "dim";
      out += "<p>" +
             html::Badge(kind, "fullest file system " + html::ShortNumber(host.fullest) + " %") +
             "</p>";
    }
  }
  return out;
}

std::string Targets(const Sources& sources) {
  std::map<std::string, double> up;
  for (const promql::VectorElement& element : InstantOf(sources, "up")) {
    LabelsBuilder builder(element.labels);
    builder.Del(kMetricName);
    up[builder.Build().ToString()] = element.value;
  }
  std::string rows;
  promql::InstantVector ages = InstantOf(sources, "drover_target_last_sample_age_seconds");
  std::sort(ages.begin(), ages.end(),
            [](const auto& a, const auto& b) { return a.value > b.value; });
  for (const promql::VectorElement& element : ages) {
    LabelsBuilder builder(element.labels);
    builder.Del(kMetricName);
    const Labels labels = builder.Build();
    const auto state = up.find(labels.ToString());
    const std::string shown = state == up.end()   ? html::Badge("bad", "silent")
                              : state->second > 0 ? html::Badge("good", "up")
                                                  : html::Badge("bad", "down");
    LabelsBuilder rest(labels);
    rest.Del("job");
    rest.Del("instance");
    rows += "<tr><td>" + shown + "</td><td>" + html::Escape(labels.Get("job")) + "</td><td>" +
            html::Escape(labels.Get("instance")) + "</td><td class=\"n\">" +
            html::Ago(Millis(static_cast<std::int64_t>(std::max(element.value, 0.0) * 1000))) +
            "</td><td class=\"dim\"><code>" +
            html::Escape(rest.empty() ? "" : rest.Build().ToString()) + "</code></td></tr>";
  }
  if (rows.empty())
    return "<p class=\"dim\">No target has sent anything yet. Point an agent's remote_write at "
           "/api/v1/write.</p>";
  return "<div class=\"scroll\"><table><tr><th>state</th><th>job</th><th>instance</th><th "
         "class=\"n\">newest sample</th><th></th></tr>" +
         rows + "</table></div>";
}

}  // namespace

http::Response HomePage(const Sources& sources) {
  std::size_t firing = 0;
  std::size_t pending = 0;
  for (const rules::GroupSnapshot& group : sources.groups()) {
    for (const rules::RuleSnapshot& rule : group.rules) {
      for (const rules::AlertSnapshot& alert : rule.alerts) {
        firing += alert.state == rules::AlertState::kFiring ? 1 : 0;
        pending += alert.state == rules::AlertState::kPending ? 1 : 0;
      }
    }
  }
  std::string body = "<p><a href=\"/alerts\">";
  body += firing > 0 ? html::Badge("bad", std::to_string(firing) + " firing")
                     : html::Badge("good", "nothing firing");
  body += "</a>";
  if (pending > 0) body += " " + html::Badge("warn", std::to_string(pending) + " pending");
  body +=
      "</p>" + HostCards(sources, CollectHosts(sources)) + "<h2>Targets</h2>" + Targets(sources);
  html::Frame frame = MakeFrame(sources, "Hosts", "/");
  frame.refresh_seconds = 15;
  return http::Response::Html(html::Page(frame, body));
}

}  // namespace drover::web
