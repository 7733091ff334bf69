// Asking another HTTP server in pieces: what is sent and what comes back is never held whole.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "pushprox/net/credentials.h"
#include "pushprox/net/resolver.h"
#include "pushprox/net/stream.h"
#include "pushprox/net/tls_client.h"
#include "pushprox/protocol/body.h"
#include "pushprox/protocol/head.h"

namespace drover::pushprox {

class CallHandler {
 public:
  virtual ~CallHandler() = default;
  virtual void OnHead(const Head& head) = 0;
  virtual bool OnBody(std::string_view piece) = 0;  // false: no more until Call::Resume
  // One of both ends the call, which must not be touched any more. `stale`: a kept connection
  // turned out to be closed before anything came; a request that may be repeated can be.
  virtual void OnEnd() = 0;
  virtual void OnFailed(const std::string& why, bool stale) = 0;
  virtual void OnDrained() {}
};

// Where to: one scheme, host and port.
struct PeerOptions {
  std::string host;         // in the certificate, and asked of DNS
  std::string connect_to;   // "" or another host to connect to
  std::string server_name;  // "" or another name in the certificate
  int port = 80;            // to connect to
  bool tls = false;
  bool verify = true;
  TlsClientFiles files;
  std::shared_ptr<TlsClient> tls_client{};  // instead of `files`: shared with other peers
  Millis connect_timeout{5000};             // per address, TLS included
  Millis keep_idle{20'000};
};

class Peer;

// One connection, and the request on it. Owned by its Peer.
class Call final : public Disposable, public StreamHandler {
 public:
  Call(Peer& peer, CallHandler& handler, bool head_request);
  ~Call() override;

  void Write(std::string_view bytes);
  std::size_t unsent() const;
  void Pause();
  void Resume();
  void Cancel();  // closes; no callback
  bool answered() const { return head_seen_; }
  bool connected() const { return open_; }

 private:
  friend class Peer;
  void Resolve();
  void TryNext(const std::string& why);
  void Again(CallHandler& handler, bool head_request);
  void Failed(const std::string& why);
  void Ended();
  void Leave();
  void OnOpen() override;
  std::size_t OnData(std::string_view bytes) override;
  void OnDrained() override;
  void OnClosed(std::string_view why) override;
  void OnTimer();

  Peer& peer_;
  CallHandler* handler_;
  bool head_request_;
  bool reused_ = false;
  bool head_seen_ = false;
  bool open_ = false;
  bool keep_ = false;
  bool got_bytes_ = false;
  BodyDecoder body_;
  std::string waiting_;  // to be written once connected
  std::vector<Address> addresses_;
  std::size_t next_ = 0;
  std::uint64_t generation_ = 0;  // of the certificates it was opened with
  std::unique_ptr<Stream> stream_;
  Timer timer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>('\0');
};

// Keeps connections for the next call. One thread: the loop's.
class Peer {
 public:
  Peer(EventLoop& loop, Resolver& resolver, PeerOptions options);
  ~Peer();

  Call& Open(CallHandler& handler, bool head_request = false);
  bool busy() const;

 private:
  friend class Call;
  void DropOutdated();  // idle connections that show old certificates
  EventLoop& loop_;
  Resolver& resolver_;
  const PeerOptions options_;
  std::vector<std::unique_ptr<Call>> calls_;  // idle ones have no handler
  const std::shared_ptr<TlsClient> tls_;
};

}  // namespace drover::pushprox
