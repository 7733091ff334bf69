#include "agent/samples/series_cache.h"

#include <unordered_set>
#include <utility>

#include "core/model/sample.h"

namespace drover::agent {
namespace {

// A series that was away this many scrapes is forgotten.
constexpr std::uint32_t kKeepScrapes = 10;

}  // namespace

void SeriesCache::Begin(Appender& out, std::int64_t t_ms) {
  out_ = &out;
  t_ms_ = t_ms;
  ++scrape_;
  counts_ = {};
}

Status SeriesCache::Resolve(std::string_view key, const Decode& decode, Entry& entry) const {
  LabelsBuilder builder;
  DROVER_CHECK(decode(key, builder));
  for (const LabelView& target : rules_.target_labels) {
    const std::string own(builder.Get(target.name));
    if (own.empty()) {
      builder.Set(target.name, target.value);
    } else if (!rules_.honor_labels) {
      std::string exported = "exported_" + std::string(target.name);
      while (!builder.Get(exported).empty()) exported.insert(0, "exported_");
      builder.Set(exported, own);
      builder.Set(target.name, target.value);
    }
  }
  entry.dropped = !Relabel(rules_.metric_relabel, builder) || builder.empty();
  if (entry.dropped) return {};
  entry.labels = builder.Build();
  if (entry.labels.Get(kMetricName).empty())
    return Fail(ErrorCode::kInvalid,
                "series without a name after relabelling: " + std::string(key));
  if (rules_.label_limit > 0 && std::cmp_greater(entry.labels.size(), rules_.label_limit)) {
    return Fail(ErrorCode::kExhausted,
                "label_limit exceeded (metric: " + entry.labels.ToMetricString() +
                    ", number of labels: " + std::to_string(entry.labels.size()) +
                    ", limit: " + std::to_string(rules_.label_limit) + ")");
  }
  for (const LabelView& label : entry.labels) {
    if (rules_.label_name_length_limit > 0 &&
        std::cmp_greater(label.name.size(), rules_.label_name_length_limit)) {
      return Fail(ErrorCode::kExhausted,
                  "label_name_length_limit exceeded (label name: " + std::string(label.name) +
                      ", limit: " + std::to_string(rules_.label_name_length_limit) + ")");
    }
    if (rules_.label_value_length_limit > 0 &&
        std::cmp_greater(label.value.size(), rules_.label_value_length_limit)) {
      return Fail(ErrorCode::kExhausted,
                  "label_value_length_limit exceeded (label name: " + std::string(label.name) +
                      ", limit: " + std::to_string(rules_.label_value_length_limit) + ")");
    }
  }
  return {};
}

Result<SeriesCache::Entry*> SeriesCache::Find(std::string_view key, const Decode& decode) {
  const Hash128 hash = HashText128(key);
  if (const auto found = entries_.find(hash); found != entries_.end()) return &found->second;
  Entry entry;
  DROVER_CHECK(Resolve(key, decode, entry));
  return &entries_.emplace(hash, std::move(entry)).first->second;
}

Status SeriesCache::Add(std::string_view key, double value, std::optional<std::int64_t> own_t_ms,
                        const Decode& decode) {
  ++counts_.scraped;
  DROVER_TRY(Entry* const entry, Find(key, decode));
  if (entry->seen == scrape_ && !own_t_ms) {  // a second sample of the series in one scrape
    ++counts_.refused;
    return {};
  }
  const bool first = entry->seen != scrape_;
  if (first) {
    entry->before = entry->seen;
    entry->seen = scrape_;
  }
  if (entry->dropped) return {};
  ++counts_.after_relabel;
  if (rules_.sample_limit > 0 && std::cmp_greater(counts_.after_relabel, rules_.sample_limit)) {
    return Fail(ErrorCode::kExhausted, "sample_limit exceeded: more than " +
                                           std::to_string(rules_.sample_limit) + " samples");
  }
  if (first && (entry->before == 0 || entry->before < last_good_)) ++counts_.added;
  if (own_t_ms) {
    if (*own_t_ms <= entry->own_t_ms) {
      ++counts_.refused;
      return {};
    }
    entry->own_t_ms = *own_t_ms;
  }
  entry->marks_stale = !own_t_ms || rules_.track_timestamps_staleness;
  const auto ref = out_->Append(entry->ref, entry->labels, own_t_ms.value_or(t_ms_), value);
  if (ref) {
    entry->ref = *ref;
  } else {
    ++counts_.refused;
  }
  return {};
}

void SeriesCache::MarkStale(Appender& out, std::int64_t t_ms,
                            bool (*ended)(const Entry&, std::uint32_t last_good)) {
  if (last_good_ == 0) return;
  for (auto& [key, entry] : entries_) {
    if (entry.dropped || !entry.marks_stale || !ended(entry, last_good_)) continue;
    if (const auto ref = out.Append(entry.ref, entry.labels, t_ms, StaleMarker())) entry.ref = *ref;
  }
}

void SeriesCache::Finish() {
  MarkStale(*out_, t_ms_,
            [](const Entry& entry, std::uint32_t last_good) { return entry.seen == last_good; });
  MarkInherited(*out_, t_ms_, false);
  last_good_ = scrape_;
  std::erase_if(entries_,
                [this](const auto& item) { return item.second.seen + kKeepScrapes < scrape_; });
}

void SeriesCache::Abandon(Appender& out, std::int64_t t_ms) {
  // The failed scrape may have touched some of them already.
  MarkStale(out, t_ms, [](const Entry& entry, std::uint32_t last_good) {
    return entry.seen == last_good || entry.before == last_good;
  });
  MarkInherited(out, t_ms, true);
  last_good_ = 0;
  entries_.clear();
}

void SeriesCache::Inherit(SeriesCache& old) {
  inherited_ = std::exchange(old.inherited_, {});
  for (auto& [key, entry] : old.entries_) {
    const bool there =
        old.last_good_ != 0 && (entry.seen == old.last_good_ || entry.before == old.last_good_);
    if (there && !entry.dropped && entry.marks_stale) inherited_.push_back(std::move(entry));
  }
  if (rules_.target_labels == old.rules_.target_labels) reports_ = std::move(old.reports_);
  old.reports_.clear();
  old.entries_.clear();
  old.last_good_ = 0;
}

void SeriesCache::MarkInherited(Appender& out, std::int64_t t_ms, bool all) {
  if (inherited_.empty()) return;
  std::unordered_set<Hash128, Hash128Hash> here;
  for (const auto& [key, entry] : entries_) {
    if (!all && entry.seen == scrape_ && !entry.dropped)
      here.insert(HashText128(entry.labels.bytes()));
  }
  for (const Entry& entry : std::exchange(inherited_, {})) {
    if (!here.contains(HashText128(entry.labels.bytes())))
      (void)out.Append(entry.ref, entry.labels, t_ms, StaleMarker());
  }
}

void SeriesCache::End(Appender& out, std::int64_t t_ms) {
  Abandon(out, t_ms);
  for (auto& [name, entry] : reports_)
    (void)out.Append(entry.ref, entry.labels, t_ms, StaleMarker());
  reports_.clear();
}

void SeriesCache::AddReport(Appender& out, std::string_view name, std::int64_t t_ms, double value) {
  auto found = reports_.find(name);
  if (found == reports_.end()) {
    LabelsBuilder builder(rules_.target_labels);
    builder.Set(kMetricName, name);
    found =
        reports_.emplace(std::string(name), Entry{builder.Build(), 0, 0, 0, 0, false, true}).first;
  }
  if (const auto ref = out.Append(found->second.ref, found->second.labels, t_ms, value))
    found->second.ref = *ref;
}

}  // namespace drover::agent
