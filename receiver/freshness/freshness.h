// Stands between ingest and the store and remembers every `up` series that passes: when it last
// sent, when that arrived. `drover_target_last_sample_age_seconds` and
// `drover_ingest_clock_skew_seconds` come from its snapshot.
//
//   Freshness freshness(head, clock, fs, "freshness", log);
//   WriteHandler handler(freshness, …);
//   for (const Target& target : freshness.targets().Snapshot()) …
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <unordered_map>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/os/file_system.h"
#include "core/series/appender.h"
#include "receiver/freshness/registry.h"

namespace drover::freshness {

struct FreshnessOptions {
  Millis keep = std::chrono::days(7);
  Millis save_interval = std::chrono::seconds(30);  // 0: only Save() and the end
};

// Thread-safe. What it is given outlives it; its appenders go before it. A sample counts when its
// commit succeeded.
class Freshness final : public Appendable {
 public:
  // Reads the state file; a damaged one is set aside and said once.
  Freshness(Appendable& store, Clock& clock, FileSystem& fs, std::string path, const Logger& log,
            FreshnessOptions options = {});
  ~Freshness() override;  // saves

  std::unique_ptr<Appender> NewAppender() override;
  const TargetRegistry& targets() const { return targets_; }

  // Drops what is too old, writes the file if anything changed.
  Status Save();

 private:
  class Watch;
  // Series numbers that are `up`, learned when their labels passed. Copied when it grows, so that
  // appenders look up without a lock.
  using UpSeries = std::unordered_map<SeriesRef, Labels>;
  std::shared_ptr<const UpSeries> up_series() const;
  void Learn(const std::vector<std::pair<SeriesRef, Labels>>& learned);
  void Run(std::stop_token stop);

  Appendable& store_;
  Clock& clock_;
  FileSystem& fs_;
  const std::string path_;
  const Logger& log_;
  const FreshnessOptions options_;
  TargetRegistry targets_;

  mutable Mutex up_mutex_;
  std::shared_ptr<const UpSeries> up_ GUARDED_BY(up_mutex_);

  Mutex save_mutex_;
  std::uint64_t saved_changes_ GUARDED_BY(save_mutex_) = 0;
  std::jthread thread_;  // last
};

}  // namespace drover::freshness
