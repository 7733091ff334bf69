#include "pushprox/client/context.h"

#include <utility>

#include "pushprox/client/relay_task.h"
#include "pushprox/client/scrape_task.h"
#include "pushprox/client/tunnel_sink.h"
#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kMaxTargets = 64;

}  // namespace

ClientMetrics::ClientMetrics(Registry& r)
    : scrape_errors(r.AddCounter("pushprox_client_scrape_errors_total", "Number of scrape errors")),
      push_errors(r.AddCounter("pushprox_client_push_errors_total", "Number of push errors")),
      poll_errors(r.AddCounter("pushprox_client_poll_errors_total", "Number of poll errors")),
      bytes(r.AddCounter("drover_pushprox_client_relayed_bytes_total",
                         "Bytes of pages passed on to the proxy.")),
      refused_names(r.AddCounter("drover_pushprox_client_refused_names_total",
                                 "Names that a proxy refused over a tunnel, each time it did.")),
      resolve_errors(r.AddCounter("drover_pushprox_client_resolve_errors_total",
                                  "Failed look-ups of the proxy's name.")),
      tunnel_errors(r.AddCounter("drover_pushprox_client_tunnel_errors_total",
                                 "Tunnels that could not be opened or broke.")),
      relayed(r.AddCounter("drover_pushprox_client_connect_bytes_total",
                           "Bytes passed on within CONNECT, both ways.")),
      relays(r.AddGauge("drover_pushprox_client_connects", "CONNECT relays under way.")),
      in_flight(r.AddGauge("drover_pushprox_client_scrapes_in_flight", "Scrapes under way.")) {}

ClientContext::ClientContext(EventLoop& on, Resolver& with, const Logger& to, Registry& registry,
                             std::shared_ptr<const ClientPlan> plan, std::uint32_t seed)
    : loop(on), resolver(with), log(to), metrics(registry), plan_(std::move(plan)), seed_(seed) {}

ClientContext::~ClientContext() {
  metrics.in_flight.Set(0);
  metrics.relays.Set(0);
}

void ClientContext::set_plan(std::shared_ptr<const ClientPlan> plan) {
  plan_ = std::move(plan);
  std::erase_if(targets_, [](const auto& one) { return !one.second->busy(); });
}

Peer& ClientContext::PeerOf(const TargetTable::Choice& choice) {
  const Target& target = *choice.target;
  PeerOptions options;
  options.host = choice.url.host;
  options.connect_to = target.host;
  options.port = target.connect_port != 0 ? target.connect_port : choice.url.port;
  options.tls = choice.url.scheme == "https";
  options.verify = !target.tls.insecure_skip_verify;
  options.server_name = target.tls.server_name;
  options.files = {target.tls.ca_file, target.tls.cert_file, target.tls.key_file};
  // All that makes two connections different.
  std::string key;
  for (const std::string& part :
       {options.host, options.connect_to, std::to_string(options.port), options.server_name,
        options.files.ca, options.files.cert, options.files.key})
    key += part + '\0';
  key += options.tls ? options.verify ? "v" : "t" : "p";
  const auto found = targets_.find(key);
  if (found != targets_.end()) return *found->second;
  if (targets_.size() >= kMaxTargets)
    std::erase_if(targets_, [](const auto& one) { return !one.second->busy(); });
  return *targets_.emplace(key, std::make_unique<Peer>(loop, resolver, options)).first->second;
}

void ClientContext::Forget(Tasks::iterator task) {
  loop.Bury(std::move(*task));
  tasks_.erase(task);
}

void ClientContext::StartScrape(Head request, std::unique_ptr<AnswerSink> sink) {
  const bool full = metrics.in_flight.Value() >= static_cast<double>(plan().options.max_scrapes);
  metrics.in_flight.Add(1);
  const auto at = tasks_.insert(tasks_.end(), nullptr);
  auto task = std::make_unique<ScrapeTask>(*this, std::move(request), std::move(sink), [this, at] {
    metrics.in_flight.Add(-1);
    Forget(at);
  });
  ScrapeTask& scrape = *task;
  *at = std::move(task);
  if (full) {
    scrape.Refuse(kFailed, "too many scrapes are under way");
  } else {
    scrape.Begin();
  }
}

void ClientContext::StartStream(TunnelStream& stream, std::string_view request) {
  auto head = ParseRequestHead(request);
  if (!head) {
    stream.Reset("malformed request: " + head.error().message());
    return;
  }
  if (head->method != "CONNECT") {
    StartScrape(std::move(*head), std::make_unique<TunnelSink>(stream));
    return;
  }
  const auto at = tasks_.insert(tasks_.end(), nullptr);
  auto task = std::make_unique<RelayTask>(*this, stream, [this, at] { Forget(at); });
  RelayTask& relay = *task;
  *at = std::move(task);
  relay.Begin(*head);
}

}  // namespace drover::pushprox
