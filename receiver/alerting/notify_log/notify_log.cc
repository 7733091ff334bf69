#include "receiver/alerting/notify_log/notify_log.h"

#include <algorithm>

#include "core/base/bytes.h"

namespace drover::alerting {
namespace {

// Eight bytes each, little endian.
std::string Pack(const Fingerprints& set) {
  std::string out;
  for (const std::uint64_t f : set) {
    for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>((f >> shift) & 0xFF);
  }
  return out;
}

Fingerprints Unpack(const std::string& bytes) {
  Fingerprints out;
  for (std::size_t i = 0; i + 8 <= bytes.size(); i += 8) {
    std::uint64_t f = 0;
    for (std::size_t k = 0; k < 8; ++k)
      f |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i + k])) << (8 * k);
    out.insert(f);
  }
  return out;
}

Database::Statement HistoryRow(const HistoryEntry& h) {
  return {
      "INSERT INTO notifications (time_ms, group_key, receiver, integration, idx, reason, "
      "firing, resolved, attempts, error) VALUES (?,?,?,?,?,?,?,?,?,?)",
      {ToMs(h.time), h.target.group_key, h.target.receiver, h.target.integration,
       std::int64_t{h.target.index}, h.reason, std::int64_t{h.firing}, std::int64_t{h.resolved},
       std::int64_t{h.attempts}, h.error}};
}

}  // namespace

Result<std::unique_ptr<NotifyLog>> NotifyLog::Open(Database& database, const Clock& clock,
                                                   Millis retention) {
  std::unique_ptr<NotifyLog> out(new NotifyLog(database, clock, retention));
  Lock lock(out->mutex_);
  DROVER_TRY(
      out->unreadable_,
      database.Load(
          "SELECT group_key, receiver, integration, idx, time_ms, expires_ms, firing, resolved "
          "FROM notify_log",
          "tttiiitt", [&](const SqlRow& row) NO_THREAD_SAFETY_ANALYSIS {
            Kept& kept = out->entries_[{
                std::get<std::string>(row[0]), std::get<std::string>(row[1]),
                std::get<std::string>(row[2]), static_cast<int>(std::get<std::int64_t>(row[3]))}];
            kept.entry.time = FromMs(std::get<std::int64_t>(row[4]));
            kept.expires = FromMs(std::get<std::int64_t>(row[5]));
            kept.entry.firing = Unpack(std::get<std::string>(row[6]));
            kept.entry.resolved = Unpack(std::get<std::string>(row[7]));
            return true;
          }));
  return out;
}

std::optional<NotifyEntry> NotifyLog::Find(const NotifyTarget& target) const {
  Lock lock(mutex_);
  const auto found = entries_.find(target);
  if (found == entries_.end() || found->second.expires < clock_.Now()) return std::nullopt;
  return found->second.entry;
}

Status NotifyLog::Record(const NotifyTarget& target, const NotifyEntry& entry, Millis keep,
                         const HistoryEntry& history) {
  const TimePoint expires = entry.time + keep;
  std::vector<Database::Statement> statements{
      {"INSERT OR REPLACE INTO notify_log (group_key, receiver, integration, idx, time_ms, "
       "expires_ms, firing, resolved) VALUES (?,?,?,?,?,?,?,?)",
       {target.group_key, target.receiver, target.integration, std::int64_t{target.index},
        ToMs(entry.time), ToMs(expires), Pack(entry.firing), Pack(entry.resolved)}}};
  if (history.attempts > 0) statements.push_back(HistoryRow(history));
  {
    Lock lock(mutex_);
    entries_[target] = {entry, expires};  // holds for this process even if the disk is full
  }
  return database_.Write(statements);
}

Status NotifyLog::RecordFailure(const HistoryEntry& history) {
  return database_.Write({HistoryRow(history)});
}

Result<std::vector<HistoryEntry>> NotifyLog::History(std::size_t limit) const {
  std::vector<HistoryEntry> out;
  DROVER_CHECK(database_.Read(
      "SELECT time_ms, group_key, receiver, integration, idx, reason, firing, resolved, attempts, "
      "error FROM notifications ORDER BY id DESC LIMIT ?",
      {static_cast<std::int64_t>(limit)}, [&](const SqlRow& row) {
        const auto number = [&](std::size_t i) {
          return static_cast<int>(std::get<std::int64_t>(row[i]));
        };
        const auto text = [&](std::size_t i) { return std::get<std::string>(row[i]); };
        out.push_back({FromMs(std::get<std::int64_t>(row[0])),
                       {text(1), text(2), text(3), number(4)},
                       text(5),
                       number(6),
                       number(7),
                       number(8),
                       text(9)});
      }));
  return out;
}

Status NotifyLog::CollectGarbage() {
  const TimePoint now = clock_.Now();
  {
    Lock lock(mutex_);
    std::erase_if(entries_, [now](const auto& e) { return e.second.expires < now; });
  }
  return database_.Write(
      {{"DELETE FROM notify_log WHERE expires_ms < ?", {ToMs(now)}},
       {"DELETE FROM notifications WHERE time_ms < ?", {ToMs(now - retention_)}},
       {"DELETE FROM notifications WHERE id <= (SELECT max(id) - 100000 FROM notifications)", {}}});
}

TimePoint NotifyLog::newest() const {
  TimePoint newest{};
  Lock lock(mutex_);
  for (const auto& [target, kept] : entries_) newest = std::max(newest, kept.entry.time);
  return newest;
}

std::size_t NotifyLog::size() const {
  Lock lock(mutex_);
  return entries_.size();
}

}  // namespace drover::alerting
