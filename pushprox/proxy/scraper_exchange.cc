#include "pushprox/proxy/scraper_exchange.h"

#include <algorithm>
#include <utility>

#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {

bool ScraperExchange::MayAsk() {
  ProxyContext& context = connection_.context();
  const Caller caller = connection_.CallerBy("Proxy-Authorization");
  if (!context.access.MayScrape(caller)) {
    const int code = caller.anonymous() ? 407 : 403;
    connection_.Refuse(code, "scraper-identity", name);
    http::Headers more;
    if (caller.anonymous()) more.Add("Proxy-Authenticate", "Basic realm=\"pushprox\"");
    connection_.Answer(code, "not allowed to scrape\n", "text/plain; charset=utf-8", more);
    return false;
  }
  if (context.draining) {
    Fail(503, "draining", "the proxy is ending");
    return false;
  }
  return true;
}

void ScraperExchange::Seek() {
  ProxyContext& context = connection_.context();
  started = context.loop.now();
  const Millis timeout = std::min(
      ParseTimeout(head.headers.Get(kTimeoutHeader)).value_or(context.options.default_timeout),
      context.options.max_timeout);
  deadline = started + timeout;
  auto new_id = NewId();
  if (!new_id) {
    Fail(500, "internal", new_id.error().message());
    return;
  }
  id = std::move(*new_id);
  connection_.stream().WatchHangup(true);
  connection_.SetTimer(std::min(timeout, context.options.away_wait));
  begun_ = true;
  const Broker::Outcome outcome = context.broker.Begin(*this, started);
  begun_ = outcome == Broker::Outcome::kTaken || outcome == Broker::Outcome::kWaits;
  switch (outcome) {
    case Broker::Outcome::kTaken:
    case Broker::Outcome::kWaits:
      Gauges();
      break;
    case Broker::Outcome::kUnknown:
      Fail(404, "unknown-name", "no client of that name");
      break;
    case Broker::Outcome::kAway:
      Fail(503, "client-away", "the client is away");
      break;
    case Broker::Outcome::kFull:
      Fail(503, relay ? "relays" : "scrapes",
           relay ? "too many connections are relayed" : "too many scrapes are under way");
      break;
    case Broker::Outcome::kNoRelay:
      Fail(501, "connect",
           "the client polls, and CONNECT needs its tunnel: scrape with scheme http and "
           "_scheme=https");
      break;
  }
}

bool ScraperExchange::OnWaitOver() {
  if (taken) return false;
  if (begun_) {
    Fail(503, "client-away", "the client did not come back");
  } else {
    connection_.Abort();
  }
  return true;
}

void ScraperExchange::OnDrain() {
  if (!taken) Fail(503, "draining", "the proxy is ending");
}

Millis ScraperExchange::Left() const {
  return std::max(std::chrono::ceil<Millis>(deadline - connection_.context().loop.now()),
                  Millis(1));
}

void ScraperExchange::SetDeadlineTimer() { connection_.SetTimer(Left()); }

void ScraperExchange::Leave() {
  if (!std::exchange(begun_, false)) return;
  connection_.context().broker.End(*this);
  Gauges();
}

void ScraperExchange::Gauges() {
  ProxyContext& context = connection_.context();
  context.metrics.scrapes.Set(static_cast<double>(context.broker.scrapes()));
  context.metrics.relays.Set(static_cast<double>(context.broker.relays()));
}

void ScraperExchange::Fail(int status, const std::string& reason, const std::string& why) {
  Leave();
  ProxyContext& context = connection_.context();
  connection_.Refuse(context.Code(status), reason, ShownTarget(head.target));
  connection_.Answer(context.Code(status), "Error scraping \"" + head.target + "\": " + why + "\n");
}

}  // namespace drover::pushprox
