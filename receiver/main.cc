#include <unistd.h>

#include <iostream>

#include "core/base/crash.h"
#include "core/os/signals.h"
#include "receiver/app.h"

int main(int argc, char** argv) {
  using namespace drover;
  const Signals signals;
  InstallCrashHandler("drover-receiver");
  receiver::AppOptions options;
  LogFlags log_flags;
  Flags flags("drover-receiver",
              "Stores what many agents write, answers PromQL, evaluates rules and routes alerts.");
  receiver::AddFlags(flags, options);
  AddLogFlags(flags, log_flags);
  const auto end = flags.Parse(argc, argv);
  if (!end) {
    std::cerr << "drover-receiver: " << end.error().message() << "\n";
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
  auto app = receiver::App::Start(options, flags, *clock, log);
  if (!app) {
    log.Error("drover-receiver cannot start", {{"err", app.error().message()}});
    return 1;
  }
  log.Info("drover-receiver is running",
           {{"address", (*app)->address()}, {"storage", options.storage_path}});
  const int signal = signals.WaitForEnd([&] { (void)(*app)->Reload(); });
  log.Info("stopping", {{"signal", signal}});
  (*app)->Stop();
  log.Info("stopped");
  return 0;
}
