#include "receiver/alerting/silence/silences.h"

#include <algorithm>
#include <random>
#include <tuple>

#include <fmt/format.h>

#include "core/base/utf8.h"
#include "core/json/reader.h"
#include "core/json/writer.h"
#include "receiver/alerting/config/matchers.h"

namespace drover::alerting {
namespace {

tl::unexpected<Error> Bad(std::string message) {
  return Fail(ErrorCode::kInvalid, std::move(message));
}

Status Validate(const Silence& silence) {
  if (silence.matchers.empty()) return Bad("invalid silence: at least one matcher set required");
  bool selective = false;
  for (std::size_t i = 0; i < silence.matchers.size(); ++i) {
    const Matcher& m = silence.matchers[i];
    if (m.name().empty() || !IsValidUtf8(m.name()))
      return Bad(
          fmt::format("invalid silence: invalid label matcher {} in set 0: invalid label "
                      "name \"{}\"",
                      i, m.name()));
    if (!IsValidUtf8(m.value()))
      return Bad(
          fmt::format("invalid silence: invalid label matcher {} in set 0: invalid label "
                      "value \"{}\"",
                      i, m.value()));
    const bool negative = m.type() == MatchType::kNotEqual || m.type() == MatchType::kNotRegexp;
    // The reference counts negative matchers as selective, even those that match nothing.
    if (negative || !m.MatchesEmpty()) selective = true;
  }
  if (!selective)
    return Bad(
        "invalid silence: matcher set 0: at least one matcher must not match the empty "
        "string");
  return {};
}

bool SameMatchers(std::vector<Matcher> a, std::vector<Matcher> b) {
  SortMatchers(a);
  SortMatchers(b);
  return a == b;
}

bool InPlace(const Silence& old, const Silence& changed, TimePoint now) {
  if (!SameMatchers(old.matchers, changed.matchers)) return false;
  switch (old.StateAt(now)) {
    case SilenceState::kActive:
      return std::chrono::floor<std::chrono::seconds>(old.starts_at) ==
                 std::chrono::floor<std::chrono::seconds>(changed.starts_at) &&
             changed.ends_at >= now;
    case SilenceState::kPending:
      return changed.starts_at >= now;
    case SilenceState::kExpired:
      return false;
  }
  return false;
}

std::string MatchersJson(const std::vector<Matcher>& matchers) {
  json::Writer out(false);
  out.BeginArray();
  for (const Matcher& m : matchers) {
    out.BeginArray().String(m.name()).String(Text(m.type())).String(m.value()).EndArray();
  }
  return out.EndArray().Take();
}

Silence Ended(Silence silence, TimePoint now) {
  if (silence.StateAt(now) == SilenceState::kPending) silence.starts_at = now;
  silence.ends_at = now;
  silence.updated_at = now;
  return silence;
}

}  // namespace

std::string_view Text(SilenceState state) {
  return state == SilenceState::kPending  ? "pending"
         : state == SilenceState::kActive ? "active"
                                          : "expired";
}

Result<std::unique_ptr<Silences>> Silences::Open(Database& database, const Clock& clock,
                                                 Millis retention) {
  std::unique_ptr<Silences> out(new Silences(database, clock, retention));
  Lock lock(out->mutex_);
  DROVER_TRY(
      out->unreadable_,
      database.Load(
          "SELECT id, starts_ms, ends_ms, updated_ms, created_by, comment, matchers, annotations "
          "FROM silences",
          "tiiitttt", [&](const SqlRow& row) NO_THREAD_SAFETY_ANALYSIS {
            auto silence = out->Parse(row);
            if (!silence) return false;
            auto shared = std::make_shared<const Silence>(*std::move(silence));
            out->silences_[shared->id] = shared;
            return true;
          }));
  return out;
}

Result<Silence> Silences::Parse(const SqlRow& row) const {
  Silence out;
  out.id = std::get<std::string>(row[0]);
  out.starts_at = FromMs(std::get<std::int64_t>(row[1]));
  out.ends_at = FromMs(std::get<std::int64_t>(row[2]));
  out.updated_at = FromMs(std::get<std::int64_t>(row[3]));
  out.created_by = std::get<std::string>(row[4]);
  out.comment = std::get<std::string>(row[5]);
  const auto corrupt = [&] { return Fail(ErrorCode::kCorrupt, "silence " + out.id); };
  const auto matchers = json::Parse(std::get<std::string>(row[6]));
  const auto annotations = json::Parse(std::get<std::string>(row[7]));
  if (!matchers || !annotations) return corrupt();
  for (const json::Value& m : matchers->items()) {
    if (m.items().size() != 3) return corrupt();
    const std::string& op = m.items()[1].AsString();
    const MatchType type = op == "="    ? MatchType::kEqual
                           : op == "!=" ? MatchType::kNotEqual
                           : op == "=~" ? MatchType::kRegexp
                                        : MatchType::kNotRegexp;
    auto matcher = Matcher::Make(type, m.items()[0].AsString(), m.items()[2].AsString());
    if (!matcher) return corrupt();
    out.matchers.push_back(*std::move(matcher));
  }
  for (const auto& [key, value] : annotations->members()) out.annotations[key] = value.AsString();
  return out;
}

Status Silences::Store(std::vector<Silence> silences) {
  std::vector<Database::Statement> statements;
  for (const Silence& s : silences) {
    json::Writer annotations(false);
    annotations.BeginObject();
    for (const auto& [key, value] : s.annotations) annotations.Key(key).String(value);
    annotations.EndObject();
    statements.push_back(
        {"INSERT OR REPLACE INTO silences (id, starts_ms, ends_ms, updated_ms, "
         "created_by, comment, matchers, annotations) VALUES (?,?,?,?,?,?,?,?)",
         {s.id, ToMs(s.starts_at), ToMs(s.ends_at), ToMs(s.updated_at), s.created_by, s.comment,
          MatchersJson(s.matchers), annotations.Take()}});
  }
  DROVER_CHECK(database_.Write(statements));
  for (Silence& s : silences) {
    auto shared = std::make_shared<const Silence>(std::move(s));
    silences_[shared->id] = shared;
  }
  return {};
}

Result<std::string> Silences::Set(Silence silence) {
  const TimePoint now = clock_.Now();
  DROVER_CHECK(Validate(silence));
  silence.updated_at = now;
  Lock lock(mutex_);
  std::vector<Silence> changes;
  if (!silence.id.empty()) {
    const auto old = silences_.find(silence.id);
    if (old == silences_.end()) return Fail(ErrorCode::kNotFound, "silence not found");
    if (InPlace(*old->second, silence, now)) {
      const std::string id = silence.id;
      changes.push_back(std::move(silence));
      DROVER_CHECK(Store(std::move(changes)));
      return id;
    }
    if (old->second->StateAt(now) != SilenceState::kExpired)
      changes.push_back(Ended(*old->second, now));
  }
  silence.id = NewUuid();
  silence.starts_at = std::max(silence.starts_at, now);
  const std::string id = silence.id;
  changes.push_back(std::move(silence));
  DROVER_CHECK(Store(std::move(changes)));
  return id;
}

Status Silences::Expire(const std::string& id) {
  const TimePoint now = clock_.Now();
  Lock lock(mutex_);
  const auto found = silences_.find(id);
  if (found == silences_.end()) return Fail(ErrorCode::kNotFound, "silence not found");
  if (found->second->StateAt(now) == SilenceState::kExpired) return {};
  return Store({Ended(*found->second, now)});
}

std::shared_ptr<const Silence> Silences::Find(const std::string& id) const {
  Lock lock(mutex_);
  const auto found = silences_.find(id);
  return found == silences_.end() ? nullptr : found->second;
}

std::vector<std::shared_ptr<const Silence>> Silences::List() const {
  const TimePoint now = clock_.Now();
  std::vector<std::shared_ptr<const Silence>> out;
  {
    Lock lock(mutex_);
    for (const auto& [id, silence] : silences_) out.push_back(silence);
  }
  const auto rank = [now](const Silence& s) {
    switch (s.StateAt(now)) {
      case SilenceState::kActive:
        return std::tuple(0, ToMs(s.ends_at));
      case SilenceState::kPending:
        return std::tuple(1, ToMs(s.starts_at));
      case SilenceState::kExpired:
        break;
    }
    return std::tuple(2, -ToMs(s.ends_at));
  };
  std::stable_sort(out.begin(), out.end(),
                   [&](const auto& a, const auto& b) { return rank(*a) < rank(*b); });
  return out;
}

std::vector<std::string> Silences::Muting(const Labels& labels, TimePoint now) const {
  std::vector<std::string> out;
  Lock lock(mutex_);
  for (const auto& [id, silence] : silences_) {
    if (silence->StateAt(now) == SilenceState::kActive && AllMatch(silence->matchers, labels))
      out.push_back(id);
  }
  return out;
}

std::map<SilenceState, std::size_t> Silences::Count(TimePoint now) const {
  std::map<SilenceState, std::size_t> out{
      {SilenceState::kPending, 0}, {SilenceState::kActive, 0}, {SilenceState::kExpired, 0}};
  Lock lock(mutex_);
  for (const auto& [id, silence] : silences_) ++out[silence->StateAt(now)];
  return out;
}

Status Silences::CollectGarbage() {
  const TimePoint limit = clock_.Now() - retention_;
  Lock lock(mutex_);
  DROVER_CHECK(database_.Write("DELETE FROM silences WHERE ends_ms < ?", {ToMs(limit)}));
  std::erase_if(silences_, [limit](const auto& entry) { return entry.second->ends_at < limit; });
  return {};
}

std::string NewUuid() {
  std::random_device random;
  std::uint32_t words[4];
  for (std::uint32_t& word : words) word = random();
  words[1] = (words[1] & 0xFFFF0FFFU) | 0x4000U;
  words[2] = (words[2] & 0x3FFFFFFFU) | 0x80000000U;
  return fmt::format("{:08x}-{:04x}-{:04x}-{:04x}-{:04x}{:08x}", words[0], words[1] >> 16,
                     words[1] & 0xFFFF, words[2] >> 16, words[2] & 0xFFFF, words[3]);
}

bool IsUuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    const bool hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
    if (dash ? c != '-' : !hex) return false;
  }
  return true;
}

}  // namespace drover::alerting
