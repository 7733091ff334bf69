#include "pushprox/client/poller.h"

#include <utility>

#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kMaxRequest = 64 << 10;
// A poll that is to be renewed sooner than this was not held: another client has our name.
constexpr std::chrono::seconds kHeld{1};

}  // namespace

Poller::Poller(ClientContext& context, std::string name)
    : context_(context),
      name_(std::move(name)),
      backoff_({.first = context.plan.options.retry_first,
                .cap = context.plan.options.retry_most,
                .factor = 1.5},
               context.clock_seed),
      retry_(context.loop, [this] { Poll(); }) {}

void Poller::Poll() {
  status_ = 0;
  body_.clear();
  too_long_ = false;
  began_ = context_.loop.now();
  auto request = context_.ProxyRequest("poll");
  if (!request) {
    RetryLater(request.error().message());
    return;
  }
  AppendField(*request, "Content-Length", std::to_string(name_.size()));
  context_.proxy.Open(*this).Write(*request + "\r\n" + name_);
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
  const bool renew = status_ == 204 || status_ == 408;
  if (renew && context_.loop.now() - began_ < kHeld) {
    RetryLater("the proxy ended the poll at once: does another client poll for the same name?");
    return;
  }
  if (!renew && status_ != 200) {
    RetryLater("the proxy answered " + std::to_string(status_) + " " + body_.substr(0, 200));
    return;
  }
  if (!connected_ || said_) context_.log.Info("registered with the proxy", {{"fqdn", name_}});
  connected_ = true;
  said_ = false;
  backoff_.Reset();
  if (!renew) {
    const Status started = Start();
    if (!started) {
      RetryLater(started.error().message());
      return;
    }
  }
  Poll();
}

Status Poller::Start() {
  if (too_long_) return Fail(ErrorCode::kExhausted, "the scrape request is too long");
  const std::size_t end = HeadEnd(body_);
  if (end == std::string::npos) return Fail(ErrorCode::kInvalid, "no scrape request in the answer");
  DROVER_TRY(Head head, ParseRequestHead(std::string_view(body_).substr(0, end)));
  const std::string_view id = head.headers.Get(kIdHeader);
  if (id.empty() || id.size() > 200) return Fail(ErrorCode::kInvalid, "scrape request without Id");
  const bool full = tasks_.size() >= static_cast<std::size_t>(context_.plan.options.max_scrapes);
  const auto at = tasks_.insert(tasks_.end(), nullptr);
  *at = std::make_unique<ScrapeTask>(context_, std::move(head), [this, at] {
    context_.loop.Bury(std::move(*at));
    tasks_.erase(at);
  });
  if (full) {
    (*at)->Refuse(kFailed, "too many scrapes are under way");
  } else {
    (*at)->Begin();
  }
  return {};
}

void Poller::OnFailed(const std::string& why, bool stale) {
  if (stale) {
    Poll();
  } else {
    RetryLater(why);
  }
}

void Poller::RetryLater(const std::string& why) {
  context_.poll_errors.Add();
  if (!said_) context_.log.Warn("poll failed, trying again", {{"fqdn", name_}, {"err", why}});
  said_ = true;
  retry_.Set(backoff_.Next());
}

}  // namespace drover::pushprox
