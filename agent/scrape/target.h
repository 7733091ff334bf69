// One target: what is known of it, and what is done with an answer.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>

#include "agent/config/agent_config.h"
#include "agent/samples/series_cache.h"
#include "agent/scrape/static_targets.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/http/client.h"
#include "core/series/appender.h"

namespace drover::agent::scrape {

enum class Health { kUnknown, kUp, kDown };

struct TargetStatus {
  TargetSpec spec;
  std::string job;
  Health health = Health::kUnknown;
  std::string last_error;
  TimePoint last_scrape{};
  std::chrono::duration<double> last_duration{};
  std::uint64_t samples = 0;
  std::uint64_t series = 0;  // of them after relabelling
  Millis interval{};
  Millis timeout{};
};

// Thread-safe. `out`, `clock` and `log` outlive it.
class Target {
 public:
  Target(const ScrapeConfig& job, const ScrapeLimits& global, TargetSpec spec, Appendable& out,
         Clock& clock, const Logger& log);

  const TargetSpec& spec() const { return spec_; }
  http::ClientRequest MakeRequest() const;
  // Parses and appends, all or nothing; on any failure up is 0 and what was there before is marked
  // stale. Whether the target is up.
  bool OnAnswer(const Result<http::ClientResponse>& answer, TimePoint scraped_at,
                std::chrono::duration<double> duration);
  // Goes on for a target with the same labels that another configuration of the job had: that one
  // takes no more answers, and what it had and the first scrape here lacks is marked stale.
  void TakeOver(Target& old);
  // It will not be scraped again: staleness markers for all.
  void End();

  TargetStatus status() const;
  Millis interval() const { return interval_; }
  Millis offset() const { return offset_; }

 private:
  Status Append(const Result<http::ClientResponse>& answer, Appender& out, std::int64_t t_ms)
      REQUIRES(mutex_);

  const TargetSpec spec_;
  const std::string job_;
  const Millis interval_;
  const Millis timeout_;
  const Millis offset_;
  const bool gzip_;
  const bool honor_timestamps_;
  const std::uint64_t body_limit_;
  Appendable& out_;
  Clock& clock_;
  const Logger& log_;

  mutable Mutex mutex_;
  SeriesCache cache_ GUARDED_BY(mutex_);
  TargetStatus status_ GUARDED_BY(mutex_);
  bool ended_ GUARDED_BY(mutex_) = false;
};

}  // namespace drover::agent::scrape
