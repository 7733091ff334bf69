#include "pushprox/net/http_call.h"

#include <algorithm>
#include <utility>

namespace drover::pushprox {
namespace {

constexpr std::size_t kMaxHead = 32 << 10;

}  // namespace

Call::Call(Peer& peer, CallHandler& handler, bool head_request)
    : peer_(peer),
      handler_(&handler),
      head_request_(head_request),
      timer_(peer.loop_, [this] { OnTimer(); }) {
  Resolve();
}

Call::~Call() = default;

void Call::Resolve() {
  const PeerOptions& options = peer_.options_;
  timer_.Set(options.connect_timeout);
  const std::weak_ptr<char> alive = alive_;
  peer_.resolver_.Resolve(
      options.connect_to.empty() ? options.host : options.connect_to, options.port,
      [this, alive](Result<std::vector<Address>> found) {
        if (alive.expired() || handler_ == nullptr) return;
        if (!found) {
          Failed(found.error().message());
          return;
        }
        addresses_ = std::move(*found);
        TryNext("no address");
      },
      alive);
}

void Call::TryNext(const std::string& why) {
  if (next_ >= addresses_.size()) {
    Failed(why);
    return;
  }
  const Address& address = addresses_[next_++];
  const PeerOptions& options = peer_.options_;
  Stream::Setup setup;
  setup.accepted = false;
  if (options.tls) {
    const auto tls = peer_.tls_->Get();
    if (!tls) {
      Failed(tls.error().message());
      return;
    }
    setup.tls = *tls;
    generation_ = peer_.tls_->generation();
    setup.host = options.server_name.empty() ? options.host : options.server_name;
    if (options.verify) setup.verify_host = setup.host;
  }
  const auto fd = StartConnect(address);
  if (!fd) {
    TryNext(fd.error().message());
    return;
  }
  setup.fd = *fd;
  setup.connecting = true;
  if (stream_ != nullptr) peer_.loop_.Bury(std::move(stream_));
  timer_.Set(options.connect_timeout);
  stream_ = std::make_unique<Stream>(peer_.loop_, *this, setup);
}

void Call::OnOpen() {
  open_ = true;
  timer_.Cancel();
  const std::string bytes = std::move(waiting_);
  waiting_.clear();
  stream_->Write(bytes);
  if (handler_ != nullptr && stream_->unsent() == 0) handler_->OnDrained();
}

void Call::Write(std::string_view bytes) {
  if (open_) {
    stream_->Write(bytes);
  } else {
    waiting_ += bytes;
  }
}

std::size_t Call::unsent() const { return open_ ? stream_->unsent() : waiting_.size(); }
void Call::Pause() {
  if (stream_ != nullptr) stream_->Pause();
}
void Call::Resume() {
  if (stream_ != nullptr) stream_->Resume();
}

std::size_t Call::OnData(std::string_view bytes) {
  std::size_t at = 0;
  if (handler_ == nullptr) {  // bytes nobody asked for
    Leave();
    return bytes.size();
  }
  got_bytes_ = true;
  while (!head_seen_) {
    const std::size_t end = HeadEnd(bytes.substr(at));
    if (std::min(end, bytes.size() - at) > kMaxHead || end == std::string_view::npos) {
      if (bytes.size() - at <= kMaxHead) return at;
      Failed("header of the answer over its limit");
      return bytes.size();
    }
    const auto head = ParseResponseHead(bytes.substr(at, end));
    if (!head) {
      Failed("malformed answer: " + head.error().message());
      return bytes.size();
    }
    at += end;
    if (head->status < 200 && head->status != 101) continue;
    head_seen_ = true;
    const Framing framing = ResponseFraming(*head, head_request_);
    keep_ = head->KeepAlive() && framing != Framing::kToEnd;
    body_ = BodyDecoder(framing, head->length.value_or(0));
    handler_->OnHead(*head);
    if (handler_ == nullptr || stream_ == nullptr || stream_->closed()) return bytes.size();
  }
  bool more = true;
  const auto fed = body_.Feed(bytes.substr(at), [&](std::string_view piece) {
    more = handler_->OnBody(piece);
    return more && handler_ != nullptr && !stream_->closed();
  });
  if (handler_ == nullptr || stream_->closed()) return bytes.size();
  if (!fed) {
    Failed("malformed answer: " + fed.error().message());
    return bytes.size();
  }
  at += *fed;
  if (body_.done()) {
    Ended();
    return bytes.size();
  }
  if (!more) stream_->Pause();
  return at;
}

void Call::OnDrained() {
  if (handler_ != nullptr) handler_->OnDrained();
}

void Call::OnClosed(std::string_view why) {
  if (handler_ == nullptr) {
    Leave();
    return;
  }
  if (!open_) {
    TryNext(std::string(why));
    return;
  }
  if (head_seen_ && body_.End()) {
    keep_ = false;
    Ended();
    return;
  }
  Failed(why.empty() ? "connection closed" : std::string(why));
}

void Call::OnTimer() {
  if (handler_ == nullptr) {
    Leave();
  } else if (next_ > 0 && next_ < addresses_.size()) {
    TryNext("connect timeout");
  } else {
    Failed("connect timeout");
  }
}

void Call::Ended() {
  CallHandler* handler = std::exchange(handler_, nullptr);
  if (keep_ && stream_->unsent() == 0) {
    stream_->Resume();
    timer_.Set(peer_.options_.keep_idle);
  } else {
    Leave();
  }
  handler->OnEnd();
}

void Call::Failed(const std::string& why) {
  const bool stale = reused_ && !got_bytes_;
  CallHandler* handler = std::exchange(handler_, nullptr);
  Leave();
  handler->OnFailed(why, stale);
}

void Call::Cancel() {
  handler_ = nullptr;
  Leave();
}

void Call::Leave() {
  timer_.Cancel();
  if (stream_ != nullptr) stream_->Close();
  const auto at = std::find_if(peer_.calls_.begin(), peer_.calls_.end(),
                               [this](const auto& one) { return one.get() == this; });
  if (at == peer_.calls_.end()) return;
  peer_.loop_.Bury(std::move(*at));
  peer_.calls_.erase(at);
}

void Call::Again(CallHandler& handler, bool head_request) {
  timer_.Cancel();
  handler_ = &handler;
  head_request_ = head_request;
  reused_ = true;
  head_seen_ = got_bytes_ = false;
}

Peer::Peer(EventLoop& loop, Resolver& resolver, PeerOptions options)
    : loop_(loop),
      resolver_(resolver),
      options_(std::move(options)),
      tls_(options_.tls_client != nullptr
               ? options_.tls_client
               : std::make_shared<TlsClient>(options_.files, loop.clock())) {}

Peer::~Peer() = default;

Call& Peer::Open(CallHandler& handler, bool head_request) {
  if (options_.tls && tls_->Get()) DropOutdated();
  for (auto one = calls_.rbegin(); one != calls_.rend(); ++one) {
    if ((*one)->handler_ != nullptr) continue;
    (*one)->Again(handler, head_request);
    return **one;
  }
  calls_.push_back(std::make_unique<Call>(*this, handler, head_request));
  return *calls_.back();
}

bool Peer::busy() const {
  return std::any_of(calls_.begin(), calls_.end(),
                     [](const auto& one) { return one->handler_ != nullptr; });
}

void Peer::DropOutdated() {
  std::vector<Call*> old;
  for (const auto& one : calls_) {
    if (one->handler_ == nullptr && one->generation_ != tls_->generation())
      old.push_back(one.get());
  }
  for (Call* one : old) one->Leave();
}

}  // namespace drover::pushprox
