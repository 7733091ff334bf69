#include "exporters/node_app.h"

#include <unistd.h>

#include <cstdio>
#include <thread>

#include <malloc.h>

#include "core/base/version.h"
#include "core/config/flags.h"
#include "core/http/server.h"
#include "core/http/web_config_file.h"
#include "core/os/signals.h"
#include "exporters/node/node_flags.h"
#include "exporters/node_web.h"

namespace drover::exporters {
namespace {

constexpr const char* kProgram = "drover-node-exporter";
// After a signal: pages under way may finish until then; then hanging collectors are left behind.
constexpr Millis kGrace{300};
constexpr std::size_t kSpareWorkers = 8;

struct WebFlags {
  std::vector<std::string> listen = {":9100"};
  std::string telemetry_path = "/metrics";
  std::string config_file;
  std::int64_t max_requests = 40;
  bool disable_exporter_metrics = false;
  bool systemd_socket = false;

  void AddTo(Flags& flags) {
    flags.Add("web.listen-address", listen,
              "Addresses on which to expose metrics and web interface. Repeatable. Examples: "
              "`:9100`, `[::1]:9100`, `unix:/run/node-exporter.sock`, `vsock://:9100`");
    flags.Add("web.systemd-socket", systemd_socket,
              "Use the sockets that systemd opened instead of --web.listen-address.");
    flags.Add("web.telemetry-path", telemetry_path, "Path under which to expose metrics.");
    flags.Add("web.config.file", config_file,
              "TLS, users and headers of --web.listen-address (docs/web-config.md).");
    flags.Add("web.max-requests", max_requests,
              "Maximum number of parallel scrape requests. Use 0 to disable.");
    flags.Add("web.disable-exporter-metrics", disable_exporter_metrics,
              "Exclude metrics about the exporter itself (promhttp_*, process_*).");
    flags.AddIgnored("runtime.gomaxprocs", true, "collectors run on one thread");
  }

  Status Validate() const {
    if (!telemetry_path.starts_with('/'))
      return Fail(ErrorCode::kInvalid, "--web.telemetry-path: must begin with /");
    if (max_requests < 0) return Fail(ErrorCode::kInvalid, "--web.max-requests: below 0");
    return {};
  }
};

int FailStart(const Error& error) {
  std::fprintf(stderr, "%s: error: %s\n", kProgram, error.message().c_str());
  return 1;
}

NodeWebOptions WebOptions(const WebFlags& web, const node::NodeFlags& node) {
  NodeWebOptions options;
  options.telemetry_path = web.telemetry_path;
  options.max_requests = static_cast<std::size_t>(web.max_requests);
  options.with_exporter_metrics = !web.disable_exporter_metrics;
  for (const CollectorSpec& spec : node.collectors.specs())
    options.known_collectors.emplace_back(spec.name);
  return options;
}

std::string Joined(const std::vector<std::string>& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : ",") + word;
  return out;
}

}  // namespace

int RunNodeExporter(std::vector<std::string> arguments) {
  ::mallopt(M_ARENA_MAX, 1);  // arenas of threads that only wait would double the memory
  const Signals signals;
  WebFlags web;
  LogFlags log_flags;
  node::NodeFlags node;
  Flags flags(kProgram, "Host metrics for Prometheus, with node_exporter's names and flags.");
  web.AddTo(flags);
  AddLogFlags(flags, log_flags);
  node.AddTo(flags);
  if (const auto taken = node.collectors.Prepare(arguments); !taken)
    return FailStart(taken.error());
  const auto end = flags.Parse(arguments);
  if (!end) return FailStart(end.error());
  if (*end) return std::fputs((*end)->text.c_str(), stdout), (*end)->code;
  if (const auto valid = web.Validate(); !valid) return FailStart(valid.error());
  const auto choice = node.collectors.Choose(flags);
  if (!choice) return FailStart(choice.error());

  const auto clock = MakeSystemClock();
  const auto sink = MakeFdLogSink(STDERR_FILENO);
  const Logger log(*sink, *clock, log_flags.level, log_flags.format);
  for (const std::string& warning : flags.warnings()) log.Warn(warning);
  for (const std::string& warning : choice->warnings) log.Warn(warning);
  std::unique_ptr<http::WebConfigFile> web_config;
  if (!web.config_file.empty()) {
    auto opened = http::WebConfigFile::Open(web.config_file, *clock, log);
    if (!opened) return FailStart(opened.error());
    web_config = std::move(*opened);
  }
  const auto runner = node.MakeRunner(*choice, *clock, log);
  if (!runner) return FailStart(runner.error());

  NodeWeb pages(**runner, WebOptions(web, node), log);
  http::Router router;
  pages.AddRoutes(router);
  if (web_config) web_config->Protect(router);
  http::ServerOptions options;
  if (web.systemd_socket) {
    auto sockets = http::InheritedListeners();
    if (!sockets) return FailStart(sockets.error());
    options.sockets = std::move(*sockets);
  } else {
    options.listen = web.listen;
  }
  // A page under way holds a worker while it waits for its turn, and refusing one takes another.
  options.workers = web.max_requests > 0
                        ? static_cast<std::size_t>(web.max_requests) + kSpareWorkers
                        : options.max_connections;
  if (web_config) options.tls = web_config->tls();
  auto server = http::StartServer(std::move(options), router, log);
  if (!server) return FailStart(server.error());
  log.Info("listening", {{"address", Joined((*server)->addresses())},
                         {"version", Version()},
                         {"collectors", static_cast<std::int64_t>((*runner)->size())}});
  signals.WaitForEnd([] {});
  log.Info("ending");
  const std::jthread cancel([&](const std::stop_token& stop) {
    if (clock->SleepFor(kGrace, stop)) (*runner)->Cancel();
  });
  (*server)->Stop(kGrace);
  server->reset();
  return 0;
}

}  // namespace drover::exporters
