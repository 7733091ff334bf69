// SIGTERM, SIGINT and SIGHUP as plain calls instead of handlers.
#pragma once

#include <functional>

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

}  // namespace drover
