// SIGTERM, SIGINT and SIGHUP as plain calls instead of handlers.
#pragma once

#include <functional>
#include <thread>

namespace drover {

// Blocks the three signals in this thread and all it starts: make one first thing in main. SIGPIPE
// is ignored from then on.
class Signals {
 public:
  Signals();

  // Waits. `on_hangup` runs in this thread for each SIGHUP; returns the number of the signal that
  // asks to end.
  int WaitForEnd(const std::function<void()>& on_hangup) const;
};

// While it lives, the first SIGTERM or SIGINT calls `on_end` on a thread of its own: for a start
// that takes long. A Signals is there before. SIGHUP waits for WaitForEnd.
class EndDuringStart {
 public:
  explicit EndDuringStart(std::function<void(int signal)> on_end);
  ~EndDuringStart();

 private:
  std::thread thread_;
};

}  // namespace drover
