#include "core/os/signals.h"

#include <signal.h>

namespace drover {
namespace {

constexpr int kWakeUp = SIGUSR2;  // ends the thread of EndDuringStart

sigset_t Waited() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGHUP);
  return set;
}

}  // namespace

Signals::Signals() {
  sigset_t set = Waited();
  sigaddset(&set, kWakeUp);
  ::pthread_sigmask(SIG_BLOCK, &set, nullptr);
  struct sigaction ignore {};
  ignore.sa_handler = SIG_IGN;
  ::sigaction(SIGPIPE, &ignore, nullptr);
}

int Signals::WaitForEnd(const std::function<void()>& on_hangup) const {
  const sigset_t set = Waited();
  for (;;) {
    int signal = 0;
    if (::sigwait(&set, &signal) != 0) continue;
    if (signal != SIGHUP) return signal;
    on_hangup();
  }
}

EndDuringStart::EndDuringStart(std::function<void(int signal)> on_end)
    : thread_([on_end = std::move(on_end)] {
        sigset_t set;
        sigemptyset(&set);
        for (const int signal : {SIGTERM, SIGINT, kWakeUp}) sigaddset(&set, signal);
        int signal = 0;
        while (::sigwait(&set, &signal) != 0) {
        }
        if (signal != kWakeUp) on_end(signal);
      }) {}

EndDuringStart::~EndDuringStart() {
  ::pthread_kill(thread_.native_handle(), kWakeUp);
  thread_.join();
}

}  // namespace drover
