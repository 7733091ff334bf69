// What a push receiver needs to notice silence: every `up` series it was ever sent, for seven days
// after its last sample, across restarts. No clock, no files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/model/labels.h"

namespace drover::freshness {

struct Target {
  Labels labels;                    // of the series: __name__="up", job, instance, external labels
  std::int64_t first_seen_ms = 0;   // arrival of the first sample
  std::int64_t arrival_ms = 0;      // of the last sample
  std::int64_t sample_time_ms = 0;  // of the last sample
  bool up = false;                  // its value was neither 0 nor a staleness marker

  // Above zero: the sender's clock is behind, or the sample waited on its way.
  double SkewSeconds() const { return static_cast<double>(arrival_ms - sample_time_ms) / 1e3; }
  // How old the newest sample is, by the receiver's clock.
  double AgeSeconds(std::int64_t now_ms) const {
    return static_cast<double>(now_ms - sample_time_ms) / 1e3;
  }
};

// Thread-safe.
class TargetRegistry {
 public:
  void Seen(const Labels& labels, std::int64_t sample_time_ms, double value,
            std::int64_t arrival_ms);
  // Of all known targets, in no order.
  std::vector<Target> Snapshot() const;
  // Drops targets whose last sample arrived before.
  void DropBefore(std::int64_t arrival_ms);
  std::uint64_t changes() const;  // grows with every change

  std::string Encode() const;  // docs/formats/freshness.md
  // Replaces the content. kCorrupt: not such a file; nothing is replaced then.
  Status Decode(std::string_view bytes);

 private:
  mutable Mutex mutex_;
  std::unordered_map<Labels, Target, LabelsHash> targets_ GUARDED_BY(mutex_);
  std::uint64_t changes_ GUARDED_BY(mutex_) = 0;
};

}  // namespace drover::freshness
