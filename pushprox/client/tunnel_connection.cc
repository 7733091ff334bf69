#include "pushprox/client/tunnel_connection.h"

#include <algorithm>
#include <utility>

#include "core/base/numbers.h"
#include "pushprox/net/websocket_handshake.h"

namespace drover::pushprox {
namespace {

constexpr Millis kConnect{2'000};
constexpr Millis kHandshake{5'000};             // TLS, and the answer
constexpr Millis kRegistration{20'000};         // the proxy may have to ask others about us
constexpr std::uint64_t kMostWaitSeconds = 30;  // that an answer may ask for
constexpr std::size_t kMaxAnswer = 16 << 10;

}  // namespace

TunnelConnection::TunnelConnection(ClientContext& context,
                                   std::shared_ptr<const ProxyAccess> access,
                                   const Address& address, TunnelOwner& owner)
    : context_(context),
      access_(std::move(access)),
      address_(address),
      owner_(owner),
      timer_(context.loop, [this] { OnTimer(); }) {}

TunnelConnection::~TunnelConnection() {
  if (tunnel_ != nullptr) tunnel_->Lost("the tunnel ended");
}

void TunnelConnection::Start() {
  start_ = Connect();
  timer_.Set(start_ ? kConnect : Millis(0));  // nothing calls back from here
}

void TunnelConnection::OnTimer() {
  if (!start_) {
    Failed(start_.error());
    return;
  }
  const char* why = "the proxy did not answer in time";
  if (tunnel_ != nullptr) why = "the proxy did not take the registration";
  if (stream_->connecting()) why = "connect timeout";
  Failed(Error(ErrorCode::kUnavailable, why));
}

Status TunnelConnection::Connect() {
  DROVER_TRY(authorization_, access_->Authorization());
  DROVER_TRY(key_, NewWebSocketKey());
  Stream::Setup setup;
  setup.accepted = false;
  if (access_->tls != nullptr) {
    const TlsSettings& settings = access_->tls_settings;
    DROVER_TRY(setup.tls, access_->tls->Get());
    generation_ = access_->tls->generation();
    setup.host = settings.server_name.empty() ? access_->url.host : settings.server_name;
    if (!settings.insecure_skip_verify) setup.verify_host = setup.host;
  }
  DROVER_TRY(setup.fd, StartConnect(address_));
  setup.connecting = true;
  stream_ = std::make_unique<Stream>(context_.loop, *this, setup);
  return {};
}

void TunnelConnection::OnOpen() {
  connected_ = true;
  timer_.Set(kHandshake);
  stream_->Write(
      TunnelRequest(access_->url.path + "tunnel", access_->url.HostPort(), key_, authorization_));
}

std::size_t TunnelConnection::OnData(std::string_view bytes) {
  std::size_t taken = 0;
  heard_ = true;
  if (!answered_) {
    const std::size_t end = HeadEnd(bytes);
    if (end == std::string_view::npos) {
      if (bytes.size() <= kMaxAnswer) return 0;
      Failed(Error(ErrorCode::kInvalid, "header of the answer over its limit"));
      return bytes.size();
    }
    const auto head = ParseResponseHead(bytes.substr(0, end));
    Status fine;
    if (head) {
      fine = CheckTunnelAnswer(*head, key_);
    } else {
      fine = Fail(Error(head.error()).With("malformed answer"));
    }
    if (!fine) {
      busy_ = head && fine.error().code() == ErrorCode::kUnavailable;
      if (const auto seconds = head ? ParseUint(head->headers.Get("Retry-After")) : std::nullopt)
        retry_after_ = std::chrono::seconds(std::min(*seconds, kMostWaitSeconds));
      Failed(fine.error());
      return bytes.size();
    }
    answered_ = true;
    timer_.Set(kRegistration);
    taken = end;
    tunnel_ = std::make_unique<Tunnel>(Tunnel::Role::kClient, context_.loop, *this, *this,
                                       TunnelTimes::OfClient());
    Register();
    owner_.OnTunnelOpen(*this);
  }
  tunnel_->Feed(bytes.substr(taken));
  return bytes.size();
}

void TunnelConnection::Register() {
  if (tunnel_ != nullptr) tunnel_->Register(ToJson(context_.plan().registration));
}

void TunnelConnection::Close() {
  if (over_) return;
  over_ = true;
  timer_.Cancel();
  if (tunnel_ != nullptr) tunnel_->Close("");
  End();
}

void TunnelConnection::End() {
  if (stream_ == nullptr) return;
  if (stream_->open()) stream_->OnEventOver();  // a close frame goes out
  stream_->Close();
}

bool TunnelConnection::outdated() const {
  const auto authorization = access_->Authorization();
  if (authorization && *authorization != authorization_) return true;
  return access_->tls != nullptr && access_->tls->Get() &&
         access_->tls->generation() != generation_;
}

void TunnelConnection::Send(std::string_view bytes) { stream_->Queue(bytes); }
std::size_t TunnelConnection::Unsent() const { return stream_->unsent(); }

void TunnelConnection::OnDrained() {
  if (tunnel_ != nullptr) tunnel_->Drained();
}

void TunnelConnection::OnClosed(std::string_view why) {
  Failed(Error(ErrorCode::kUnavailable, why.empty() ? "connection closed" : std::string(why)));
}

void TunnelConnection::OnTunnelBroken(std::string_view why) {
  Failed(Error(ErrorCode::kUnavailable, std::string(why)));
}

void TunnelConnection::OnRegistered(std::string_view json) {
  timer_.Cancel();
  owner_.OnTunnelRegistered(*this, json);
}

void TunnelConnection::OnRequest(TunnelStream& stream, std::string_view head) {
  context_.StartStream(stream, head);
}

void TunnelConnection::OnGoAway(std::string_view why) { owner_.OnTunnelGoAway(*this, why); }

void TunnelConnection::Failed(Error error) {
  if (over_) return;
  over_ = true;
  timer_.Cancel();
  if (tunnel_ != nullptr) tunnel_->Lost(error.message());
  End();
  owner_.OnTunnelEnded(*this, error);
}

}  // namespace drover::pushprox
