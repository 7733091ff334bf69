// Sends one endpoint's queue, block after block, in order.
#pragma once

#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "agent/config/agent_config.h"
#include "agent/forward/queue.h"
#include "core/base/backoff.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/http/client.h"
#include "core/metrics/registry.h"

namespace drover::agent::forward {

// What an answer means for the block.
enum class Outcome {
  kSent,     // 2xx
  kRetry,    // the peer is away, busy or broken: 5xx, 429, no answer
  kHeld,     // nothing said about the block, but a setting is wrong, there or here: 401, 403, 404,
             // 3xx …; asked again after max_backoff
  kRefused,  // the peer will never take it: 400, 409, 413, 415, 422, which judge the content
};
Outcome Judge(const Result<http::ClientResponse>& answer, bool retry_on_429);

// Seconds or an HTTP date; 0 when absent or in the past, at most an hour.
Millis RetryAfter(const http::ClientResponse& answer, TimePoint now);

struct EndpointStatus {
  std::string name;
  std::string url;  // without a password
  QueueStats queue;
  bool failing = false;
  std::string last_error;
  std::uint64_t samples_sent = 0;
  std::uint64_t bytes_sent = 0;
};

// One thread, from construction until stopped or destroyed: the block under way is cut off then and
// sent again by the next process. All references outlive it. Thread-safe.
class Endpoint {
 public:
  Endpoint(const RemoteWriteConfig& config, std::unique_ptr<Queue> queue,
           std::unique_ptr<http::Client> client, Clock& clock, Registry& registry,
           const Logger& log);

  ~Endpoint();  // its gauges are 0 then: nothing waits for an endpoint that is gone

  void Stop();  // for good
  Queue& queue() { return *queue_; }
  const RemoteWriteConfig& config() const { return config_; }
  EndpointStatus status() const;
  // Brings the gauges up to date (bytes and samples waiting, drops by reason).
  void UpdateMetrics();

 private:
  void Run(std::stop_token stop);
  bool Send(const Block& block, std::stop_token stop);  // false: told to stop
  http::ClientRequest MakeRequest(const Block& block, int attempt) const;
  void NoteFailure(const std::string& error, Outcome outcome, const Block& block);

  const RemoteWriteConfig config_;
  const std::unique_ptr<Queue> queue_;
  const std::unique_ptr<http::Client> client_;
  Clock& clock_;
  Registry& registry_;
  const Logger& log_;
  const MetricLabels labels_;
  Backoff backoff_;

  Counter& samples_total_;
  Counter& metadata_total_;
  Counter& bytes_total_;
  Counter& samples_failed_total_;
  Counter& samples_retried_total_;
  Counter& failed_syncs_total_;
  Gauge& samples_pending_;
  Gauge& queue_bytes_;
  Gauge& queue_oldest_;
  Gauge& highest_sent_;
  Histogram& duration_;

  mutable Mutex mutex_;
  bool failing_ GUARDED_BY(mutex_) = false;
  bool held_ GUARDED_BY(mutex_) = false;  // the last failure was kHeld
  std::string last_error_ GUARDED_BY(mutex_);
  std::map<std::string, std::uint64_t> counted_drops_ GUARDED_BY(mutex_);
  std::uint64_t counted_syncs_ GUARDED_BY(mutex_) = 0;
  std::jthread thread_;
};

}  // namespace drover::agent::forward
