// The alerting side alone behind an HTTP server, for trying it with amtool and senders.
//
//   alerting_server CONFIG FOLDER HOST:PORT
#include <cstdio>

#include "core/http/client/curl_client.h"
#include "core/http/server.h"
#include "core/os/signals.h"
#include "receiver/api/alertmanager_v2/api.h"

using namespace drover;

int main(int argc, char** argv) {
  if (argc != 4) {
    std::fprintf(stderr, "usage: alerting_server CONFIG FOLDER HOST:PORT\n");
    return 2;
  }
  const auto clock = MakeSystemClock();
  const auto sink = MakeFdLogSink(2);
  Logger log(*sink, *clock, LogLevel::kDebug);
  Registry registry;
  http::CurlLoop curl("alerting_server");
  auto config = alerting::LoadConfig(argv[1]);
  if (!config) {
    std::fprintf(stderr, "%s\n", config.error().message().c_str());
    return 1;
  }
  alerting::AlertingOptions options;
  options.folder = argv[2];
  options.dispatch.external_url = std::string("http://") + argv[3];
  auto alerting = alerting::Alerting::Start(
      *std::move(config), options, *clock,
      [&](const http::ClientConfig& c) { return curl.MakeClient(c); }, registry, log);
  if (!alerting) {
    std::fprintf(stderr, "%s\n", alerting.error().message().c_str());
    return 1;
  }
  http::Router router;
  api::AddAlertmanagerApi(router, **alerting);
  const auto server = http::StartServer({.listen = {argv[3]}}, router, log);
  if (!server) {
    std::fprintf(stderr, "%s\n", server.error().message().c_str());
    return 1;
  }
  for (;;) clock->SleepFor(Millis(3'600'000), {});
}
