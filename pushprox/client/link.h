// What a client has to one address of the proxy: a tunnel, or polls for each name where the proxy
// knows no tunnels.
#pragma once

#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/backoff.h"
#include "pushprox/client/poller.h"
#include "pushprox/client/tunnel_connection.h"

namespace drover::pushprox {

class Link;

// Called from the loop, never from inside a call on the link.
class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  virtual void OnLinkChanged() = 0;         // another state
  virtual void OnLinkLost(Link& link) = 0;  // what it had broke, or could not be made
  virtual bool OtherUp(const Link& link) const = 0;
};

// One thread: the loop's.
class Link final : public Disposable, public TunnelOwner, public PollerOwner {
 public:
  enum class State { kConnecting, kTunnel, kPoll, kStandby, kDown };

  Link(ClientContext& context, std::shared_ptr<const ProxyAccess> access, const Address& address,
       LinkOwner& owner);

  void Start();
  void NamesChanged();  // the plan has other names or targets
  void EachMinute();    // refused names are tried again, outdated credentials replaced
  void Close();         // tells the proxy; no callback

  State state() const { return state_; }
  bool up() const { return state_ == State::kTunnel || state_ == State::kPoll; }
  const std::string& address() const { return text_; }

 private:
  void OnTunnelOpen(TunnelConnection& connection) override;
  void OnTunnelRegistered(TunnelConnection& connection, std::string_view json) override;
  void OnTunnelGoAway(TunnelConnection& connection, std::string_view why) override;
  void OnTunnelEnded(TunnelConnection& connection, const Error& error) override;
  void OnPolled() override;
  void OnPollFailed(Failure failure, const std::string& why) override;
  void Connect();
  void Replace();  // open another tunnel first
  void StartPolls();
  void StopPolls();
  void Enter(State state);
  void CheckDraining();
  void Say(const std::string& what, const std::string& why);

  ClientContext& context_;
  const std::shared_ptr<const ProxyAccess> access_;
  const Address address_;
  const std::string text_;
  LinkOwner& owner_;
  State state_ = State::kConnecting;
  Backoff backoff_;   // of tunnels
  Backoff busy_;      // where the proxy says later
  Backoff patience_;  // where the proxy said no, or was never there while others are
  Timer retry_;
  Timer drain_;
  bool was_up_ = false;
  bool lost_ = false;  // a poll's connection, since one was held
  unsigned mute_ = 0;  // connections closed instead of an answer, in a row
  std::string said_;   // the last complaint in the log
  std::set<std::string> refused_;
  std::unique_ptr<TunnelConnection> tunnel_;
  std::vector<std::unique_ptr<TunnelConnection>> draining_;
  MonoTime draining_since_{};
  std::shared_ptr<ProxyLeg> leg_;
  std::vector<std::unique_ptr<Poller>> pollers_;
};

std::string_view Name(Link::State state);

}  // namespace drover::pushprox
