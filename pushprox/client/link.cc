#include "pushprox/client/link.h"

#include <algorithm>
#include <utility>

#include "pushprox/protocol/registration.h"

namespace drover::pushprox {
namespace {

constexpr BackoffOptions kTunnelBackoff{
    .first = Millis(250), .cap = Millis(1'800), .factor = 2, .jitter = 0.1};
constexpr BackoffOptions kPatience{
    .first = Millis(5'000), .cap = Millis(30'000), .factor = 2, .jitter = 0.2};
constexpr Millis kTunnelAgain{300'000};
constexpr Millis kDrainLook{250};
constexpr Millis kDrainWait{10'000};
constexpr unsigned kMute = 3;

}  // namespace

std::string_view Name(Link::State state) {
  switch (state) {
    case Link::State::kConnecting:
      return "connecting";
    case Link::State::kTunnel:
      return "tunnel";
    case Link::State::kPoll:
      return "poll";
    case Link::State::kStandby:
      return "standby";
    case Link::State::kDown:
      return "down";
  }
  return "";
}

Link::Link(ClientContext& context, std::shared_ptr<const ProxyAccess> access,
           const Address& address, LinkOwner& owner)
    : context_(context),
      access_(std::move(access)),
      address_(address),
      text_(ToText(address)),
      owner_(owner),
      backoff_(kTunnelBackoff, context.NextSeed()),
      busy_({.first = context.plan().options.retry_first,
             .cap = context.plan().options.retry_most,
             .factor = 1.5,
             .jitter = 0.2},
            context.NextSeed()),
      patience_(kPatience, context.NextSeed()),
      retry_(context.loop, [this] { Start(); }),
      drain_(context.loop, [this] { CheckDraining(); }) {}

void Link::Start() {
  if (context_.plan().options.transport == "poll") {
    StartPolls();
  } else if (tunnel_ == nullptr) {
    Connect();
  }
}

void Link::Connect() {
  tunnel_ = std::make_unique<TunnelConnection>(context_, access_, address_, *this);
  tunnel_->Start();
}

void Link::Enter(State state) {
  if (state_ == state) return;
  state_ = state;
  was_up_ = was_up_ || up();
  owner_.OnLinkChanged();
}

void Link::Say(const std::string& what, const std::string& why) {
  if (said_ == why) return;
  said_ = why;
  context_.log.Warn(what, {{"proxy", access_->url.ToString()}, {"address", text_}, {"err", why}});
}

// --- tunnel ---

void Link::OnTunnelOpen(TunnelConnection&) {
  mute_ = 0;
  retry_.Cancel();
}

void Link::OnTunnelRegistered(TunnelConnection& connection, std::string_view json) {
  if (&connection != tunnel_.get()) return;
  std::set<std::string> refused;
  for (const auto& [name, why] : ParseRefusedNames(json)) {
    const auto& ours = context_.plan().registration.names;
    if (std::none_of(ours.begin(), ours.end(), [&](const auto& one) { return one.name == name; }))
      continue;
    context_.metrics.refused_names.Add();
    refused.insert(name);
    if (refused_.count(name) == 0)
      context_.log.Warn("the proxy refuses a name, trying again each minute",
                        {{"name", name}, {"address", text_}, {"err", why}});
  }
  const bool change = state_ != State::kTunnel || refused != refused_;
  refused_ = std::move(refused);
  backoff_.Reset();
  busy_.Reset();
  patience_.Reset();
  said_.clear();
  StopPolls();
  if (change)
    context_.log.Info("registered with the proxy",
                      {{"transport", "tunnel"},
                       {"proxy", access_->url.ToString()},
                       {"address", text_},
                       {"names", context_.plan().registration.names.size() - refused_.size()}});
  Enter(State::kTunnel);
}

void Link::OnTunnelGoAway(TunnelConnection& connection, std::string_view why) {
  if (&connection != tunnel_.get()) return;
  context_.log.Info("the proxy ends a tunnel", {{"address", text_}, {"why", why.substr(0, 300)}});
  Replace();
  owner_.OnLinkLost(*this);
}

void Link::Replace() {
  if (tunnel_ == nullptr) return;
  draining_.push_back(std::move(tunnel_));
  draining_since_ = context_.loop.now();
  drain_.Set(kDrainLook);
  Enter(State::kConnecting);
  retry_.Set(backoff_.Next());
}

void Link::CheckDraining() {
  // Not before there is something else, but not for ever either.
  const bool replaced = state_ == State::kTunnel || owner_.OtherUp(*this) ||
                        context_.loop.now() - draining_since_ > kDrainWait;
  if (!replaced) {
    drain_.Set(kDrainLook);
    return;
  }
  for (auto& one : draining_) {
    if (one->streams() > 0) continue;
    one->Close();
    context_.loop.Bury(std::move(one));
  }
  std::erase(draining_, nullptr);
  if (!draining_.empty()) drain_.Set(kDrainLook);
}

void Link::OnTunnelEnded(TunnelConnection& connection, const Error& error) {
  if (&connection != tunnel_.get()) {
    const auto at = std::find_if(draining_.begin(), draining_.end(),
                                 [&](const auto& one) { return one.get() == &connection; });
    if (at == draining_.end()) return;
    context_.loop.Bury(std::move(*at));
    draining_.erase(at);
    return;
  }
  const bool was_open = connection.open();
  context_.loop.Bury(std::move(tunnel_));
  const bool fallback = context_.plan().options.transport == "auto";
  if (!was_open) mute_ = connection.mute() ? mute_ + 1 : 0;
  const bool unknown = error.code() == ErrorCode::kUnsupported || mute_ >= kMute;
  const bool denied = error.code() == ErrorCode::kDenied;
  // What stands before a proxy may deny a path that it does not know, too.
  if (fallback && (unknown || denied) && !was_open) {
    mute_ = 0;
    retry_.Set(denied ? patience_.Next() : kTunnelAgain);
    if (pollers_.empty()) {
      context_.log.Info("the proxy opens no tunnel, polling it",
                        {{"address", text_}, {"err", error.message()}});
      StartPolls();
    }
    return;
  }
  context_.metrics.tunnel_errors.Add();
  if (!pollers_.empty()) {  // they see for themselves
    retry_.Set(patience_.Next());
    return;
  }
  Say(was_open ? "tunnel broken, trying again" : "no tunnel, trying again", error.message());
  const bool refused = denied || unknown || error.code() == ErrorCode::kInvalid;
  const bool wait = refused || (!was_up_ && owner_.OtherUp(*this));
  const Millis next = wait ? patience_.Next() : connection.busy() ? busy_.Next() : backoff_.Next();
  retry_.Set(std::max(next, connection.retry_after()));
  Enter(was_open ? State::kConnecting : State::kDown);
  owner_.OnLinkLost(*this);
}

// --- polls ---

void Link::StartPolls() {
  if (leg_ == nullptr)
    leg_ = std::make_shared<ProxyLeg>(context_.loop, context_.resolver, access_, text_);
  const auto names = context_.plan().table.Names();
  for (auto& one : pollers_) {
    if (std::find(names.begin(), names.end(), one->name()) != names.end()) continue;
    one->Stop();
    context_.loop.Bury(std::move(one));
  }
  std::erase(pollers_, nullptr);
  for (const std::string& name : names) {
    if (std::any_of(pollers_.begin(), pollers_.end(),
                    [&](const auto& one) { return one->name() == name; }))
      continue;
    pollers_.push_back(std::make_unique<Poller>(context_, leg_, name, *this));
    pollers_.back()->Poll();
  }
  if (state_ == State::kStandby || state_ == State::kTunnel) Enter(State::kConnecting);
}

void Link::StopPolls() {
  for (auto& one : pollers_) {
    one->Stop();
    context_.loop.Bury(std::move(one));
  }
  pollers_.clear();
  leg_.reset();
}

void Link::OnPolled() {
  Enter(State::kPoll);
  // What came back may know tunnels.
  if (std::exchange(lost_, false) && tunnel_ == nullptr) Start();
}

void Link::OnPollFailed(Failure failure, const std::string&) {
  if (failure == Failure::kDisplaced) {
    if (!owner_.OtherUp(*this)) return;
    // Two addresses of one proxy, most likely: its other one serves.
    context_.log.Info("the proxy is polled at another address already", {{"address", text_}});
    StopPolls();
    retry_.Set(kTunnelAgain);
    Enter(State::kStandby);
    return;
  }
  Enter(State::kDown);
  lost_ = lost_ || failure == Failure::kLost;
  owner_.OnLinkLost(*this);
}

// --- both ---

void Link::NamesChanged() {
  if (tunnel_ != nullptr) tunnel_->Register();
  if (!pollers_.empty()) StartPolls();
}

void Link::EachMinute() {
  if (tunnel_ == nullptr || state_ != State::kTunnel) return;
  if (tunnel_->outdated()) {
    context_.log.Info("new credentials: another tunnel", {{"address", text_}});
    Replace();
    retry_.Set(Millis(0));
  } else if (!refused_.empty()) {
    tunnel_->Register();
  }
}

void Link::Close() {
  retry_.Cancel();
  drain_.Cancel();
  if (tunnel_ != nullptr) tunnel_->Close();
  for (const auto& one : draining_) one->Close();
  StopPolls();
}

}  // namespace drover::pushprox
