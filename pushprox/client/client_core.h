// The client without a program around it: what drover-pushprox client runs, and drover-agent
// embeds.
#pragma once

#include <memory>
#include <thread>

#include "pushprox/client/links.h"

namespace drover::pushprox {

// Has a thread of its own, and up to two for DNS. Thread-safe.
class ClientCore {
 public:
  // Counts in `registry`, where a later one goes on with the same counters. `registry`, `clock` and
  // `log` outlive it.
  ClientCore(ClientPlan plan, Registry& registry, Clock& clock, const Logger& log);
  ~ClientCore();

  // From now on as `plan` says; scrapes under way end as they began. Names and targets change
  // without a gap, another proxy begins anew.
  void Reload(ClientPlan plan);
  void Stop();  // within a second; scrapes under way are broken off

 private:
  void Say(const ClientPlan& plan) const;

  const Logger& log_;
  EventLoop loop_;
  Resolver resolver_;        // of targets
  Resolver proxy_resolver_;  // waits for none of them
  ClientContext context_;
  Links links_;
  std::jthread thread_;
};

}  // namespace drover::pushprox
