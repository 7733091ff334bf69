#include "pushprox/proxy/tunnel_exchange.h"

#include <algorithm>

#include "core/json/writer.h"
#include "pushprox/net/websocket_handshake.h"
#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

// REGISTER messages of one tunnel within that time. More is a client gone wild.
constexpr int kMostRegistrations = 30;
constexpr std::chrono::minutes kRegistrationsWithin{1};
constexpr Millis kLookAgain{45'000};
constexpr Millis kFirstLook{20'000};
constexpr const char* kNotAnyMore = "not allowed any more to register as that name";
constexpr std::size_t kMostGoodbye = 64 << 10;  // kept for a client that may not read it

}  // namespace

// --- the connection ---

void TunnelExchange::OnBodyEnd() {
  ProxyContext& context = connection_.context();
  if (const Status fits = CheckTunnelRequest(connection_.head()); !fits) {
    const bool other = fits.error().code() == ErrorCode::kUnsupported;
    connection_.Refuse(other ? 426 : 400, "handshake", fits.error().message());
    http::Headers more;
    more.Add("Upgrade", "websocket");
    more.Add("Sec-WebSocket-Version", "13");
    connection_.Answer(other ? 426 : 400, fits.error().message() + "\n",
                       "text/plain; charset=utf-8", more);
    return;
  }
  caller_ = connection_.CallerBy("Authorization");
  if (!context.access.IsClient(caller_)) {
    const int code = caller_.anonymous() ? 401 : 403;
    connection_.Refuse(code, "client-identity", "tunnel");
    connection_.Answer(code, "not one of the clients\n");
    return;
  }
  if (context.draining) {
    connection_.Answer(503, "the proxy is ending\n");
    return;
  }
  connection_.Queue(TunnelAnswer(connection_.head()));
  connection_.TakeOver();
  tunnel_ = std::make_unique<Tunnel>(Tunnel::Role::kProxy, context.loop,
                                     static_cast<TunnelHandler&>(*this),
                                     static_cast<TunnelWire&>(*this), TunnelTimes::OfProxy());
  context.metrics.tunnels.Add(1);
  // Not all at once, when many came at once.
  const auto spread = std::hash<std::string_view>()(connection_.peer()) % kLookAgain.count();
  connection_.SetTimer(kFirstLook + Millis(spread));
}

void TunnelExchange::OnDrained() {
  if (tunnel_ != nullptr) tunnel_->Drained();
}

void TunnelExchange::OnGone() {
  if (tunnel_ == nullptr || tunnel_->over()) return;
  LeaveNames();
  tunnel_->Lost("the client's connection broke");
  Gauges();
}

void TunnelExchange::OnDrain() {
  if (tunnel_ != nullptr) tunnel_->GoAway("the proxy is ending");
}

void TunnelExchange::OnTunnelBroken(std::string_view why) {
  switch (tunnel_->ending()) {
    case Tunnel::Ending::kProtocol:
      connection_.Refuse(0, "tunnel-protocol", why);
      break;
    case Tunnel::Ending::kSilence:
      connection_.Refuse(0, "tunnel-silent", why);
      break;
    default:
      break;
  }
  LeaveNames();
  Gauges();
  if (connection_.stream().unsent() > kMostGoodbye) {
    connection_.Abort();
  } else {
    connection_.Finish(101, false);
  }
}

void TunnelExchange::CloseFor(const std::string& reason, const std::string& why) {
  connection_.Refuse(0, reason, why);
  LeaveNames();
  tunnel_->Close(why);
  Gauges();
  connection_.Finish(101, false);
}

void TunnelExchange::Gauges() {
  ProxyContext& context = connection_.context();
  context.metrics.tunnels.Add(-1);
  context.metrics.clients.Set(static_cast<double>(context.broker.names()));
}

// --- names ---

bool TunnelExchange::IsTooOften() {
  const MonoTime now = connection_.context().loop.now();
  if (now - first_registered_ > kRegistrationsWithin) {
    first_registered_ = now;
    registered_ = 0;
  }
  return ++registered_ > kMostRegistrations;
}

std::string TunnelExchange::WhyNot(const std::shared_ptr<const RegisteredName>& registered) {
  ProxyContext& context = connection_.context();
  const std::string& name = registered->name;
  std::string reason = "name";
  std::string why = "not a name";
  if (IsName(name)) {
    reason = "client-identity";
    why = "not allowed to register as that name";
    if (context.access.MaySpeakFor(caller_, name)) {
      reason = "names";
      why = "too many names are registered";
      if (context.broker.Begin(registered, *this, context.loop.now())) return {};
    }
  }
  connection_.Refuse(101, reason, name);
  return why;
}

void TunnelExchange::OnRegister(std::string_view json) {
  ProxyContext& context = connection_.context();
  auto registration = ParseRegistration(json);
  if (!registration || IsTooOften()) {
    CloseFor("registration", registration ? "registers too often" : registration.error().message());
    return;
  }
  const std::vector<std::string> before = std::exchange(names_, {});
  Refusals refused;
  for (RegisteredName& one : registration->names) {
    const auto registered = std::make_shared<const RegisteredName>(std::move(one));
    if (std::string why = WhyNot(registered); !why.empty()) {
      refused.emplace_back(registered->name, std::move(why));
    } else {
      names_.push_back(registered->name);
    }
  }
  for (const std::string& name : before) {
    if (std::find(names_.begin(), names_.end(), name) == names_.end())
      context.broker.End(name, *this, context.loop.now());
  }
  context.metrics.clients.Set(static_cast<double>(context.broker.names()));
  Tell(refused);
  const std::vector<std::string> accepted = names_;  // serving one may lose another
  for (const std::string& name : accepted) context.broker.Serve(name, context.loop.now());
}

void TunnelExchange::Tell(const Refusals& refused) {
  json::Writer out;
  out.BeginObject().Key("accepted").BeginArray();
  for (const std::string& name : names_) out.String(name);
  out.EndArray().Key("refused").BeginArray();
  for (const auto& [name, why] : refused) {
    out.BeginObject().Key("name").String(name).Key("why").String(why).EndObject();
  }
  out.EndArray().EndObject();
  tunnel_->Registered(out.text());
}

bool TunnelExchange::Take(Scrape& scrape) {
  ProxyContext& context = connection_.context();
  if (context.access.MaySpeakFor(caller_, scrape.name)) {
    scrape.OnTunnel(*tunnel_);
    return true;
  }
  connection_.Refuse(101, "client-identity", scrape.name);
  std::erase(names_, scrape.name);
  Tell({{scrape.name, kNotAnyMore}});
  SendAwayWithoutNames();
  return false;
}

// A credential may end while the tunnel stands and nobody scrapes.
void TunnelExchange::OnTimer() {
  if (names_.empty() && !connection_.context().access.IsClient(caller_)) {
    CloseFor("client-identity", "not one of the clients any more");
    return;
  }
  connection_.SetTimer(kLookAgain);
  OnAccessChanged();
}

void TunnelExchange::OnAccessChanged() {
  if (tunnel_ == nullptr || tunnel_->over()) return;
  ProxyContext& context = connection_.context();
  Refusals lost;
  for (const std::string& name : names_) {
    if (!context.access.MaySpeakFor(caller_, name)) lost.emplace_back(name, kNotAnyMore);
  }
  for (const auto& [name, why] : lost) {
    connection_.Refuse(101, "client-identity", name);
    std::erase(names_, name);
    context.broker.End(name, *this, context.loop.now());
  }
  if (!lost.empty()) {
    Tell(lost);
    SendAwayWithoutNames();
  } else if (context.access.EndsSoon(caller_)) {
    tunnel_->GoAway("the credential ends soon: come again with a new one");
  }
}

// The client may have a newer credential, and shows it by another tunnel.
void TunnelExchange::SendAwayWithoutNames() {
  const bool some = std::any_of(names_.begin(), names_.end(), [this](const std::string& name) {
    return connection_.context().access.MaySpeakFor(caller_, name);
  });
  if (!some) tunnel_->GoAway("what it was opened with is not accepted any more: come again");
}

void TunnelExchange::Lose(const std::string& name) {
  std::erase(names_, name);
  Tell({{name, std::string(kNewerTunnels)}});
}

void TunnelExchange::LeaveNames() {
  for (const std::string& name : std::exchange(names_, {}))
    connection_.context().broker.End(name, *this, tunnel_->heard());
}

}  // namespace drover::pushprox
