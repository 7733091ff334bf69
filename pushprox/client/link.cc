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
constexpr BackoffOptions kHasty{
    .first = Millis(250), .cap = Millis(60'000), .factor = 2, .jitter = 0.1};
constexpr BackoffOptions kTunnelAgain{
    .first = Millis(5'000), .cap = Millis(300'000), .factor = 3, .jitter = 0.1};
constexpr Millis kPolledElsewhere{300'000};
constexpr Millis kDisplaced{600'000};
constexpr Millis kDrainLook{250};
constexpr Millis kDrainWait{10'000};  // for another tunnel
constexpr Millis kDrainMost{600'000};
constexpr std::size_t kMostDraining = 2;
constexpr Millis kStood{10'000};  // a tunnel that was worth it
constexpr unsigned kMute = 3;
constexpr unsigned kLater = 5;

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
      hasty_(kHasty, context.NextSeed()),
      patience_(kPatience, context.NextSeed()),
      again_(kTunnelAgain, context.NextSeed()),
      retry_(context.loop, [this] { Start(); }),
      drain_(context.loop, [this] { CheckDraining(); }) {}

void Link::Start() {
  if (leaving_) return;
  if (context_.plan().options.transport == "poll") {
    StartPolls();
  } else if (tunnel_ == nullptr) {
    tunnel_ = Connect();
  }
}

void Link::Wake() {
  if (state_ != State::kStandby) return;
  retry_.Cancel();
  Enter(State::kConnecting);
  Start();
}

std::unique_ptr<TunnelConnection> Link::Connect() {
  auto connection = std::make_unique<TunnelConnection>(context_, access_, address_, *this);
  connection->Start();
  return connection;
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

void Link::OnTunnelOpen(TunnelConnection& connection) {
  if (&connection != tunnel_.get()) return;
  mute_ = later_ = 0;
  retry_.Cancel();
}

void Link::TakeNames(std::string_view json) {
  const auto& ours = context_.plan().registration.names;
  const auto is_ours = [&](const std::string& name) {
    return std::any_of(ours.begin(), ours.end(), [&](const auto& one) { return one.name == name; });
  };
  std::set<std::string> refused;
  displaced_ = true;
  for (const auto& [name, why] : ParseRefusedNames(json)) {
    if (!is_ours(name)) continue;
    refused.insert(name);
    if (why == kNewerTunnels) continue;
    displaced_ = false;
    context_.metrics.refused_names.Add();
    if (refused_.count(name) == 0)
      context_.log.Warn("the proxy refuses a name, trying again each minute",
                        {{"name", name}, {"address", text_}, {"err", why}});
  }
  const auto accepted = ParseAcceptedNames(json);
  served_ = ours.size() - refused.size();
  if (accepted)
    served_ = static_cast<std::size_t>(std::count_if(accepted->begin(), accepted->end(), is_ours));
  displaced_ = displaced_ && served_ == 0 && !refused.empty();
  refused_ = std::move(refused);
}

void Link::OnTunnelRegistered(TunnelConnection& connection, std::string_view json) {
  if (&connection == next_.get()) {
    const auto accepted = ParseAcceptedNames(json);
    if (accepted && accepted->empty() && served_ > 0) {
      Say("new credentials serve no name, the tunnel of the old ones stays", std::string(json));
      Drain(std::move(next_));
      return;
    }
    Drain(std::move(tunnel_));
    tunnel_ = std::move(next_);
  }
  if (&connection != tunnel_.get()) return;
  const auto before = refused_;
  TakeNames(json);
  const bool change = state_ != State::kTunnel || refused_ != before;
  if (state_ != State::kTunnel) registered_ = context_.loop.now();
  was_tunnel_ = true;
  busy_.Reset();
  patience_.Reset();
  again_.Reset();
  said_.clear();
  StopPolls();
  if (change && !displaced_)
    context_.log.Info("registered with the proxy", {{"transport", "tunnel"},
                                                    {"proxy", access_->url.ToString()},
                                                    {"address", text_},
                                                    {"names", served_}});
  if (state_ == State::kTunnel) {
    owner_.OnLinkChanged();
  } else {
    Enter(State::kTunnel);
  }
}

void Link::Yield() {
  if (state_ != State::kTunnel || !displaced_ || !owner_.OtherUp(*this)) return;
  context_.log.Info("newer tunnels have all names: standing by", {{"address", text_}});
  StandBy(kDisplaced);
}

void Link::StandBy(Millis how_long) {
  Drain(std::move(tunnel_));
  if (next_ != nullptr) Drain(std::move(next_));
  StopPolls();
  refused_.clear();
  served_ = 0;
  Enter(State::kStandby);
  retry_.Set(how_long);
}

bool Link::Stood() const { return context_.loop.now() - registered_ >= kStood; }

void Link::OnTunnelGoAway(TunnelConnection& connection, std::string_view why) {
  if (&connection == next_.get()) {
    Drain(std::move(next_));
    return;
  }
  if (&connection != tunnel_.get()) return;
  context_.log.Info("the proxy ends a tunnel", {{"address", text_}, {"why", why.substr(0, 300)}});
  const bool was_up = up();
  if (state_ == State::kTunnel && Stood()) hasty_.Reset();
  Drain(std::move(tunnel_));
  tunnel_ = std::move(next_);
  Enter(State::kConnecting);
  if (tunnel_ == nullptr) retry_.Set(hasty_.Next());
  owner_.OnLinkLost(*this, was_up);
}

void Link::Drain(std::unique_ptr<TunnelConnection> connection) {
  if (connection == nullptr) return;
  draining_.push_back({std::move(connection), context_.loop.now()});
  if (draining_.size() > kMostDraining) {
    draining_.front().connection->Close();
    context_.loop.Bury(std::move(draining_.front().connection));
    draining_.erase(draining_.begin());
  }
  drain_.Set(kDrainLook);
}

void Link::CheckDraining() {
  const MonoTime now = context_.loop.now();
  // Not before there is something else, but not for ever either.
  const bool replaced = leaving_ || state_ == State::kTunnel || owner_.OtherUp(*this);
  for (Draining& one : draining_) {
    const auto age = now - one.since;
    const bool done = (replaced || age > kDrainWait) && one.connection->streams() == 0;
    if (!done && age < kDrainMost) continue;
    one.connection->Close();
    context_.loop.Bury(std::move(one.connection));
  }
  std::erase_if(draining_, [](const Draining& one) { return one.connection == nullptr; });
  if (!draining_.empty()) drain_.Set(kDrainLook);
}

// Whether it was not the tunnel in use that ended.
bool Link::OthersEnded(TunnelConnection& connection, const Error& error) {
  if (&connection == tunnel_.get()) return false;
  if (&connection == next_.get()) {
    context_.metrics.tunnel_errors.Add();
    Say("new credentials open no tunnel, the one of the old ones stays", error.message());
    context_.loop.Bury(std::move(next_));
    return true;
  }
  for (Draining& one : draining_) {
    if (one.connection.get() == &connection) context_.loop.Bury(std::move(one.connection));
  }
  std::erase_if(draining_, [](const Draining& one) { return one.connection == nullptr; });
  return true;
}

void Link::OnTunnelEnded(TunnelConnection& connection, const Error& error) {
  if (OthersEnded(connection, error)) return;
  context_.loop.Bury(std::move(tunnel_));
  if (!connection.open()) {
    NoTunnel(connection, error);
    return;
  }
  context_.metrics.tunnel_errors.Add();
  Say("tunnel broken, trying again", error.message());
  const bool was_up = up();
  if (state_ == State::kTunnel && Stood()) backoff_.Reset();
  tunnel_ = std::move(next_);
  if (tunnel_ == nullptr) retry_.Set(backoff_.Next());
  if (!pollers_.empty()) return;  // it was not registered yet
  Enter(State::kConnecting);
  owner_.OnLinkLost(*this, was_up);
}

void Link::NoTunnel(const TunnelConnection& connection, const Error& error) {
  mute_ = connection.mute() ? mute_ + 1 : 0;
  // A proxy that is there says how much later.
  later_ = connection.busy() && connection.retry_after() == Millis(0) ? later_ + 1 : 0;
  const bool denied = error.code() == ErrorCode::kDenied;
  // What had a tunnel before is away for a while, whatever stands before it says.
  const bool unknown = error.code() == ErrorCode::kUnsupported ||
                       (!was_tunnel_ && (mute_ >= kMute || later_ >= kLater));
  const bool fallback =
      context_.plan().options.transport == "auto" && (unknown || (denied && !was_tunnel_));
  // What stands before a proxy may deny a path that it does not know, too.
  if (fallback) {
    mute_ = later_ = 0;
    retry_.Set(denied ? patience_.Next() : again_.Next());
    if (!pollers_.empty()) return;
    if (denied) {
      Say("the proxy denies a tunnel, trying polls", error.message());
    } else {
      context_.log.Info("the proxy opens no tunnel, polling it",
                        {{"address", text_}, {"err", error.message()}});
    }
    StartPolls();
    return;
  }
  context_.metrics.tunnel_errors.Add();
  if (!pollers_.empty()) {  // they see for themselves
    retry_.Set(std::max(again_.Next(), connection.retry_after()));
    return;
  }
  Say("no tunnel, trying again", error.message());
  const bool refused = denied || unknown || error.code() == ErrorCode::kInvalid;
  const bool wait = refused || (!was_up_ && owner_.OtherUp(*this));
  const Millis next = wait ? patience_.Next() : connection.busy() ? busy_.Next() : backoff_.Next();
  retry_.Set(std::max(next, connection.retry_after()));
  Enter(State::kDown);
  owner_.OnLinkLost(*this, false);
}

// --- polls ---

void Link::StartPolls() {
  if (leg_ == nullptr)
    leg_ = std::make_shared<ProxyLeg>(context_.loop, context_.resolver, access_, text_);
  if (pollers_.empty()) fresh_ = true;
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
  if (tunnel_ != nullptr || context_.plan().options.transport == "poll") return;
  // What came back may know tunnels.
  const bool fresh = std::exchange(fresh_, false);
  if (std::exchange(lost_, false)) {
    Start();
  } else if (fresh) {
    again_.Reset();
    retry_.Set(again_.Next());
  }
}

void Link::OnPollFailed(Failure failure, const std::string&) {
  if (failure == Failure::kDisplaced) {
    if (!owner_.OtherUp(*this)) return;
    // Two addresses of one proxy, most likely: its other one serves.
    context_.log.Info("the proxy is polled at another address already", {{"address", text_}});
    StandBy(kPolledElsewhere);
    return;
  }
  const bool was_up = up();
  Enter(State::kDown);
  lost_ = lost_ || failure == Failure::kLost;
  owner_.OnLinkLost(*this, was_up);
}

// --- both ---

void Link::NamesChanged() {
  if (tunnel_ != nullptr) tunnel_->Register();
  if (next_ != nullptr) next_->Register();
  if (!pollers_.empty()) StartPolls();
  LookAtCredentials();
}

void Link::LookAtCredentials() {
  if (tunnel_ == nullptr || state_ != State::kTunnel || next_ != nullptr || !tunnel_->outdated())
    return;
  context_.log.Info("new credentials: another tunnel", {{"address", text_}});
  next_ = Connect();
}

void Link::EachMinute() {
  if (tunnel_ == nullptr || state_ != State::kTunnel) return;
  LookAtCredentials();
  if (!refused_.empty()) tunnel_->Register();
}

void Link::Leave() {
  leaving_ = true;
  retry_.Cancel();
  StopPolls();
  Drain(std::move(tunnel_));
  Drain(std::move(next_));
}

void Link::Close() {
  retry_.Cancel();
  drain_.Cancel();
  if (tunnel_ != nullptr) tunnel_->Close();
  if (next_ != nullptr) next_->Close();
  for (const Draining& one : draining_) one.connection->Close();
  StopPolls();
}

}  // namespace drover::pushprox
