// Scrapes all targets of all jobs, each at its own moment of the interval.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/config/agent_config.h"
#include "agent/scrape/target.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/metrics/registry.h"

namespace drover::agent::scrape {

// One thread that starts requests; answers are worked on by the clients' thread. Thread-safe.
class ScrapeManager {
 public:
  using MakeClient = std::function<std::unique_ptr<http::Client>(const http::ClientConfig&)>;
  // All references outlive it.
  ScrapeManager(MakeClient make_client, Appendable& out, Clock& clock, Registry& registry,
                const Logger& log);
  ~ScrapeManager();
  // Ends what is under way, for good. No staleness markers: the next process goes on with the same
  // targets.
  void Stop();

  // Jobs and targets that stay as they are keep their state; others begin or end. On an error
  // nothing changes.
  Status Apply(const AgentConfig& config);

  std::vector<TargetStatus> status() const;
  std::map<std::string, std::vector<Labels>> dropped() const;  // by job

 private:
  struct Job;
  struct Due;
  void Run(std::stop_token stop);
  void Replan(TimePoint now) REQUIRES(mutex_);
  void StartScrape(const std::shared_ptr<Job>& job, const std::shared_ptr<Target>& target,
                   TimePoint planned) REQUIRES(mutex_);

  const MakeClient make_client_;
  Appendable& out_;
  Clock& clock_;
  const Logger& log_;
  Counter& scrapes_;
  Counter& failures_;
  Gauge& targets_;

  mutable Mutex mutex_;
  std::map<std::string, std::shared_ptr<Job>> jobs_ GUARDED_BY(mutex_);
  std::vector<Due> due_ GUARDED_BY(mutex_);  // a heap, soonest first
  std::jthread thread_;
};

}  // namespace drover::agent::scrape
