// A connection to one address of the proxy with a tunnel on it, from connect(2) to its end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "pushprox/client/context.h"
#include "pushprox/client/proxy_leg.h"
#include "pushprox/net/stream.h"
#include "pushprox/net/tunnel.h"

namespace drover::pushprox {

class TunnelConnection;

// Called from the loop.
class TunnelOwner {
 public:
  virtual ~TunnelOwner() = default;
  virtual void OnTunnelOpen(TunnelConnection& connection) = 0;
  virtual void OnTunnelRegistered(TunnelConnection& connection, std::string_view json) = 0;
  virtual void OnTunnelGoAway(TunnelConnection& connection, std::string_view why) = 0;
  // It could not be opened or broke: the last call, bury it. kUnsupported: the proxy has no
  // tunnels; kDenied: not for us; kInvalid: it is no proxy; else a connection that failed.
  virtual void OnTunnelEnded(TunnelConnection& connection, const Error& error) = 0;
};

// One thread: the loop's. Streams of a connection that is destroyed are reset.
class TunnelConnection final : public Disposable,
                               public StreamHandler,
                               public TunnelHandler,
                               public TunnelWire {
 public:
  TunnelConnection(ClientContext& context, std::shared_ptr<const ProxyAccess> access,
                   const Address& address, TunnelOwner& owner);
  ~TunnelConnection() override;

  void Start();
  void Register();  // what the plan says now
  void Close();     // tells the proxy; no callback
  bool open() const { return tunnel_ != nullptr; }
  // The connection stood, and not one byte came.
  bool mute() const { return connected_ && !heard_; }
  // An answer that says later, rather than nobody: 429 or 5xx, and how long it asks to wait.
  bool busy() const { return busy_; }
  Millis retry_after() const { return retry_after_; }
  // Whether a token or certificate that it was opened with is another one by now.
  bool outdated() const;
  std::size_t streams() const { return tunnel_ != nullptr ? tunnel_->streams() : 0; }

 private:
  Status Connect();
  void OnOpen() override;
  std::size_t OnData(std::string_view bytes) override;
  void OnDrained() override;
  void OnClosed(std::string_view why) override;
  void OnRegistered(std::string_view json) override;
  void OnRequest(TunnelStream& stream, std::string_view head) override;
  void OnGoAway(std::string_view why) override;
  void OnTunnelBroken(std::string_view why) override;
  void Send(std::string_view bytes) override;
  std::size_t Unsent() const override;
  void OnTimer();
  void End();
  void Failed(Error error);

  ClientContext& context_;
  const std::shared_ptr<const ProxyAccess> access_;
  const Address address_;
  TunnelOwner& owner_;
  std::string authorization_;
  std::uint64_t generation_ = 0;  // of the certificates
  std::string key_;
  bool connected_ = false;
  bool heard_ = false;
  bool busy_ = false;
  Millis retry_after_{0};
  bool answered_ = false;
  bool over_ = false;
  Timer timer_;  // of opening
  Status start_;
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<Tunnel> tunnel_;
};

}  // namespace drover::pushprox
