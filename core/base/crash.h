// A crash leaves a readable trace in the log before the process dies.
#pragma once

namespace drover {

// For SIGSEGV, SIGBUS, SIGFPE, SIGILL and SIGABRT (failed asserts): writes program, signal, address
// and the symbolised stack to standard error, then lets the signal kill the process as it would
// have. Call once, in main. `program` must be a string constant.
void InstallCrashHandler(const char* program);

}  // namespace drover
