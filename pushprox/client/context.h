// What all parts of a client share, on its loop.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
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
  // A request of a tunnel, scrape or CONNECT. It counts until its stream is gone: answers that the
  // proxy does not read are as many as scrapes that run.
  void StartStream(TunnelStream& stream, std::string_view request);

  EventLoop& loop;
  Resolver& resolver;
  const Logger& log;
  ClientMetrics metrics;

 private:
  struct Open {
    std::size_t scrapes = 0;  // pushed, or with a stream
    std::size_t relays = 0;
  };
  class Place;  // of a stream among those that are open

  using Tasks = std::list<std::unique_ptr<Disposable>>;
  void Forget(Tasks::iterator task);
  void RunScrape(Head request, std::unique_ptr<AnswerSink> sink, bool full,
                 std::function<void()> over);

  std::shared_ptr<const ClientPlan> plan_;
  std::uint32_t seed_;
  std::map<std::string, std::unique_ptr<Peer>> targets_;
  const std::shared_ptr<Open> open_ = std::make_shared<Open>();  // streams may outlive this
  Tasks tasks_;
};

}  // namespace drover::pushprox
