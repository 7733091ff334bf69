// The life of a long-running program: command line, log, start, SIGHUP, end.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/config/flags.h"

namespace drover {

// What runs between start and end. Thread-safe.
class RunningProgram {
 public:
  virtual ~RunningProgram() = default;
  virtual std::string address() const = 0;  // where it listens
  // Reads the configuration again, on SIGHUP. On an error (which it logged) the running one stays.
  virtual Status Reload() = 0;
  // Ends all threads and makes durable what must be, within a second. Memory is not given back:
  // the process ends next, and freeing a million small pieces takes as long as all the rest.
  virtual void Stop() = 0;
};

struct ProgramDescription {
  const char* name;  // "drover-agent"
  const char* purpose;
  std::function<void(Flags&)> add_flags;
  // Errors are complete sentences for a user. What is given outlives the result.
  std::function<Result<std::unique_ptr<RunningProgram>>(const Flags&, Clock&, const Logger&)> start;
};

// main: returns the exit code for --help and for what is wrong at the start; after SIGTERM or
// SIGINT the process ends in here with 0. Call first thing in main, before there are threads.
int RunProgram(const ProgramDescription& program, int argc, const char* const* argv);

}  // namespace drover
