#include "pushprox/proxy/connect_exchange.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/numbers.h"
#include "pushprox/protocol/scrape.h"
#include "pushprox/proxy/scrape_exchange.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kMaxFailureText = 512;

struct Authority {
  std::string name;
  int port = 0;
};
// "name:port" or "[address]:port".
std::optional<Authority> ParseAuthority(std::string_view text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view name = text.substr(0, colon);
  const auto port = ParseUint(text.substr(colon + 1));
  if (!port || *port == 0 || *port > 65'535) return std::nullopt;
  if (name.starts_with('[') && name.ends_with(']')) {
    name = name.substr(1, name.size() - 2);
  } else if (name.find(':') != std::string_view::npos) {
    return std::nullopt;
  }
  if (!IsName(name)) return std::nullopt;
  return Authority{std::string(name), static_cast<int>(*port)};
}

}  // namespace

void ConnectExchange::OnBodyEnd() {
  head = connection_.head();
  const auto authority = ParseAuthority(head.target);
  if (!authority) {
    Fail(400, "malformed", "not name:port");
    return;
  }
  name = authority->name;
  port_ = authority->port;
  if (MayAsk()) Seek();
}

void ConnectExchange::OnTunnel(Tunnel& tunnel) {
  SetDeadlineTimer();
  Gauges();
  stream_ = &tunnel.Open(*this, ConnectRequest(name, port_, id, Left()));
}

void ConnectExchange::OnTimer() {
  if (!established_) {
    if (!OnWaitOver()) Fail(504, "timeout", "the client did not connect within the timeout");
    return;
  }
  ProxyContext& context = connection_.context();
  const auto still = context.options.relay_idle -
                     std::chrono::duration_cast<Millis>(context.loop.now() - touched_);
  if (still > Millis(0)) {
    connection_.SetTimer(still);
    return;
  }
  connection_.Refuse(0, "relay-idle", head.target);
  connection_.Abort();
}

void ConnectExchange::Touch() { touched_ = connection_.context().loop.now(); }

void ConnectExchange::Leave() {
  ScraperExchange::Leave();
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->Reset("the scraper left");
}

// --- from the client ---

void ConnectExchange::OnAnswer(std::string_view text) {
  const auto answer = ParseResponseHead(text);
  if (!answer || HeadEnd(text) != text.size()) {
    Fail(502, "malformed", "the client's answer is none");
    return;
  }
  if (answer->status / 100 != 2) {
    const FailureMeaning meaning = MeaningOfFailure(answer->headers.Get(kFailureHeader));
    failure_ = meaning.status;
    failure_reason_ = meaning.reason;
    return;
  }
  established_ = true;
  connection_.Queue("HTTP/1.1 200 Connection established\r\n\r\n");
  connection_.stream().WatchHangup(false);
  connection_.TakeOver();
  connection_.SetTimer(connection_.context().options.relay_idle);
  Touch();
}

void ConnectExchange::OnBytes(std::string_view bytes) {
  if (!established_) {
    failure_text_.append(bytes.substr(0, kMaxFailureText - failure_text_.size()));
    return;
  }
  Touch();
  connection_.context().metrics.from_targets.Add(static_cast<double>(bytes.size()));
  owed_ += bytes.size();
  connection_.Queue(bytes);
}

void ConnectExchange::OnEnd() {
  client_ended_ = true;
  if (!established_) {
    while (!failure_text_.empty() && failure_text_.back() == '\n') failure_text_.pop_back();
    const std::string why = failure_text_.empty() ? "the client could not connect" : failure_text_;
    Fail(failure_, failure_reason_, why);
    return;
  }
  connection_.stream().EndWrites();
  CloseWhenBothEnded();
}

void ConnectExchange::OnReset(std::string_view why) {
  stream_ = nullptr;
  if (established_) {
    connection_.Abort();
  } else {
    Fail(502, "client-failure", why.empty() ? "the client gave up" : std::string(why));
  }
}

void ConnectExchange::OnWritable() { connection_.stream().Resume(); }

// --- from the scraper ---

void ConnectExchange::OnRaw(std::string_view bytes) {
  if (stream_ == nullptr) return;
  Touch();
  connection_.context().metrics.to_targets.Add(static_cast<double>(bytes.size()));
  stream_->Write(bytes);
  if (stream_->unsent() > TunnelStream::kHighWater) connection_.stream().Pause();
}

bool ConnectExchange::OnPeerEnd() {
  scraper_ended_ = true;
  if (stream_ != nullptr) stream_->End();
  CloseWhenBothEnded();
  return true;
}

void ConnectExchange::OnDrained() {
  if (stream_ != nullptr && owed_ > 0) stream_->Consumed(std::exchange(owed_, 0));
}

void ConnectExchange::CloseWhenBothEnded() {
  if (!scraper_ended_ || !client_ended_) return;
  stream_ = nullptr;  // sends what is left of it by itself
  Leave();
  connection_.Finish(200, false);
}

}  // namespace drover::pushprox
