#include "core/base/crash.h"

#include <dlfcn.h>
#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include <cxxabi.h>

#include "core/base/version.h"

namespace drover {
namespace {

const char* crashed_program = "drover";  // set once before any thread starts
alignas(16) char alternate_stack[64 << 10];

void Put(std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(STDERR_FILENO, text.data(), text.size());
    if (n <= 0) return;
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

void PutFrame(int number, void* address) {
  char line[1024];
  Dl_info info{};
  const bool known = ::dladdr(address, &info) != 0;
  const char* symbol = known && info.dli_sname != nullptr ? info.dli_sname : "?";
  int status = 0;
  char* demangled = abi::__cxa_demangle(symbol, nullptr, nullptr, &status);
  const auto offset = known ? reinterpret_cast<std::uintptr_t>(address) -
                                  reinterpret_cast<std::uintptr_t>(info.dli_fbase)
                            : 0;
  const int n = std::snprintf(line, sizeof line, "  #%-2d %s (%s+0x%zx)\n", number,
                              status == 0 && demangled != nullptr ? demangled : symbol,
                              known && info.dli_fname != nullptr ? info.dli_fname : "?",
                              static_cast<std::size_t>(offset));
  Put(std::string_view(line, static_cast<std::size_t>(n < static_cast<int>(sizeof line)
                                                          ? n
                                                          : static_cast<int>(sizeof line) - 1)));
}

void OnCrash(int signal, siginfo_t* info, void*) {
  ::alarm(10);  // should the trace itself hang
  char line[256];
  const int n = std::snprintf(
      line, sizeof line,
      "level=ERROR msg=\"crashed\" program=%s version=%.*s revision=%.*s signal=%d address=%p\n",
      crashed_program, static_cast<int>(Version().size()), Version().data(),
      static_cast<int>(Revision().size()), Revision().data(), signal, info->si_addr);
  Put(std::string_view(line, static_cast<std::size_t>(n)));
  void* frames[64];
  const int count = ::backtrace(frames, 64);
  for (int i = 1; i < count; ++i) PutFrame(i, frames[i]);
  ::signal(signal, SIG_DFL);
  ::raise(signal);
}

}  // namespace

void InstallCrashHandler(const char* program) {
  crashed_program = program;
  void* warm[4];
  ::backtrace(warm, 4);  // loads libgcc now, not in the handler
  stack_t stack{};
  stack.ss_sp = alternate_stack;
  stack.ss_size = sizeof alternate_stack;
  ::sigaltstack(&stack, nullptr);
  struct sigaction action {};
  action.sa_sigaction = OnCrash;
  action.sa_flags =
      static_cast<int>(SA_SIGINFO | SA_ONSTACK | SA_RESETHAND);  // 0x80000000 is in it
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT})
    ::sigaction(signal, &action, nullptr);
}

}  // namespace drover
