// What a client has to one address of the proxy: a tunnel, or polls for each name where the proxy
// knows no tunnels.
#pragma once

#include <cstddef>
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

// Called from the loop, never from inside a call on the link. None of it destroys the link.
class LinkOwner {
 public:
  virtual ~LinkOwner() = default;
  virtual void OnLinkChanged() = 0;  // another state, or other names
  // What it had broke, or could not be made. `was_up`: it served until now.
  virtual void OnLinkLost(Link& link, bool was_up) = 0;
  virtual bool OtherUp(const Link& link) const = 0;
};

// One thread: the loop's.
class Link final : public Disposable, public TunnelOwner, public PollerOwner {
 public:
  enum class State { kConnecting, kTunnel, kPoll, kStandby, kDown };

  Link(ClientContext& context, std::shared_ptr<const ProxyAccess> access, const Address& address,
       LinkOwner& owner);

  void Start();
  void Wake();          // it stands by: others are lost
  void NamesChanged();  // the plan has other names or targets, or was read again
  void EachMinute();    // refused names are tried again, outdated credentials replaced
  void Yield();         // stands by if newer tunnels have all names, and others serve them
  void Leave();         // opens nothing any more; scrapes under way end
  void Close();         // tells the proxy; no callback

  State state() const { return state_; }
  // It serves: polls, or has a tunnel with one of our names at least.
  bool up() const { return state_ == State::kPoll || (state_ == State::kTunnel && served_ > 0); }
  bool idle() const { return draining_.empty(); }  // after Leave
  const std::string& address() const { return text_; }

 private:
  struct Draining {
    std::unique_ptr<TunnelConnection> connection;
    MonoTime since{};
  };
  void OnTunnelOpen(TunnelConnection& connection) override;
  void OnTunnelRegistered(TunnelConnection& connection, std::string_view json) override;
  void OnTunnelGoAway(TunnelConnection& connection, std::string_view why) override;
  void OnTunnelEnded(TunnelConnection& connection, const Error& error) override;
  void OnPolled() override;
  void OnPollFailed(Failure failure, const std::string& why) override;
  std::unique_ptr<TunnelConnection> Connect();
  void TakeNames(std::string_view json);
  void NoTunnel(const TunnelConnection& connection, const Error& error);
  bool OthersEnded(TunnelConnection& connection, const Error& error);
  void LookAtCredentials();
  void StandBy(Millis how_long);
  void StartPolls();
  void StopPolls();
  void Enter(State state);
  void Drain(std::unique_ptr<TunnelConnection> connection);
  void CheckDraining();
  bool Stood() const;
  void Say(const std::string& what, const std::string& why);

  ClientContext& context_;
  const std::shared_ptr<const ProxyAccess> access_;
  const Address address_;
  const std::string text_;
  LinkOwner& owner_;
  State state_ = State::kConnecting;
  Backoff backoff_;   // of tunnels
  Backoff busy_;      // where the proxy says later
  Backoff hasty_;     // that are told to go away as soon as they stand
  Backoff patience_;  // where the proxy said no, or was never there while others are
  Backoff again_;     // for a tunnel while polls serve
  Timer retry_;
  Timer drain_;
  bool was_up_ = false;
  bool was_tunnel_ = false;
  bool leaving_ = false;
  bool lost_ = false;   // a poll's connection, since one was held
  bool fresh_ = false;  // polls began, and none was held yet
  unsigned mute_ = 0;   // connections closed instead of an answer, in a row
  unsigned later_ = 0;   // 5xx and the like as the answer
  std::string said_;    // the last complaint in the log
  std::set<std::string> refused_;
  std::size_t served_ = 0;  // names
  bool displaced_ = false;  // newer tunnels have all names
  MonoTime registered_{};
  std::unique_ptr<TunnelConnection> tunnel_;
  std::unique_ptr<TunnelConnection> next_;  // with newer credentials, until it is registered
  std::vector<Draining> draining_;
  std::shared_ptr<ProxyLeg> leg_;
  std::vector<std::unique_ptr<Poller>> pollers_;
};

std::string_view Name(Link::State state);

}  // namespace drover::pushprox
