#include "pushprox/client/poller.h"

#include <utility>

#include "pushprox/client/push_sink.h"
#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kMaxRequest = 64 << 10;
// A poll that is to be renewed sooner than this was not held: another client has our name.
constexpr std::chrono::seconds kHeld{1};

}  // namespace

Poller::Poller(ClientContext& context, std::shared_ptr<ProxyLeg> leg, std::string name,
               PollerOwner& owner)
    : context_(context),
      leg_(std::move(leg)),
      name_(std::move(name)),
      owner_(owner),
      backoff_({.first = context.plan().options.retry_first,
                .cap = context.plan().options.retry_most,
                .factor = 1.5},
               context.NextSeed()),
      retry_(context.loop, [this] { OnRetry(); }),
      held_(context.loop, [this] {
        if (call_ != nullptr && call_->connected()) owner_.OnPolled();
      }) {}

Poller::~Poller() { Stop(); }

void Poller::Stop() {
  retry_.Cancel();
  held_.Cancel();
  if (call_ != nullptr) std::exchange(call_, nullptr)->Cancel();
}

void Poller::Poll() {
  status_ = 0;
  body_.clear();
  too_long_ = false;
  began_ = context_.loop.now();
  auto request = leg_->Request("poll");
  if (!request) {
    cannot_ = request.error().message();
    retry_.Set(Millis(0));
    return;
  }
  AppendField(*request, "Content-Length", std::to_string(name_.size()));
  call_ = &leg_->peer.Open(*this);
  call_->Write(*request + "\r\n" + name_);
  held_.Set(kHeld);
}

void Poller::OnRetry() {
  if (cannot_.empty()) {
    Poll();
  } else {
    RetryLater(PollerOwner::Failure::kAnswered, std::exchange(cannot_, {}));
  }
}

void Poller::OnHead(const Head& head) { status_ = head.status; }

bool Poller::OnBody(std::string_view piece) {
  if (body_.size() + piece.size() > kMaxRequest) {
    too_long_ = true;
  } else {
    body_ += piece;
  }
  return true;
}

void Poller::OnEnd() {
  call_ = nullptr;
  const bool renew = status_ == 204 || status_ == 408;
  if (renew && context_.loop.now() - began_ < kHeld) {
    RetryLater(PollerOwner::Failure::kDisplaced,
               "the proxy ended the poll at once: does another client poll for the same name?");
    return;
  }
  if (!renew && status_ != 200) {
    RetryLater(PollerOwner::Failure::kAnswered,
               "the proxy answered " + std::to_string(status_) + " " + body_.substr(0, 200));
    return;
  }
  if (!renew) {
    const Status started = Start();
    if (!started) {
      RetryLater(PollerOwner::Failure::kAnswered, started.error().message());
      return;
    }
  }
  if (!connected_ || said_)
    context_.log.Info("registered with the proxy",
                      {{"fqdn", name_}, {"proxy", leg_->access->url.ToString()}});
  connected_ = true;
  said_ = false;
  backoff_.Reset();
  Poll();
  owner_.OnPolled();
}

Status Poller::Start() {
  if (too_long_) return Fail(ErrorCode::kExhausted, "the scrape request is too long");
  const std::size_t end = HeadEnd(body_);
  if (end == std::string::npos) return Fail(ErrorCode::kInvalid, "no scrape request in the answer");
  DROVER_TRY(Head head, ParseRequestHead(std::string_view(body_).substr(0, end)));
  const std::string id(head.headers.Get(kIdHeader));
  if (id.empty() || id.size() > 200) return Fail(ErrorCode::kInvalid, "scrape request without Id");
  context_.StartScrape(std::move(head), std::make_unique<PushSink>(leg_, id));
  return {};
}

void Poller::OnFailed(const std::string& why, bool stale) {
  call_ = nullptr;
  if (stale) {
    Poll();
  } else {
    RetryLater(PollerOwner::Failure::kLost, why);
  }
}

void Poller::RetryLater(PollerOwner::Failure failure, const std::string& why) {
  context_.metrics.poll_errors.Add();
  if (!said_) context_.log.Warn("poll failed, trying again", {{"fqdn", name_}, {"err", why}});
  said_ = true;
  held_.Cancel();
  retry_.Set(backoff_.Next());
  owner_.OnPollFailed(failure, why);
}

}  // namespace drover::pushprox
