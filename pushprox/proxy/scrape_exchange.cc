#include "pushprox/proxy/scrape_exchange.h"

#include <array>
#include <charconv>
#include <optional>
#include <utility>

#include "core/http/url.h"
#include "pushprox/protocol/scrape.h"
#include "pushprox/proxy/tunnel_source.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kHighWater = 256 << 10;  // of what a scraper has not taken yet

}  // namespace

FailureMeaning MeaningOfFailure(std::string_view word) {
  if (word == kNotAllowed) return {403, "client-not-allowed"};
  if (word == kTimedOut) return {504, "target-timeout"};
  return {502, "client-failure"};
}

void ScrapeExchange::OnBodyEnd() {
  head = connection_.head();
  auto parsed = http::ParseUrl(head.target);
  if (!parsed || !IsName(parsed->host)) {
    Fail(400, "malformed", parsed ? "not a name" : parsed.error().message());
    return;
  }
  url = std::move(*parsed);
  name = url.host;
  if (!MayAsk()) return;
  if (head.method != "GET" && head.method != "HEAD") {
    Fail(405, "method", "only GET and HEAD are passed on");
    return;
  }
  Seek();
}

void ScrapeExchange::OnTunnel(Tunnel& tunnel) {
  SetDeadlineTimer();
  Gauges();
  tunnel_source_ = std::make_unique<TunnelSource>(*this, tunnel, HandOver(head, url, id, Left()));
  source_ = tunnel_source_.get();
}

void ScrapeExchange::Leave() {
  ScraperExchange::Leave();
  if (source_ != nullptr) std::exchange(source_, nullptr)->ScraperGone();
}

void ScrapeExchange::OnTimer() {
  if (OnWaitOver()) return;
  if (answering_) {
    Break("the answer took longer than the scrape's timeout");
  } else {
    Fail(504, "timeout", "the client did not answer within the timeout");
  }
}

void ScrapeExchange::Start(AnswerSource& source, const Head& answer, Framing framing) {
  ProxyContext& context = connection_.context();
  source_ = &source;
  answering_ = true;
  status_ = answer.status;
  http::Headers headers = answer.headers;
  if (headers.Has(kFailureHeader) || answer.zero) {  // zero: a stock client that could not scrape
    const FailureMeaning meaning = MeaningOfFailure(headers.Get(kFailureHeader));
    status_ = context.Code(meaning.status);
    context.metrics.Refused(meaning.reason);
  }
  StripHopByHop(headers);
  for (const std::string_view field : {kIdHeader, kTimeoutHeader, kLeftHeader, kFailureHeader})
    headers.Remove(field);
  std::string out = "HTTP/1.1 " + std::to_string(status_) + " ";
  out += status_ == answer.status && !answer.reason.empty() ? std::string_view(answer.reason)
                                                            : http::ReasonPhrase(status_);
  out += "\r\n";
  for (const auto& [field, value] : headers.list()) AppendField(out, field, value);
  keep_ = connection_.keep_alive();
  framing_ = framing;
  const bool bodiless = status_ == 204 || status_ == 304 || is_head();
  std::optional<std::uint64_t> length;
  if (framing == Framing::kLength || (bodiless && status_ != 204)) length = answer.length;
  if (framing == Framing::kNone && !bodiless) length = 0;  // its status was another
  if (length) AppendField(out, "Content-Length", std::to_string(*length));
  if (framing == Framing::kChunked || framing == Framing::kToEnd) {
    framing_ = head.minor == 1 ? Framing::kChunked : Framing::kToEnd;
    if (framing_ == Framing::kChunked) AppendField(out, "Transfer-Encoding", "chunked");
    keep_ = keep_ && framing_ == Framing::kChunked;
  }
  if (!keep_) AppendField(out, "Connection", "close");
  out += "\r\n";
  connection_.Queue(out);
}

bool ScrapeExchange::Pass(std::string_view piece) {
  ProxyContext& context = connection_.context();
  passed_ += piece.size();
  const std::uint64_t most = context.options.max_scrape_bytes.bytes;
  if (most > 0 && passed_ > most) {
    connection_.Refuse(0, "page-too-large", ShownTarget(head.target));
    Break("the page is over --scrape.max-bytes");
    return false;
  }
  context.metrics.bytes.Add(static_cast<double>(piece.size()));
  if (framing_ == Framing::kChunked) {
    std::array<char, 20> size{};
    char* end = std::to_chars(size.data(), size.data() + 16, piece.size(), 16).ptr;
    *end++ = '\r';
    *end++ = '\n';
    connection_.Queue({size.data(), static_cast<std::size_t>(end - size.data())});
    connection_.Queue(piece);
    connection_.Queue("\r\n");
  } else {
    connection_.Queue(piece);
  }
  blocked_ = connection_.stream().unsent() > kHighWater;
  return !blocked_;
}

void ScrapeExchange::OnDrained() {
  blocked_ = false;
  if (source_ != nullptr) source_->ScraperTook();
}

void ScrapeExchange::End() {
  connection_.Queue(BodyEnd(framing_));
  source_ = nullptr;
  Leave();
  connection_.Finish(status_, keep_);
}

void ScrapeExchange::Break(std::string_view why) {
  connection_.Refuse(0, "broken-answer", why);
  if (framing_ == Framing::kToEnd) {
    connection_.Reset();
  } else {
    connection_.Abort();
  }  // both tell OnGone
}

void ScrapeExchange::SourceFailed(const std::string& reason, const std::string& why) {
  if (answering_) {
    Break(why);
  } else {
    Fail(502, reason, why);
  }
}

}  // namespace drover::pushprox
