#include "pushprox/proxy/broker.h"

#include <algorithm>
#include <utility>

namespace drover::pushprox {

Broker::Entry* Broker::Room(const std::string& name, MonoTime now) {
  const auto found = names_.find(name);
  if (found != names_.end()) return &found->second;
  if (names_.size() >= static_cast<std::size_t>(options_.max_names)) Forget(now);
  if (names_.size() >= static_cast<std::size_t>(options_.max_names)) return nullptr;
  return &names_.emplace(name, Entry{}).first->second;
}

// --- polls ---

void Broker::Give(Entry& entry, Poll& poll, Scrape& scrape, MonoTime now) {
  entry.poll = nullptr;
  entry.seen = now;
  entry.tunneled = false;
  scrape.taken = true;
  scrapes_[scrape.id] = &scrape;
  poll.Take(scrape);
  scrape.OnTaken();
}

bool Broker::Begin(const std::string& name, Poll& poll, MonoTime now) {
  Entry* entry = Room(name, now);
  if (entry == nullptr) return false;
  entry->seen = now;
  if (entry->tunnels.empty()) {
    entry->tunneled = false;
    entry->registered = nullptr;
  }
  if (entry->poll != nullptr) entry->poll->Eject();
  entry->poll = &poll;
  const auto next = std::find_if(entry->waiting.begin(), entry->waiting.end(),
                                 [](const Scrape* one) { return !one->relay; });
  if (next != entry->waiting.end()) {
    Scrape* scrape = *next;
    entry->waiting.erase(next);
    CountWaiting(*scrape, false);
    Give(*entry, poll, *scrape, now);
  }
  return true;
}

void Broker::End(const std::string& name, Poll& poll, MonoTime now) {
  const auto found = names_.find(name);
  if (found == names_.end() || found->second.poll != &poll) return;
  found->second.poll = nullptr;
  found->second.seen = now;
}

// --- tunnels ---

bool Broker::Begin(std::shared_ptr<const RegisteredName> registered, ClientTunnel& tunnel,
                   MonoTime now) {
  const std::string& name = registered->name;
  Entry* entry = Room(name, now);
  if (entry == nullptr) return false;
  entry->seen = now;
  entry->tunneled = true;
  const auto known = std::find_if(entry->tunnels.begin(), entry->tunnels.end(),
                                  [&](const Serving& one) { return one.tunnel == &tunnel; });
  if (known != entry->tunnels.end()) {
    known->registered = std::move(registered);
    entry->registered = entry->tunnels.back().registered;  // the newest one's words stand
    return true;
  }
  if (entry->tunnels.size() == kMaxTunnels) {
    ClientTunnel* oldest = entry->tunnels.front().tunnel;
    entry->tunnels.erase(entry->tunnels.begin());
    oldest->Lose(name);
  }
  entry->registered = registered;
  entry->tunnels.push_back({&tunnel, std::move(registered)});
  return true;
}

void Broker::Serve(const std::string& name, MonoTime now) {
  const auto found = names_.find(name);
  if (found == names_.end()) return;
  Entry& entry = found->second;
  while (!entry.waiting.empty() && !entry.tunnels.empty()) {
    Scrape* scrape = entry.waiting.front();
    entry.waiting.erase(entry.waiting.begin());
    CountWaiting(*scrape, false);
    if (GiveToTunnel(entry, *scrape, now)) continue;
    entry.waiting.insert(entry.waiting.begin(), scrape);
    CountWaiting(*scrape, true);
  }
}

void Broker::End(const std::string& name, ClientTunnel& tunnel, MonoTime heard) {
  const auto found = names_.find(name);
  if (found == names_.end()) return;
  Entry& entry = found->second;
  if (std::erase_if(entry.tunnels, [&](const Serving& one) { return one.tunnel == &tunnel; }) > 0)
    entry.seen = std::max(entry.seen, heard);
  if (!entry.tunnels.empty()) entry.registered = entry.tunnels.back().registered;
}

// A tunnel whose token ran out comes again with a newer one: the scrape may wait for it.
bool Broker::GiveToTunnel(Entry& entry, Scrape& scrape, MonoTime now) {
  while (!entry.tunnels.empty()) {
    Count(&entry, scrape, true);
    if (entry.tunnels.back().tunnel->Take(scrape)) return true;
    Count(&entry, scrape, false);
    entry.tunnels.pop_back();
    entry.seen = now;
  }
  return false;
}

void Broker::Count(Entry* entry, Scrape& scrape, bool in) {
  scrape.taken = scrape.in_tunnel = in;
  std::size_t& all = scrape.relay ? relays_ : in_tunnels_;
  all += in ? 1U : static_cast<std::size_t>(-1);
  if (entry != nullptr && !scrape.relay) entry->asked += in ? 1U : static_cast<std::uint32_t>(-1);
}

void Broker::CountWaiting(const Scrape& scrape, bool in) {
  (scrape.relay ? relays_waiting_ : waiting_) += in ? 1U : static_cast<std::size_t>(-1);
}

// --- scrapes ---

bool Broker::IsFull(const Scrape& scrape) const {
  return scrape.relay ? relays_ + relays_waiting_ >= static_cast<std::size_t>(options_.max_relays)
                      : scrapes() >= static_cast<std::size_t>(options_.max_waiting);
}

Broker::Outcome Broker::Begin(Scrape& scrape, MonoTime now) {
  if (IsFull(scrape)) return Outcome::kFull;
  const auto found = names_.find(scrape.name);
  if (found == names_.end() || Expired(found->second, now)) return Outcome::kUnknown;
  Entry& entry = found->second;
  const auto most = static_cast<std::size_t>(options_.max_waiting_per_name);
  if (!entry.tunnels.empty()) {
    if (!scrape.relay && entry.asked >= most) return Outcome::kFull;
    if (GiveToTunnel(entry, scrape, now)) return Outcome::kTaken;
  }
  if (scrape.relay && !entry.tunneled) return Outcome::kNoRelay;
  if (entry.poll != nullptr && !scrape.relay) {
    Give(entry, *entry.poll, scrape, now);
    return Outcome::kTaken;
  }
  if (now - entry.seen > options_.recent) return Outcome::kAway;
  if (entry.waiting.size() >= most) return Outcome::kFull;
  entry.waiting.push_back(&scrape);
  CountWaiting(scrape, true);
  return Outcome::kWaits;
}

void Broker::End(Scrape& scrape) {
  if (scrape.taken && !scrape.in_tunnel) {
    scrapes_.erase(scrape.id);
    return;
  }
  const auto found = names_.find(scrape.name);
  Entry* entry = found != names_.end() ? &found->second : nullptr;
  if (scrape.in_tunnel) {
    Count(entry, scrape, false);
  } else if (entry != nullptr) {
    if (std::erase(entry->waiting, &scrape) > 0) CountWaiting(scrape, false);
  }
}

Scrape* Broker::Find(std::string_view id) const {
  const auto found = scrapes_.find(std::string(id));
  return found == scrapes_.end() ? nullptr : found->second;
}

// --- names ---

std::vector<Known> Broker::List(MonoTime now) const {
  std::vector<Known> all;
  for (const auto& [name, entry] : names_) {
    if (Expired(entry, now)) continue;
    Known one;
    one.name = name;
    one.tunnel = entry.tunneled;
    one.alive = Alive(entry, now);
    one.seen = entry.seen;
    one.registered = entry.registered;
    all.push_back(std::move(one));
  }
  std::sort(all.begin(), all.end(), [](const Known& a, const Known& b) { return a.name < b.name; });
  return all;
}

Broker::Tally Broker::Count(MonoTime now) const {
  Tally tally;
  for (const auto& [name, entry] : names_) {
    if (Expired(entry, now)) continue;
    ++(!Alive(entry, now) ? tally.away : entry.tunneled ? tally.tunnel : tally.poll);
  }
  return tally;
}

void Broker::Forget(MonoTime now) {
  std::erase_if(names_,
                [&](const auto& one) { return Expired(one.second, now) && one.second.asked == 0; });
}

}  // namespace drover::pushprox
