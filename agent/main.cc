#include "agent/app.h"
#include "core/config/run_program.h"

int main(int argc, char** argv) {
  using namespace drover;
  agent::AppOptions options;
  return RunProgram(
      {"drover-agent",
       "Collects this host, scrapes targets and forwards samples; what is not sent yet survives a "
       "crash.",
       [&](Flags& flags) { agent::AddFlags(flags, options); },
       [&](const Flags&, Clock& clock, const Logger& log) {
         return agent::App::Start(options, clock, log);
       }},
      argc, argv);
}
