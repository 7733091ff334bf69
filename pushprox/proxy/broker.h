// Brings scrapes and polls of one name together. Knows no sockets.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/clock.h"
#include "core/http/url.h"
#include "pushprox/protocol/head.h"
#include "pushprox/proxy/options.h"

namespace drover::pushprox {

class Scrape;

// A client that waits for a scrape.
class Poll {
 public:
  virtual ~Poll() = default;
  virtual void Take(Scrape& scrape) = 0;  // the poll is over
  virtual void Eject() = 0;               // another poll of that name came: over too
};

// A scraper that waits for an answer.
class Scrape {
 public:
  virtual ~Scrape() = default;
  virtual void OnTaken() = 0;  // a client has it now

  std::string id;
  std::string name;
  Head head;
  http::Url url;
  MonoTime deadline{};
  MonoTime started{};
  bool taken = false;
};

// One thread at a time. Neither polls nor scrapes are owned; each says when it goes.
class Broker {
 public:
  explicit Broker(const ProxyOptions& options) : options_(options) {}

  // False when there is no room for another name.
  bool Begin(const std::string& name, Poll& poll, MonoTime now);
  void End(const std::string& name, Poll& poll, MonoTime now);

  enum class Outcome {
    kTaken,    // a client has it
    kWaits,    // for the client's next poll
    kUnknown,  // no such name
    kAway,     // known, but it did not poll for a while
    kFull,     // too many wait
  };
  Outcome Begin(Scrape& scrape, MonoTime now);
  void End(Scrape& scrape);
  Scrape* Find(std::string_view id) const;  // that a client has

  // Sorted. Those that wait for a scrape or polled within the registration timeout.
  std::vector<std::string> Names(MonoTime now) const;
  void Forget(MonoTime now);  // names that are neither
  std::size_t names() const { return names_.size(); }
  std::size_t scrapes() const { return scrapes_.size() + waiting_; }

 private:
  struct Entry {
    Poll* poll = nullptr;
    MonoTime polled{};  // when the last poll began or ended
    std::vector<Scrape*> waiting;
  };
  bool Expired(const Entry& entry, MonoTime now) const {
    return entry.poll == nullptr && entry.waiting.empty() &&
           now - entry.polled >= options_.registration_timeout;
  }
  void Give(Entry& entry, Poll& poll, Scrape& scrape, MonoTime now);

  const ProxyOptions& options_;
  std::unordered_map<std::string, Entry> names_;
  std::unordered_map<std::string, Scrape*> scrapes_;  // by id, taken
  std::size_t waiting_ = 0;
};

}  // namespace drover::pushprox
