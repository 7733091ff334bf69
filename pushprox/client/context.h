// What all parts of a client share, on its loop.
#pragma once

#include <cstdint>
#include <list>
#include <map>
#include <memory>
#include <string>

#include "core/base/log.h"
#include "core/metrics/registry.h"
#include "pushprox/client/answer_sink.h"
#include "pushprox/client/options.h"
#include "pushprox/net/http_call.h"
#include "pushprox/net/tunnel_stream.h"

namespace drover::pushprox {

struct ClientMetrics {
  explicit ClientMetrics(Registry& registry);

  Counter& scrape_errors;
  Counter& push_errors;
  Counter& poll_errors;
  Counter& bytes;
  Counter& refused_names;
  Counter& resolve_errors;
  Counter& tunnel_errors;
  Counter& relayed;  // bytes of CONNECT
  Gauge& relays;
  Gauge& in_flight;
};

// One thread: the loop's. Outlives its parts.
class ClientContext {
 public:
  ClientContext(EventLoop& loop, Resolver& resolver, const Logger& log, Registry& registry,
                std::shared_ptr<const ClientPlan> plan, std::uint32_t seed);
  ~ClientContext();

  const ClientPlan& plan() const { return *plan_; }
  std::shared_ptr<const ClientPlan> share_plan() const { return plan_; }
  void set_plan(std::shared_ptr<const ClientPlan> plan);
  std::uint32_t NextSeed() { return seed_ += 0x9E3779B9U; }  // spreads retries of many clients

  // Keeps connections to targets.
  Peer& PeerOf(const TargetTable::Choice& choice);
  // A scrape: refused when too many are under way. `request` is as a poll's answer.
  void StartScrape(Head request, std::unique_ptr<AnswerSink> sink);
  // A request of a tunnel, scrape or CONNECT.
  void StartStream(TunnelStream& stream, std::string_view request);

  EventLoop& loop;
  Resolver& resolver;
  const Logger& log;
  ClientMetrics metrics;

 private:
  using Tasks = std::list<std::unique_ptr<Disposable>>;
  void Forget(Tasks::iterator task);

  std::shared_ptr<const ClientPlan> plan_;
  std::uint32_t seed_;
  std::map<std::string, std::unique_ptr<Peer>> targets_;
  Tasks tasks_;
};

}  // namespace drover::pushprox
