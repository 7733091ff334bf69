// From appended samples to the queues: what Commit takes is encoded once per endpoint and is on
// disk when it returns.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "agent/config/agent_config.h"
#include "agent/forward/endpoint.h"
#include "core/base/mutex.h"
#include "core/series/appender.h"

namespace drover::agent::forward {

// Thread-safe. `clock` and `registry` outlive it. References of an earlier forwarder are seen
// through when each gets another `generation`.
class Forwarder final : public Appendable {
 public:
  Forwarder(std::map<std::string, std::string> external_labels,
            std::vector<std::unique_ptr<Endpoint>> endpoints, Clock& clock, Registry& registry,
            std::uint32_t generation = 1);
  ~Forwarder() override;

  std::unique_ptr<Appender> NewAppender() override;

  // About once a second: caps, fsync, metadata that is due, series nobody appends to any more.
  void Maintain();

  std::vector<EndpointStatus> status() const;

 private:
  class Batch;
  struct Series;
  struct Pending;
  // The number of a series, known or new; 0 when every endpoint's relabelling drops it.
  SeriesRef Resolve(SeriesRef ref, const Labels& labels) REQUIRES(mutex_);
  Status Write(const std::vector<Pending>& samples, const std::vector<MetricMetadata>& metadata);
  void SendMetadata() REQUIRES(mutex_);

  const std::map<std::string, std::string> external_labels_;
  const std::vector<std::unique_ptr<Endpoint>> endpoints_;
  Clock& clock_;
  Gauge& series_gauge_;
  const std::uint32_t first_generation_;

  mutable Mutex mutex_;
  // Index = low 32 bits of the ref; the high ones count how often the place was given away.
  std::vector<Series> series_ GUARDED_BY(mutex_);
  std::vector<std::uint32_t> free_ GUARDED_BY(mutex_);
  std::unordered_map<Labels, std::uint32_t, LabelsHash> by_labels_ GUARDED_BY(mutex_);
  std::map<std::string, MetricMetadata> metadata_ GUARDED_BY(mutex_);
  std::vector<TimePoint> metadata_sent_ GUARDED_BY(mutex_);  // by endpoint
  TimePoint last_sweep_ GUARDED_BY(mutex_){};
};

}  // namespace drover::agent::forward
