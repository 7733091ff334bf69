#include "receiver/alerting/group/alert_store.h"

#include <algorithm>

#include "core/base/utf8.h"
#include "core/json/reader.h"
#include "core/json/writer.h"

namespace drover::alerting {
namespace {

Status Validate(const alert::Alert& a) {
  const auto bad = [](std::string text) { return Fail(ErrorCode::kInvalid, std::move(text)); };
  if (a.starts_at == TimePoint{}) return bad("start time missing");
  if (a.ends_at != TimePoint{} && a.ends_at < a.starts_at)
    return bad("start time must be before end time");
  if (a.labels.empty()) return bad("at least one label pair required");
  for (const LabelView& label : a.labels) {
    if (!IsValidUtf8(label.name) || label.name.empty())
      return bad("invalid label set: invalid name \"" + std::string(label.name) + "\"");
    if (!IsValidUtf8(label.value))
      return bad("invalid label set: invalid value \"" + std::string(label.value) + "\"");
  }
  for (const auto& [name, value] : a.annotations) {
    if (!IsValidUtf8(name) || name.empty())
      return bad("invalid annotations: invalid name \"" + name + "\"");
    if (!IsValidUtf8(value)) return bad("invalid annotations: invalid value \"" + value + "\"");
  }
  return {};
}

bool Overlap(const alert::Alert& old, const alert::Alert& fresh) {
  return (fresh.ends_at > old.starts_at && fresh.ends_at < old.ends_at) ||
         (fresh.starts_at > old.starts_at && fresh.starts_at < old.ends_at);
}

}  // namespace

alert::Alert Merge(const alert::Alert& old, const alert::Alert& fresh, TimePoint now) {
  const bool newer = fresh.updated_at >= old.updated_at;
  alert::Alert out = newer ? fresh : old;
  const alert::Alert& other = newer ? old : fresh;
  out.starts_at = std::min(out.starts_at, other.starts_at);
  if (out.ResolvedAt(now)) {
    if (other.ResolvedAt(now)) out.ends_at = std::max(out.ends_at, other.ends_at);
  } else if (other.ends_at > out.ends_at && !other.ends_at_made_up) {
    out.ends_at = other.ends_at;
  }
  return out;
}

Result<AlertStore> AlertStore::Open(Database* database) {
  AlertStore out(database);
  if (database == nullptr) return out;
  DROVER_TRY(
      out.unreadable_,
      database->Load(
          "SELECT fingerprint, labels, annotations, starts_ms, ends_ms, updated_ms, made_up, "
          "generator_url FROM alerts",
          "ittiiiit", [&](const SqlRow& row) {
            auto stored = std::make_shared<alert::Alert>();
            const auto time = [&](std::size_t i) { return FromMs(std::get<std::int64_t>(row[i])); };
            stored->labels = Labels::FromBytes(std::get<std::string>(row[1]));
            const auto annotations = json::Parse(std::get<std::string>(row[2]));
            const auto fingerprint = static_cast<std::uint64_t>(std::get<std::int64_t>(row[0]));
            if (!annotations || alert::Fingerprint(stored->labels) != fingerprint) return false;
            for (const auto& [key, value] : annotations->members())
              stored->annotations[key] = value.AsString();
            stored->starts_at = time(3);
            stored->ends_at = time(4);
            stored->updated_at = time(5);
            stored->ends_at_made_up = std::get<std::int64_t>(row[6]) != 0;
            stored->generator_url = std::get<std::string>(row[7]);
            out.alerts_[fingerprint] = std::move(stored);
            return true;
          }));
  return out;
}

Result<std::pair<std::uint64_t, AlertPtr>> AlertStore::Put(alert::Alert fresh, TimePoint now,
                                                           Millis resolve_timeout) {
  fresh.updated_at = now;
  if (fresh.starts_at == TimePoint{})
    fresh.starts_at = fresh.ends_at == TimePoint{} ? now : fresh.ends_at;
  if (fresh.ends_at == TimePoint{}) {
    fresh.ends_at = now + resolve_timeout;
    fresh.ends_at_made_up = true;
  }
  DROVER_CHECK(Validate(fresh));
  const std::uint64_t fingerprint = alert::Fingerprint(fresh.labels);
  AlertPtr& slot = alerts_[fingerprint];
  if (slot != nullptr && Overlap(*slot, fresh)) fresh = Merge(*slot, fresh, now);
  slot = std::make_shared<const alert::Alert>(std::move(fresh));
  if (database_ != nullptr) dirty_[fingerprint] = slot;
  return std::pair(fingerprint, slot);
}

std::optional<std::pair<std::uint64_t, AlertPtr>> AlertStore::KeepOpen(const Labels& labels,
                                                                       TimePoint now,
                                                                       TimePoint until) {
  const std::uint64_t fingerprint = alert::Fingerprint(labels);
  const auto found = alerts_.find(fingerprint);
  if (found == alerts_.end() || found->second->ResolvedAt(now)) return std::nullopt;
  if (found->second->ends_at < until) {
    auto longer = std::make_shared<alert::Alert>(*found->second);
    longer->ends_at = until;
    longer->updated_at = now;
    if (database_ != nullptr) dirty_[fingerprint] = longer;
    found->second = std::move(longer);
  }
  return std::pair(fingerprint, found->second);
}

void AlertStore::RenewLeases(TimePoint now, TimePoint alive) {
  for (const auto& [fingerprint, a] : alerts_) alive = std::max(alive, a->updated_at);
  for (auto& [fingerprint, a] : alerts_) {
    if (a->ends_at <= a->updated_at || a->ends_at <= alive) continue;
    auto renewed = std::make_shared<alert::Alert>(*a);
    renewed->ends_at = std::max(a->ends_at, now + (a->ends_at - a->updated_at));
    renewed->updated_at = now;
    if (database_ != nullptr) dirty_[fingerprint] = renewed;
    a = std::move(renewed);
  }
}

void AlertStore::NoteEnds(TimePoint now) {
  for (auto& [fingerprint, a] : alerts_) {
    if (!a->ResolvedAt(now) || a->ends_at <= a->updated_at) continue;
    auto ended = std::make_shared<alert::Alert>(*a);
    ended->updated_at = a->ends_at;
    if (database_ != nullptr) dirty_[fingerprint] = ended;
    a = std::move(ended);
  }
}

Status AlertStore::Flush() {
  if (dirty_.empty()) return {};
  std::vector<Database::Statement> statements;
  for (const auto& [fingerprint, a] : dirty_) {
    const auto key = static_cast<std::int64_t>(fingerprint);
    if (a == nullptr) {
      statements.push_back({"DELETE FROM alerts WHERE fingerprint = ?", {key}});
      continue;
    }
    json::Writer annotations(false);
    annotations.BeginObject();
    for (const auto& [name, value] : a->annotations) annotations.Key(name).String(value);
    annotations.EndObject();
    statements.push_back(
        {"INSERT OR REPLACE INTO alerts (fingerprint, labels, annotations, starts_ms, ends_ms, "
         "updated_ms, made_up, generator_url) VALUES (?,?,?,?,?,?,?,?)",
         {key, a->labels.bytes(), annotations.Take(), ToMs(a->starts_at), ToMs(a->ends_at),
          ToMs(a->updated_at), std::int64_t{a->ends_at_made_up}, a->generator_url}});
  }
  DROVER_CHECK(database_->Write(statements));
  dirty_.clear();
  return {};
}

std::vector<std::pair<std::uint64_t, AlertPtr>> AlertStore::CollectGarbage(TimePoint t) {
  std::vector<std::pair<std::uint64_t, AlertPtr>> gone;
  for (const auto& [fingerprint, a] : alerts_) {
    if (a->ResolvedAt(t)) gone.emplace_back(fingerprint, a);
  }
  for (const auto& [fingerprint, a] : gone) {
    alerts_.erase(fingerprint);
    if (database_ != nullptr) dirty_[fingerprint] = nullptr;
  }
  return gone;
}

}  // namespace drover::alerting
