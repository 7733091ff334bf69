#include "pushprox/client/context.h"

#include <algorithm>
#include <utility>

#include "pushprox/client/relay_task.h"
#include "pushprox/client/scrape_task.h"
#include "pushprox/client/tunnel_sink.h"
#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kMaxTargets = 64;
constexpr Millis kTaking{5'000};  // of an answer, behind the scrape's time
constexpr Millis kMostTimeout{120'000};
constexpr Millis kRelayLook{30'000};
constexpr std::size_t kLeftRelays = 64;  // ended, but not taken by the proxy yet

}  // namespace

class ClientContext::Place final : public Disposable {
 public:
  // `kind` null: not counted.
  Place(EventLoop& loop, TunnelStream& stream, std::shared_ptr<Open> open, std::size_t Open::*kind)
      : stream_(stream), open_(std::move(open)), kind_(kind), timer_(loop, [this] { OnTimer(); }) {
    if (kind_ != nullptr) ++((*open_).*kind_);
  }
  ~Place() override {
    if (kind_ != nullptr) --((*open_).*kind_);
  }
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  // What nobody works on any more at two looks is reset: the proxy does not take it.
  void Look(Millis first, Millis then) {
    then_ = then;
    timer_.Set(first);
  }

 private:
  void OnTimer() {
    if (std::exchange(left_, stream_.left()) && left_) {
      stream_.Reset("the proxy did not take the answer");
    } else {
      timer_.Set(then_);
    }
  }

  TunnelStream& stream_;
  const std::shared_ptr<Open> open_;
  std::size_t Open::*const kind_;
  bool left_ = false;
  Millis then_{};
  Timer timer_;
};

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
  const auto most = static_cast<std::size_t>(plan().options.max_scrapes);
  const bool full = open_->scrapes >= most;
  ++open_->scrapes;
  RunScrape(std::move(request), std::move(sink), full, [this] { --open_->scrapes; });
}

void ClientContext::RunScrape(Head request, std::unique_ptr<AnswerSink> sink, bool full,
                              std::function<void()> over) {
  metrics.in_flight.Add(1);
  const auto at = tasks_.insert(tasks_.end(), nullptr);
  auto task = std::make_unique<ScrapeTask>(*this, std::move(request), std::move(sink),
                                           [this, at, over = std::move(over)] {
                                             metrics.in_flight.Add(-1);
                                             over();
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
  const Millis timeout = ParseTimeout(head->headers.Get(kTimeoutHeader)).value_or(kMostTimeout);
  if (head->method != "CONNECT") {
    const bool full = open_->scrapes >= static_cast<std::size_t>(plan().options.max_scrapes);
    auto place = std::make_unique<Place>(loop, stream, open_, full ? nullptr : &Open::scrapes);
    place->Look(std::min(timeout, kMostTimeout), kTaking);
    stream.Keep(std::move(place));
    RunScrape(std::move(*head), std::make_unique<TunnelSink>(stream), full, [] {});
    return;
  }
  if (open_->relays >= static_cast<std::size_t>(plan().options.max_relays) + kLeftRelays) {
    stream.Reset("too many CONNECT relays are under way");
    return;
  }
  auto place = std::make_unique<Place>(loop, stream, open_, &Open::relays);
  place->Look(kRelayLook, kRelayLook);
  stream.Keep(std::move(place));
  const auto at = tasks_.insert(tasks_.end(), nullptr);
  auto task = std::make_unique<RelayTask>(*this, stream, [this, at] { Forget(at); });
  RelayTask& relay = *task;
  *at = std::move(task);
  relay.Begin(*head);
}

}  // namespace drover::pushprox
