#include "core/telemetry/telemetry.h"

#include <signal.h>
#include <unistd.h>

#include <vector>

#include "core/base/version.h"
#include "core/exposition/text_writer.h"
#include "core/os/process_stats.h"

namespace drover::telemetry {
namespace {

MetricType TypeOf(std::string_view text) {
  if (text == "counter") return MetricType::kCounter;
  if (text == "gauge") return MetricType::kGauge;
  if (text == "histogram") return MetricType::kHistogram;
  return MetricType::kUnknown;
}

void AddOne(std::vector<OwnFamily>& out, std::string name, std::string help, std::string type,
            double value) {
  out.push_back({std::move(name), std::move(help), std::move(type), {{"", {}, value}}});
}

}  // namespace

void AppendMetricsPage(const Registry& registry, std::string& out) {
  exposition::TextWriter writer(out);
  std::vector<LabelView> labels;
  for (const OwnFamily& family : registry.Collect()) {
    writer.Family(family.name, family.help, TypeOf(family.type));
    for (const OwnSample& sample : family.samples) {
      labels.clear();
      for (const auto& [name, value] : sample.labels) labels.push_back({name, value});
      writer.Sample(family.name + sample.suffix, labels, sample.value);
    }
  }
}

void AddProcessMetrics(Registry& registry) {
  registry.AddSource([](std::vector<OwnFamily>& out) {
    const auto stats = ReadProcessStats();
    if (!stats) return;
    AddOne(out, "process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
           "counter", stats->cpu_seconds);
    AddOne(out, "process_max_fds", "Maximum number of open file descriptors.", "gauge",
           static_cast<double>(stats->max_fds));
    AddOne(out, "process_open_fds", "Number of open file descriptors.", "gauge",
           static_cast<double>(stats->open_fds));
    AddOne(out, "process_resident_memory_bytes", "Resident memory size in bytes.", "gauge",
           static_cast<double>(stats->resident_bytes));
    AddOne(out, "process_anonymous_memory_bytes",
           "Resident anonymous memory in bytes: without program and library text.", "gauge",
           static_cast<double>(stats->anonymous_bytes));
    AddOne(out, "process_start_time_seconds",
           "Start time of the process since unix epoch in seconds.", "gauge",
           stats->start_time_seconds);
    AddOne(out, "process_threads", "Number of threads.", "gauge",
           static_cast<double>(stats->threads));
    AddOne(out, "process_virtual_memory_bytes", "Virtual memory size in bytes.", "gauge",
           static_cast<double>(stats->virtual_bytes));
  });
}

void AddBuildInfo(Registry& registry, std::string_view prefix) {
  registry
      .AddGauge(
          std::string(prefix) + "_build_info",
          "A metric with a constant '1' value labeled by version and revision of this program.",
          {{"version", std::string(Version())}, {"revision", std::string(Revision())}})
      .Set(1);
}

void AddRoutes(http::Router& router, const Registry& registry, Health health) {
  router.Add("GET,HEAD", "/metrics", [&registry](const http::Request&) {
    http::Response response;
    response.headers.Add("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
    AppendMetricsPage(registry, response.body);
    return response;
  });
  router.Add("GET,HEAD", "/-/healthy", [name = health.program](const http::Request&) {
    return http::Response::Text(200, name + " is Healthy.\n");
  });
  router.Add("GET,HEAD", "/-/ready", [health](const http::Request&) {
    return health.ready() ? http::Response::Text(200, health.program + " is Ready.\n")
                          : http::Response::Text(503, "Service Unavailable\n");
  });
}

void AddLifecycleRoutes(http::Router& router, bool enabled, std::function<Status()> reload) {
  using Handler = std::function<http::Response()>;
  const auto add = [&](const char* path, Handler handler) {
    router.Add("POST,PUT", path, [enabled, handler = std::move(handler)](const http::Request&) {
      return enabled ? handler() : http::Response::Text(403, "Lifecycle API is not enabled.\n");
    });
    router.Add("GET", path, [](const http::Request&) {
      return http::Response::Text(405, "Only POST or PUT requests allowed");
    });
  };
  add("/-/reload", [reload = std::move(reload)] {
    const Status status = reload();
    return status ? http::Response::Text(200, "")
                  : http::Response::Text(
                        500, "failed to reload config: " + status.error().message() + "\n");
  });
  add("/-/quit", [] {
    ::kill(::getpid(), SIGTERM);
    return http::Response::Text(200, "Requesting termination... Goodbye!");
  });
}

}  // namespace drover::telemetry
