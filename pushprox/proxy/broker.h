// Brings scrapes and clients of one name together. Knows no sockets.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/clock.h"
#include "core/http/url.h"
#include "pushprox/protocol/head.h"
#include "pushprox/protocol/registration.h"
#include "pushprox/proxy/options.h"

namespace drover::pushprox {

class Scrape;
class Tunnel;

// A client that waits for a scrape.
class Poll {
 public:
  virtual ~Poll() = default;
  virtual void Take(Scrape& scrape) = 0;  // the poll is over
  virtual void Eject() = 0;               // another poll of that name came: over too
};

// A client that takes any number of scrapes.
class ClientTunnel {
 public:
  virtual ~ClientTunnel() = default;
  // Calls Scrape::OnTunnel. False: it may not speak for that name any more and has lost it.
  virtual bool Take(Scrape& scrape) = 0;
  virtual void Lose(const std::string& name) = 0;  // newer tunnels have it
};

// A scraper that waits for an answer, or for a connection (a relay).
class Scrape {
 public:
  virtual ~Scrape() = default;
  virtual void OnTaken() = 0;                 // a client that polled has it now
  virtual void OnTunnel(Tunnel& tunnel) = 0;  // to be asked over that

  std::string id;
  std::string name;
  Head head;
  http::Url url;
  MonoTime deadline{};
  MonoTime started{};
  bool relay = false;
  bool taken = false;
  bool in_tunnel = false;  // that is how
};

// What is known of a name.
struct Known {
  std::string name;
  bool alive = false;   // a tunnel or a poll is there, or the client is between two polls
  bool tunnel = false;  // it registered over one
  MonoTime seen{};      // the last registration, poll or end of either
  // By its newest tunnel, or the last it had. Null of a client that polls.
  std::shared_ptr<const RegisteredName> registered;
};

// One thread at a time. Polls, tunnels and scrapes are not owned; each says when it goes.
class Broker {
 public:
  static constexpr std::size_t kMaxTunnels = 4;  // of one name

  explicit Broker(const ProxyOptions& options) : options_(options) {}

  // False when there is no room for another name.
  bool Begin(const std::string& name, Poll& poll, MonoTime now);
  void End(const std::string& name, Poll& poll, MonoTime now);

  // The same; the name's newest tunnel from now on, or what it registered is replaced. The oldest
  // of more than kMaxTunnels loses it.
  bool Begin(std::shared_ptr<const RegisteredName> registered, ClientTunnel& tunnel, MonoTime now);
  // Scrapes that wait for that name go to its tunnel.
  void Serve(const std::string& name, MonoTime now);
  void End(const std::string& name, ClientTunnel& tunnel, MonoTime heard);

  enum class Outcome {
    kTaken,    // a client has it
    kWaits,    // for the client's next poll or tunnel
    kUnknown,  // no such name
    kAway,     // known, but it did not poll for a while
    kFull,     // too many wait, or are with that client
    kNoRelay,  // the client polls: it cannot relay
  };
  Outcome Begin(Scrape& scrape, MonoTime now);
  void End(Scrape& scrape);
  Scrape* Find(std::string_view id) const;  // that a client that polled has

  // Sorted. Those that have a tunnel, wait for a scrape or were there within the registration
  // timeout.
  std::vector<Known> List(MonoTime now) const;
  struct Tally {
    std::size_t tunnel = 0;  // names by how their client is there
    std::size_t poll = 0;
    std::size_t away = 0;
  };
  Tally Count(MonoTime now) const;
  void Forget(MonoTime now);  // names that are none of these
  std::size_t names() const { return names_.size(); }
  std::size_t scrapes() const { return scrapes_.size() + waiting_ + in_tunnels_; }
  std::size_t relays() const { return relays_; }  // not those that wait

 private:
  struct Serving {
    ClientTunnel* tunnel;
    std::shared_ptr<const RegisteredName> registered;
  };
  struct Entry {
    Poll* poll = nullptr;
    MonoTime seen{};          // when the last poll or tunnel began or ended
    bool tunneled = false;    // that was a tunnel
    std::uint32_t asked = 0;  // scrapes under way in tunnels
    std::shared_ptr<const RegisteredName> registered;  // last, of a tunnel
    std::vector<Serving> tunnels;                      // the newest last
    std::vector<Scrape*> waiting;
  };
  bool Expired(const Entry& entry, MonoTime now) const {
    return entry.tunnels.empty() && entry.poll == nullptr && entry.waiting.empty() &&
           now - entry.seen >= options_.registration_timeout;
  }
  bool Alive(const Entry& entry, MonoTime now) const {
    return !entry.tunnels.empty() || entry.poll != nullptr ||
           (!entry.tunneled && now - entry.seen <= options_.recent);
  }
  Entry* Room(const std::string& name, MonoTime now);
  void Give(Entry& entry, Poll& poll, Scrape& scrape, MonoTime now);
  bool GiveToTunnel(Entry& entry, Scrape& scrape, MonoTime now);
  void Count(Entry* entry, Scrape& scrape, bool in);
  void CountWaiting(const Scrape& scrape, bool in);
  bool IsFull(const Scrape& scrape) const;

  const ProxyOptions& options_;
  std::unordered_map<std::string, Entry> names_;
  std::unordered_map<std::string, Scrape*> scrapes_;  // by id, of clients that polled
  std::size_t waiting_ = 0;
  std::size_t relays_waiting_ = 0;
  std::size_t in_tunnels_ = 0;
  std::size_t relays_ = 0;
};

}  // namespace drover::pushprox
