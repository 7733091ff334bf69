// One connection of the proxy's server: requests one after another, each handled by an Exchange
// that sees the body in pieces and may answer in pieces, much later.
#pragma once

#include <list>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/log.h"
#include "core/http/router.h"
#include "pushprox/net/event_loop.h"
#include "pushprox/net/stream.h"
#include "pushprox/protocol/body.h"
#include "pushprox/protocol/head.h"
#include "pushprox/proxy/access.h"
#include "pushprox/proxy/broker.h"
#include "pushprox/proxy/metrics.h"

namespace drover::pushprox {

class Connection;

// What all connections share. Outlives them.
struct ProxyContext {
  EventLoop& loop;
  const ProxyOptions& options;
  Broker& broker;
  Access& access;
  ProxyMetrics& metrics;
  const http::Router& pages;
  const Logger& log;
  std::list<std::unique_ptr<Connection>> connections{};
  bool draining = false;

  int Code(int status) const { return options.compat_codes ? 500 : status; }
  // Counts, and says it in the log at most 10 times a second. `code` 0: closed without an answer.
  void Refuse(Role role, int code, const std::string& reason, std::string_view peer,
              std::string_view detail);
  MonoTime log_second{};
  int logged = 0;
};

// One request. Destroyed after the events at hand once the connection finished it.
class Exchange : public Disposable {
 public:
  explicit Exchange(Connection& connection) : connection_(connection) {}
  // A piece of the request's body; false: no more for now.
  virtual bool OnBody(std::string_view piece) = 0;
  virtual void OnBodyEnd() = 0;
  // After Connection::TakeOver: everything is taken.
  virtual void OnRaw(std::string_view) {}
  virtual bool OnPeerEnd() { return false; }  // true: what is written still goes out
  virtual void OnDrained() {}
  virtual void OnTimer() {}
  virtual void OnGone() {}           // the peer left
  virtual void OnDrain() {}          // the proxy is about to end
  virtual void OnAccessChanged() {}  // who may do what was read anew

 protected:
  Connection& connection_;
};

class Connection final : public Disposable, public StreamHandler, private IdentityWaiter {
 public:
  Connection(ProxyContext& context, const Stream::Setup& setup, std::string peer, bool verified);
  ~Connection() override;

  ProxyContext& context() { return context_; }
  Stream& stream() { return stream_; }
  const std::string& peer() const { return peer_; }
  const Head& head() const { return current_->head; }
  Caller CallerBy(std::string_view field);
  MonoTime started() const { return current_->started; }

  // Counts and logs what is not served; `code` as of the answer that follows, 0: none does.
  void Refuse(int code, const std::string& reason, std::string_view detail);
  // The whole answer. Where the request's body is not read to its end, the connection ends.
  void Answer(int status, std::string_view body,
              std::string_view type = "text/plain; charset=utf-8", const http::Headers& more = {});
  // Or in pieces: the head (with framing) was written by Write.
  void Queue(std::string_view bytes) {
    stream_.Queue(bytes);
    if (current_ != nullptr) Metrics().sent.Add(static_cast<double>(bytes.size()));
  }
  // The connection is not HTTP from here on; Finish, without keeping it, or Abort ends that. The
  // request's head is forgotten and no timer runs.
  void TakeOver();
  void Finish(int status, bool keep);
  void Abort();  // closes now: the peer sees a broken answer
  void Reset();  // the same where the end of the connection would be that of the answer
  void SetTimer(Millis in) { timer_.Set(in); }
  bool keep_alive() const { return current_->keep; }
  void Drain();
  void AccessChanged();

  void set_position(std::list<std::unique_ptr<Connection>>::iterator at) { position_ = at; }

  void OnOpen() override;
  std::size_t OnData(std::string_view bytes) override;
  void OnDrained() override;
  bool OnPeerEnd() override;
  void OnClosed(std::string_view why) override;

 private:
  struct Current : Disposable {
    Head head;
    BodyDecoder body;
    std::unique_ptr<Exchange> exchange;
    MonoTime started{};
    std::string path;  // "" for a proxied request
    bool keep = true;
    bool body_over = false;
    Role role = Role::kAnyone;
    bool in_flight = false;
    bool raw = false;    // taken over
    bool waits = false;  // until it is known who asks
  };
  std::size_t Begin(std::string_view bytes);
  bool IdentityIsSettled();
  void OnIdentity(Settled settled) override;
  void Proceed();
  std::unique_ptr<Exchange> Choose();
  void Reject(int status, const std::string& reason, std::string_view text);
  RoleMetrics& Metrics() { return context_.metrics.Of(current_->role); }
  void Received(std::size_t bytes) { Metrics().received.Add(static_cast<double>(bytes)); }
  void LeaveFlight();
  void BodyOver();
  void OnTimer();
  void Gone();

  ProxyContext& context_;
  Stream stream_;
  Timer timer_;
  std::unique_ptr<Current> current_;
  std::list<std::unique_ptr<Connection>>::iterator position_;
  const std::string peer_;
  const bool verified_;     // the peer's certificate, when it gave one
  bool begun_ = false;      // bytes of the next head came
  bool last_ = false;       // closing
  std::size_t unsent_ = 0;  // when the timer was set: less of it is progress
};

}  // namespace drover::pushprox
