#include "pushprox/proxy/connection.h"

#include <utility>

#include "pushprox/net/credentials.h"
#include "pushprox/proxy/connect_exchange.h"
#include "pushprox/proxy/exchanges.h"
#include "pushprox/proxy/scrape_exchange.h"
#include "pushprox/proxy/tunnel_exchange.h"

namespace drover::pushprox {
namespace {

constexpr Millis kGoodbye{5000};
constexpr int kLinesPerSecond = 10;

}  // namespace

void ProxyContext::Refuse(Role role, int code, const std::string& reason, std::string_view peer,
                          std::string_view detail) {
  metrics.Refused(reason);
  const MonoTime now = loop.now();
  if (now - log_second >= std::chrono::seconds(1)) {
    log_second = now;
    logged = 0;
  }
  if (++logged <= kLinesPerSecond)
    log.Warn("request refused", {{"role", Name(role)},
                                 {"reason", reason},
                                 {"code", code},
                                 {"peer", peer},
                                 {"detail", detail.substr(0, 300)}});
}

Connection::Connection(ProxyContext& context, const Stream::Setup& setup, std::string peer,
                       bool verified)
    : context_(context),
      stream_(context.loop, *this, setup),
      timer_(context.loop, [this] { OnTimer(); }),
      peer_(std::move(peer)),
      verified_(verified) {
  timer_.Set(context_.options.head_timeout);
}

Connection::~Connection() = default;

void Connection::Refuse(int code, const std::string& reason, std::string_view detail) {
  context_.Refuse(current_ == nullptr ? Role::kAnyone : current_->role, code, reason, peer_,
                  detail);
}

Caller Connection::CallerBy(std::string_view field) {
  PeerCertificate certificate;
  if (verified_ && stream_.tls() != nullptr) certificate = ReadPeerCertificate(stream_.tls());
  Caller caller = CallerOf(head(), field, std::move(certificate.names));
  caller.certificate_ends = certificate.ends;
  return caller;
}

void Connection::OnOpen() { timer_.Set(context_.options.head_timeout); }

std::size_t Connection::OnData(std::string_view bytes) {
  std::size_t at = 0;
  while (at < bytes.size() && !stream_.closed() && !last_) {
    if (current_ == nullptr && stream_.unsent() > 0) {  // OnDrained goes on
      stream_.Pause();
      return at;
    }
    if (current_ == nullptr) {
      const std::size_t taken = Begin(bytes.substr(at));
      if (taken == 0) return at;
      at += taken;
    } else if (current_->raw) {
      Received(bytes.size() - at);
      current_->exchange->OnRaw(bytes.substr(at));
      return bytes.size();
    } else if (current_->body_over || current_->waits) {
      stream_.Pause();
      return at;
    } else {
      bool more = true;
      const auto fed = current_->body.Feed(bytes.substr(at), [&](std::string_view piece) {
        more = current_->exchange->OnBody(piece);
        return more && current_ != nullptr && !stream_.closed();
      });
      if (current_ == nullptr || stream_.closed() || last_) return bytes.size();
      if (!fed) {
        Reject(400, "malformed", fed.error().message());
        return bytes.size();
      }
      at += *fed;
      Received(*fed);
      if (current_->body.done()) {
        BodyOver();
      } else if (!more) {
        stream_.Pause();
        return at;
      }
    }
  }
  return last_ ? bytes.size() : at;
}

std::size_t Connection::Begin(std::string_view bytes) {
  const std::size_t end = HeadEnd(bytes);
  const std::size_t most = context_.options.max_head_bytes;
  if ((end == std::string_view::npos ? bytes.size() : end) > most) {
    current_ = std::make_unique<Current>();
    Reject(431, "header-too-large", "header over its limit");
    return bytes.size();
  }
  if (end == std::string_view::npos) {
    if (!begun_) timer_.Set(context_.options.head_timeout);
    begun_ = true;
    return 0;
  }
  begun_ = false;
  timer_.Set(context_.options.stall_timeout);
  current_ = std::make_unique<Current>();
  current_->started = context_.loop.now();
  auto head = ParseRequestHead(bytes.substr(0, end));
  if (!head) {
    Reject(400, "malformed", head.error().message());
    return end;
  }
  current_->head = std::move(*head);
  current_->role = RoleOf(current_->head.method, current_->head.target);
  Received(end);
  current_->keep = current_->head.KeepAlive() && !context_.draining;
  current_->body = BodyDecoder(RequestFraming(current_->head), current_->head.length.value_or(0));
  if (IdentityIsSettled()) Proceed();
  return end;
}

bool Connection::IdentityIsSettled() {
  const std::string_view target = current_->head.target;
  const std::string_view path = target.substr(0, target.find('?'));
  if (path != "/poll" && path != "/push" && path != "/tunnel") return true;
  const auto settled = context_.access.Settle(current_->head, *this);
  current_->waits = !settled;
  if (!settled || *settled == Settled::kDone) return settled.has_value();
  OnIdentity(*settled);
  return false;
}

void Connection::OnIdentity(Settled settled) {
  const bool waited = std::exchange(current_->waits, false);
  if (settled == Settled::kDone) {
    Proceed();
    const bool more = last_ || (current_ != nullptr && !current_->body_over);
    if (more && !stream_.closed()) stream_.Resume();  // thrown away, when it is the last
    return;
  }
  current_->path = current_->head.target.substr(0, current_->head.target.find('?'));
  const bool busy = settled == Settled::kBusy;
  const std::string text = busy ? "too many tokens are being reviewed"
                                : "the API server that knows clients' tokens does not answer";
  Refuse(503, busy ? "reviews-busy" : "reviews-away", text);
  current_->keep = false;
  http::Headers more;
  more.Add("Retry-After", busy ? "1" : "5");
  Answer(503, text + "\n", "text/plain; charset=utf-8", more);
  if (waited && !stream_.closed()) stream_.Resume();  // what comes is thrown away
}

void Connection::Proceed() {
  auto exchange = Choose();
  if (exchange == nullptr) return;  // rejected
  current_->exchange = std::move(exchange);
  current_->in_flight = true;
  Metrics().in_flight.Add(1);
  if (current_->body.done()) {
    BodyOver();
  } else if (http::EqualsNoCase(current_->head.headers.Get("Expect"), "100-continue")) {
    stream_.Write("HTTP/1.1 100 Continue\r\n\r\n");
  }
}

std::unique_ptr<Exchange> Connection::Choose() {
  const Head& head = current_->head;
  if (!head.target.starts_with('/')) {
    const bool reads = head.method == "GET" || head.method == "HEAD";
    if (!current_->body.done()) {
      Reject(context_.Code(reads ? 413 : 405), "scrape-body", "a scrape has no body");
      return nullptr;
    }
    if (head.method == "CONNECT") return std::make_unique<ConnectExchange>(*this);
    return std::make_unique<ScrapeExchange>(*this);
  }
  current_->path = head.target.substr(0, head.target.find('?'));
  const bool from_client = current_->path == "/poll" || current_->path == "/push";
  if (from_client && head.method != "POST") {
    Refuse(405, "method", head.target);
    current_->keep = false;
    http::Headers more;
    more.Add("Allow", "POST");
    Answer(405, "a client's requests are POST\n", "text/plain; charset=utf-8", more);
    return nullptr;
  }
  if (current_->path == "/poll") return std::make_unique<PollExchange>(*this);
  if (current_->path == "/push") return std::make_unique<PushExchange>(*this);
  if (current_->path == "/tunnel") return std::make_unique<TunnelExchange>(*this);
  return std::make_unique<PageExchange>(*this);
}

void Connection::Reject(int status, const std::string& reason, std::string_view text) {
  Refuse(status, reason, text);
  if (current_->exchange != nullptr) current_->exchange->OnGone();
  current_->keep = false;
  Answer(status, std::string(text) + "\n");
}

void Connection::BodyOver() {
  current_->body_over = true;
  stream_.Pause();
  current_->exchange->OnBodyEnd();
}

void Connection::Answer(int status, std::string_view body, std::string_view type,
                        const http::Headers& more) {
  const bool keep = current_->keep && current_->body_over;
  std::string out = "HTTP/1.1 " + std::to_string(status) + " ";
  out.append(http::ReasonPhrase(status)).append("\r\n");
  if (!body.empty()) AppendField(out, "Content-Type", type);
  for (const auto& [name, value] : more.list()) AppendField(out, name, value);
  AppendField(out, "Content-Length", std::to_string(body.size()));
  if (!keep) AppendField(out, "Connection", "close");
  out += "\r\n";
  if (current_->head.method != "HEAD") out += body;
  Metrics().sent.Add(static_cast<double>(out.size()));
  stream_.Write(out);
  Finish(status, keep);
}

void Connection::Finish(int status, bool keep) {
  if (current_->path.empty()) {
    if (current_->exchange != nullptr) context_.metrics.Proxied(status);
  } else {
    context_.metrics.Answered(current_->path, status, context_.loop.now() - current_->started);
  }
  const bool answers = current_->path != "/poll" && !current_->raw && status != 101;
  if (current_->exchange != nullptr && answers)
    Metrics().seconds.Observe(
        std::chrono::duration<double>(context_.loop.now() - current_->started).count());
  LeaveFlight();
  const bool over = current_->body_over;
  context_.loop.Bury(std::move(current_));
  stream_.WatchHangup(false);
  unsent_ = stream_.unsent();
  if (!keep || !over) {
    last_ = true;
    stream_.CloseWhenSent();
    timer_.Set(kGoodbye + (stream_.unsent() > 0 ? context_.options.stall_timeout : Millis(0)));
    return;
  }
  timer_.Set(context_.options.idle_timeout);
  if (stream_.unsent() == 0) stream_.Resume();  // else once it is: pipelined requests wait
}

void Connection::TakeOver() {
  timer_.Cancel();
  current_->raw = true;
  current_->head = Head();
  stream_.Resume();
}

bool Connection::OnPeerEnd() {
  return current_ != nullptr && current_->raw && current_->exchange->OnPeerEnd();
}

void Connection::Abort() {
  stream_.Close();
  Gone();
}

void Connection::Reset() {
  stream_.Reset();
  Gone();
}

void Connection::LeaveFlight() {
  if (std::exchange(current_->in_flight, false)) Metrics().in_flight.Add(-1);
}

void Connection::AccessChanged() {
  if (current_ != nullptr && current_->exchange != nullptr) current_->exchange->OnAccessChanged();
}

void Connection::Drain() {
  if (current_ != nullptr && current_->exchange != nullptr) {
    current_->exchange->OnDrain();
  }
}

void Connection::OnDrained() {
  if (current_ == nullptr) {
    stream_.Resume();
  } else if (current_->exchange != nullptr) {
    current_->exchange->OnDrained();
  }
}

void Connection::OnTimer() {
  if (current_ != nullptr && current_->exchange != nullptr) {
    current_->exchange->OnTimer();
    return;
  }
  if (stream_.unsent() < unsent_) {  // slow, but it reads
    unsent_ = stream_.unsent();
    timer_.Set(context_.options.stall_timeout);
    return;
  }
  if (begun_) Refuse(0, "slow", "the head of a request did not come in time");
  Abort();
}

void Connection::OnClosed(std::string_view) { Gone(); }

void Connection::Gone() {
  timer_.Cancel();
  if (current_ != nullptr) {
    if (current_->waits) context_.access.Leave(*this);
    LeaveFlight();
    if (current_->exchange != nullptr) current_->exchange->OnGone();
    context_.loop.Bury(std::move(current_));
  }
  context_.metrics.connections.Add(-1);
  context_.loop.Bury(std::move(*position_));
  context_.connections.erase(position_);
}

}  // namespace drover::pushprox
