#include "core/os/signals.h"

#include <unistd.h>

#include <atomic>
#include <csignal>

#include <doctest/doctest.h>

namespace drover {
namespace {

TEST_SUITE("core/os/signals") {
  TEST_CASE("SIGTERM is heard during a start, and left to WaitForEnd afterwards") {
    const Signals signals;
    std::atomic<int> heard = 0;
    {
      const EndDuringStart early([&](int signal) { heard = signal; });
      ::kill(::getpid(), SIGTERM);
      while (heard == 0) ::usleep(1000);
    }
    CHECK(heard == SIGTERM);
    {
      const EndDuringStart early([&](int) { heard = -1; });
    }
    ::kill(::getpid(), SIGHUP);
    ::kill(::getpid(), SIGINT);
    int hangups = 0;
    CHECK(signals.WaitForEnd([&] { ++hangups; }) == SIGINT);
    CHECK(heard == SIGTERM);
  }
}

}  // namespace
}  // namespace drover
