// What one target's series were resolved to: after the first scrape a sample costs one look-up.
// Knows which series ended, and marks them stale.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/result.h"
#include "core/model/hash128.h"
#include "core/model/labels.h"
#include "core/model/relabel.h"
#include "core/series/appender.h"

namespace drover::agent {

struct SampleRules {
  Labels target_labels;
  bool honor_labels = false;
  bool track_timestamps_staleness = false;
  std::vector<RelabelRule> metric_relabel;
  std::int64_t sample_limit = 0;  // these four: 0 is none
  std::int64_t label_limit = 0;
  std::int64_t label_name_length_limit = 0;
  std::int64_t label_value_length_limit = 0;
};

struct SampleCounts {
  std::uint64_t scraped = 0;
  std::uint64_t after_relabel = 0;
  std::uint64_t added = 0;    // series that were not there in the scrape before
  std::uint64_t refused = 0;  // told twice, not newer than what was told before, not appended
};

// One scrape: Begin, Add for each sample, then Finish, or Abandon when the scrape went wrong. One
// thread at a time.
class SeriesCache {
 public:
  // Labels of a series that is new; `key` is what Add was given. Only its hash is kept.
  using Decode = std::function<Status(std::string_view key, LabelsBuilder& out)>;

  explicit SeriesCache(SampleRules rules) : rules_(std::move(rules)) {}

  void Begin(Appender& out, std::int64_t t_ms);
  // `key` identifies the series among those of this target. A sample with a timestamp of its own
  // must be newer than the series' last: a page that repeats an old one gives it once. kInvalid
  // (bad labels) and kExhausted (a limit) fail the whole scrape.
  Status Add(std::string_view key, double value, std::optional<std::int64_t> own_t_ms,
             const Decode& decode);
  // Staleness markers for what was there last time and is not now.
  void Finish();
  // Nothing of this scrape counts (the caller rolled it back): markers for all that was there last
  // time.
  void Abandon(Appender& out, std::int64_t t_ms);
  // The target is gone: as Abandon, and the reports end too.
  void End(Appender& out, std::int64_t t_ms);

  // Goes on for a cache of the same target under other rules, before the first Begin: what was
  // there last time and is not in the first scrape here (by its labels) is marked stale. `old` is
  // empty then.
  void Inherit(SeriesCache& old);

  // up and the scrape_… series: not relabelled, marked stale by End only.
  void AddReport(Appender& out, std::string_view name, std::int64_t t_ms, double value);

  const SampleCounts& counts() const { return counts_; }
  std::size_t size() const { return entries_.size(); }

 private:
  struct Entry {
    Labels labels;
    SeriesRef ref = 0;
    std::uint32_t seen = 0;             // number of the scrape, 0: never
    std::uint32_t before = 0;           // and of the one before that
    std::int64_t own_t_ms = INT64_MIN;  // the last timestamp of its own
    bool dropped = false;               // by relabelling
    bool marks_stale = true;            // false: it brings timestamps of its own
  };
  Result<Entry*> Find(std::string_view key, const Decode& decode);
  Status Resolve(std::string_view key, const Decode& decode, Entry& entry) const;
  void MarkStale(Appender& out, std::int64_t t_ms,
                 bool (*ended)(const Entry&, std::uint32_t last_good));

  void MarkInherited(Appender& out, std::int64_t t_ms, bool all);

  const SampleRules rules_;
  std::vector<Entry> inherited_;
  std::unordered_map<Hash128, Entry, Hash128Hash> entries_;  // by the hash of the key
  std::map<std::string, Entry, std::less<>> reports_;
  Appender* out_ = nullptr;
  std::int64_t t_ms_ = 0;
  std::uint32_t scrape_ = 1;     // number of the one under way
  std::uint32_t last_good_ = 0;  // of the last that finished
  SampleCounts counts_;
};

}  // namespace drover::agent
