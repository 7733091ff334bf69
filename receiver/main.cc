#include "core/config/run_program.h"
#include "receiver/app.h"

int main(int argc, char** argv) {
  using namespace drover;
  receiver::AppOptions options;
  return RunProgram(
      {"drover-receiver",
       "Stores what many agents write, answers PromQL, evaluates rules and routes alerts.",
       [&](Flags& flags) { receiver::AddFlags(flags, options); },
       [&](const Flags& flags, Clock& clock, const Logger& log) {
         return receiver::App::Start(options, flags, clock, log);
       }},
      argc, argv);
}
