// From appended samples to the queues: what Commit takes is encoded once per endpoint and is on
// disk when it returns.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/config/agent_config.h"
#include "agent/forward/endpoint.h"
#include "core/base/mutex.h"
#include "core/model/hash128.h"
#include "core/series/appender.h"

namespace drover::agent::forward {

// Of one series a second sample at the same time is left out and counted. Thread-safe. `clock` and
// `registry` outlive it. References of an earlier forwarder are seen through when each gets another
// `generation`.
class Forwarder final : public Appendable {
 public:
  Forwarder(std::map<std::string, std::string> external_labels,
            std::vector<std::unique_ptr<Endpoint>> endpoints, Clock& clock, Registry& registry,
            std::uint32_t generation = 1);
  ~Forwarder() override;
  // Ends the endpoints' threads, for good; what they have not sent stays in their queues.
  void Stop();

  std::unique_ptr<Appender> NewAppender() override;

  // About once a second: caps, fsync, metadata that is due, series nobody appends to any more.
  void Maintain();

  std::vector<EndpointStatus> status() const;

 private:
  class Batch;
  struct Series {
    std::uint32_t generation = 1;
    std::uint32_t last_used_s = 0;       // since 1970; 0: a free place
    std::int64_t last_t_ms = INT64_MIN;  // of the newest sample committed
    // The series' labels as they go on the wire. When endpoints relabel: for each of them uvarint
    // length and bytes, 0 where it is dropped.
    std::string encoded;
  };
  struct Pending;
  // The number of a series, known or new.
  SeriesRef Resolve(SeriesRef ref, const Labels& labels) REQUIRES(mutex_);
  std::string Encode(const Labels& labels) const;
  std::string_view EncodedFor(const Series& series, std::size_t endpoint) const;
  // Takes samples out that are at their series' last time again.
  void DropDuplicates(std::vector<Pending>& samples) REQUIRES(mutex_);
  Status Write(std::vector<Pending>& samples, const std::vector<MetricMetadata>& metadata);
  void SendMetadata() REQUIRES(mutex_);
  void Sweep(TimePoint now) REQUIRES(mutex_);  // forgets series

  const std::map<std::string, std::string> external_labels_;
  const std::vector<std::unique_ptr<Endpoint>> endpoints_;
  Clock& clock_;
  Gauge& series_gauge_;
  Counter& duplicates_;
  const std::uint32_t first_generation_;
  const bool relabelled_;  // by at least one endpoint

  mutable Mutex mutex_;
  // Index = low 32 bits of the ref; the high ones count how often the place was given away.
  std::deque<Series> series_ GUARDED_BY(mutex_);
  std::vector<std::uint32_t> free_ GUARDED_BY(mutex_);
  // By the hash of the label set: the set itself is in `encoded`, and with whoever appends.
  std::unordered_map<Hash128, std::uint32_t, Hash128Hash> by_labels_ GUARDED_BY(mutex_);
  std::map<std::string, MetricMetadata> metadata_ GUARDED_BY(mutex_);
  std::vector<TimePoint> metadata_sent_ GUARDED_BY(mutex_);  // by endpoint
  TimePoint last_sweep_ GUARDED_BY(mutex_){};
};

}  // namespace drover::agent::forward
