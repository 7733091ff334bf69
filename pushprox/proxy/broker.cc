#include "pushprox/proxy/broker.h"

#include <algorithm>

namespace drover::pushprox {

void Broker::Give(Entry& entry, Poll& poll, Scrape& scrape, MonoTime now) {
  entry.poll = nullptr;
  entry.polled = now;
  scrape.taken = true;
  scrapes_[scrape.id] = &scrape;
  poll.Take(scrape);
  scrape.OnTaken();
}

bool Broker::Begin(const std::string& name, Poll& poll, MonoTime now) {
  auto found = names_.find(name);
  if (found == names_.end()) {
    if (names_.size() >= static_cast<std::size_t>(options_.max_names)) Forget(now);
    if (names_.size() >= static_cast<std::size_t>(options_.max_names)) return false;
    found = names_.emplace(name, Entry{}).first;
  }
  Entry& entry = found->second;
  entry.polled = now;
  if (entry.poll != nullptr) entry.poll->Eject();
  entry.poll = &poll;
  if (!entry.waiting.empty()) {
    Scrape* scrape = entry.waiting.front();
    entry.waiting.erase(entry.waiting.begin());
    --waiting_;
    Give(entry, poll, *scrape, now);
  }
  return true;
}

void Broker::End(const std::string& name, Poll& poll, MonoTime now) {
  const auto found = names_.find(name);
  if (found == names_.end() || found->second.poll != &poll) return;
  found->second.poll = nullptr;
  found->second.polled = now;
}

Broker::Outcome Broker::Begin(Scrape& scrape, MonoTime now) {
  if (scrapes() >= static_cast<std::size_t>(options_.max_waiting)) return Outcome::kFull;
  const auto found = names_.find(scrape.name);
  if (found == names_.end() || Expired(found->second, now)) return Outcome::kUnknown;
  Entry& entry = found->second;
  if (entry.poll != nullptr) {
    Give(entry, *entry.poll, scrape, now);
    return Outcome::kTaken;
  }
  if (now - entry.polled > options_.recent) return Outcome::kAway;
  if (entry.waiting.size() >= static_cast<std::size_t>(options_.max_waiting_per_name))
    return Outcome::kFull;
  entry.waiting.push_back(&scrape);
  ++waiting_;
  return Outcome::kWaits;
}

void Broker::End(Scrape& scrape) {
  if (scrape.taken) {
    scrapes_.erase(scrape.id);
    return;
  }
  const auto found = names_.find(scrape.name);
  if (found == names_.end()) return;
  waiting_ -= std::erase(found->second.waiting, &scrape);
}

Scrape* Broker::Find(std::string_view id) const {
  const auto found = scrapes_.find(std::string(id));
  return found == scrapes_.end() ? nullptr : found->second;
}

std::vector<std::string> Broker::Names(MonoTime now) const {
  std::vector<std::string> names;
  for (const auto& [name, entry] : names_) {
    if (!Expired(entry, now)) names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

void Broker::Forget(MonoTime now) {
  std::erase_if(names_, [&](const auto& one) { return Expired(one.second, now); });
}

}  // namespace drover::pushprox
