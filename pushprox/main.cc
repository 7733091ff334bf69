#include <unistd.h>

#include <cstdio>
#include <string_view>

#include "core/base/version.h"
#include "core/config/run_program.h"
#include "pushprox/client/watched_client.h"
#include "pushprox/proxy/proxy.h"

namespace {

constexpr const char* kUsage =
    "drover-pushprox: scraping across a boundary that only clients can cross, from inside.\n\n"
    "Usage:\n"
    "  drover-pushprox proxy [flags]    where Prometheus and clients meet (proxy_url of a job)\n"
    "  drover-pushprox client [flags]   beside the targets: scrapes for the proxy\n\n"
    "Each has --help.\n";

// Leaves the process where there is something to show.
drover::Result<std::unique_ptr<drover::RunningProgram>> ShowAndEnd(
    const drover::pushprox::ClientOptions& options) {
  DROVER_TRY(const std::string text, drover::pushprox::ShowFlavour(options));
  std::fputs(text.c_str(), stdout);
  std::fflush(stdout);
  ::_exit(0);
}

}  // namespace

int main(int argc, char** argv) {
  using namespace drover;
  const std::string_view command = argc > 1 ? argv[1] : "";
  if (command == "proxy") {
    pushprox::ProxyOptions options;
    return RunProgram(
        {"drover-pushprox proxy", "Passes scrapes on to clients that poll for them (PushProx).",
         [&](Flags& flags) { pushprox::AddFlags(flags, options); },
         [&](const Flags&, Clock& clock, const Logger& log) {
           return pushprox::Proxy::Start(options, clock, log);
         }},
        argc - 1, argv + 1);
  }
  if (command == "client") {
    pushprox::ClientOptions options;
    return RunProgram(
        {"drover-pushprox client",
         "Runs here the scrapes that a proxy asks for, over a tunnel or polls (PushProx).",
         [&](Flags& flags) { pushprox::AddFlags(flags, options); },
         [&](const Flags&, Clock& clock, const Logger& log) {
           return options.flavour_show ? ShowAndEnd(options)
                                       : pushprox::WatchedClient::Start(options, clock, log);
         }},
        argc - 1, argv + 1);
  }
  if (command == "--version") {
    std::fputs(VersionText("drover-pushprox").c_str(), stdout);
    return 0;
  }
  const bool asked = command == "--help" || command == "-h" || command == "help";
  std::fputs(kUsage, asked ? stdout : stderr);
  return asked ? 0 : 1;
}
