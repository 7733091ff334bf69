#include "core/config/run_program.h"

#include <unistd.h>

#include <iostream>

#include "core/base/crash.h"
#include "core/os/signals.h"

namespace drover {

int RunProgram(const ProgramDescription& program, int argc, const char* const* argv) {
  const std::string name = program.name;
  const Signals signals;
  InstallCrashHandler(program.name);
  LogFlags log_flags;
  Flags flags(name, program.purpose);
  program.add_flags(flags);
  AddLogFlags(flags, log_flags);
  const auto end = flags.Parse(argc, argv);
  if (!end) {
    std::cerr << name << ": " << end.error().message() << "\n";
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
  auto running = [&] {
    // What a start has on disk it would also leave to a kill.
    const EndDuringStart early([&](int signal) {
      log.Info("stopped before the start was done", {{"signal", signal}});
      ::_exit(0);
    });
    return program.start(flags, *clock, log);
  }();
  if (!running) {
    log.Error(name + " cannot start", {{"err", running.error().message()}});
    return 1;
  }
  log.Info(name + " is running", {{"address", (*running)->address()}});
  const int signal = signals.WaitForEnd([&] { (void)(*running)->Reload(); });
  log.Info("stopping", {{"signal", signal}});
  (*running)->Stop();
  log.Info("stopped");
  ::_exit(0);
}

}  // namespace drover
