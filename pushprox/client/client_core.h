// The client without a program around it: what drover-pushprox client runs, and drover-agent
// embeds.
#pragma once

#include <memory>
#include <thread>
#include <vector>

#include "core/base/clock.h"
#include "core/metrics/registry.h"
#include "pushprox/client/poller.h"

namespace drover::pushprox {

// Works from its construction to its end, on a thread of its own. Counts in `registry`, where a
// later one goes on with the same counters. `registry`, `clock` and `log` outlive it.
class ClientCore {
 public:
  ClientCore(ClientPlan plan, Registry& registry, Clock& clock, const Logger& log);
  // Scrapes under way are broken off.
  ~ClientCore();
  ClientCore(const ClientCore&) = delete;
  ClientCore& operator=(const ClientCore&) = delete;

  const ClientPlan& plan() const { return plan_; }

 private:
  const ClientPlan plan_;
  const Logger& log_;
  EventLoop loop_;
  Resolver resolver_;
  Peer proxy_;
  ClientContext context_;
  std::vector<std::unique_ptr<Poller>> pollers_;  // one for each name
  std::jthread thread_;
};

}  // namespace drover::pushprox
