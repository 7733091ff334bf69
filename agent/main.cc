#include <unistd.h>

#include <iostream>

#include "agent/app.h"
#include "core/base/crash.h"
#include "core/os/signals.h"

int main(int argc, char** argv) {
  using namespace drover;
  const Signals signals;
  InstallCrashHandler("drover-agent");
  agent::AppOptions options;
  LogFlags log_flags;
  Flags flags("drover-agent",
              "Collects this host, scrapes targets and forwards samples; what is not sent yet "
              "survives a crash.");
  agent::AddFlags(flags, options);
  AddLogFlags(flags, log_flags);
  const auto end = flags.Parse(argc, argv);
  if (!end) {
    std::cerr << "drover-agent: " << end.error().message() << "\n";
    return 1;
  }
  if (*end) {
    std::cout << (*end)->text;
    return (*end)->code;
  }
  const auto clock = MakeSystemClock();
  const auto sink = MakeFdLogSink(STDERR_FILENO);
  const Logger log(*sink, *clock, log_flags.level, log_flags.format);
  for (const std::string& warning : flags.warnings()) log.Warn(warning);
  auto app = agent::App::Start(options, *clock, log);
  if (!app) {
    log.Error("drover-agent cannot start", {{"err", app.error().message()}});
    return 1;
  }
  log.Info("drover-agent is running",
           {{"address", (*app)->address()}, {"storage", options.storage_path}});
  const int signal = signals.WaitForEnd([&] { (void)(*app)->Reload(); });
  log.Info("stopping", {{"signal", signal}});
  (*app)->Stop();
  log.Info("stopped", {});
  return 0;
}
