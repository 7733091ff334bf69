#include "agent/scrape/scrape_manager.h"

#include <algorithm>

#include "agent/samples/scrape_report.h"

namespace drover::agent::scrape {

struct ScrapeManager::Job {
  std::string text;  // the effective configuration, to see whether it changed
  std::shared_ptr<http::Client> client;
  std::vector<std::shared_ptr<Target>> targets;
  std::vector<Labels> dropped;
};

struct ScrapeManager::Due {
  TimePoint at;
  std::weak_ptr<Job> job;
  std::weak_ptr<Target> target;
  bool operator<(const Due& other) const { return at > other.at; }
};

ScrapeManager::ScrapeManager(MakeClient make_client, Appendable& out, Clock& clock,
                             Registry& registry, const Logger& log)
    : make_client_(std::move(make_client)),
      out_(out),
      clock_(clock),
      log_(log),
      scrapes_(registry.AddCounter("drover_agent_scrapes_total",
                                   "Scrapes of HTTP targets that ended, well or not.")),
      failures_(registry.AddCounter("drover_agent_scrape_failures_total",
                                    "Scrapes of HTTP targets that failed.")),
      targets_(registry.AddGauge("drover_agent_targets", "HTTP targets that are scraped.")),
      thread_([this](std::stop_token stop) { Run(stop); }) {}

ScrapeManager::~ScrapeManager() { Stop(); }

void ScrapeManager::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  std::vector<std::shared_ptr<http::Client>> clients;
  {
    Lock lock(mutex_);
    due_.clear();
    for (auto& [name, job] : jobs_) clients.push_back(std::move(job->client));
  }
  clients.clear();  // cancels what is under way
}

Status ScrapeManager::Apply(const AgentConfig& config) {
  struct Planned {
    const ScrapeConfig* config;
    std::string text;
    TargetSet targets;
  };
  std::map<std::string, Planned> wanted;
  for (const ScrapeConfig& job : config.scrape_configs) {
    DROVER_TRY(TargetSet targets, MakeTargets(job));
    wanted[job.job_name] = {
        &job, WriteFields(job) + http::SecretText(job.client) + WriteFields(config.global),
        std::move(targets)};
  }
  std::vector<std::shared_ptr<Target>> ended;
  std::vector<std::shared_ptr<http::Client>> old_clients;
  {
    Lock lock(mutex_);
    for (auto it = jobs_.begin(); it != jobs_.end();) {
      const auto still = wanted.find(it->first);
      if (still != wanted.end() && still->second.text == it->second->text) {
        ++it;
        continue;
      }
      ended.insert(ended.end(), it->second->targets.begin(), it->second->targets.end());
      old_clients.push_back(it->second->client);
      it = jobs_.erase(it);
    }
    std::size_t count = 0;
    for (auto& [name, planned] : wanted) {
      auto& job = jobs_[name];
      if (!job) {
        job = std::make_shared<Job>();
        job->text = planned.text;
        job->client = make_client_(planned.config->client);
        job->dropped = planned.targets.dropped;
        for (TargetSpec& spec : planned.targets.active) {
          // A target of which only the job's other settings changed keeps its series.
          const auto same = std::find_if(ended.begin(), ended.end(), [&](const auto& t) {
            return t->spec().labels == spec.labels;
          });
          auto target = std::make_shared<Target>(*planned.config, config.global.limits,
                                                 std::move(spec), out_, clock_, log_);
          if (same != ended.end()) {
            target->TakeOver(**same);
            ended.erase(same);
          }
          const TimePoint first = NextScrape(clock_.Now(), target->interval(), target->offset());
          due_.push_back({first, job, target});
          std::push_heap(due_.begin(), due_.end());
          job->targets.push_back(std::move(target));
        }
      }
      count += job->targets.size();
    }
    targets_.Set(static_cast<double>(count));
  }
  for (const auto& target : ended) target->End();
  return {};
}

void ScrapeManager::Run(std::stop_token stop) {
  while (!stop.stop_requested()) {
    MonoTime wake = clock_.Mono() + std::chrono::seconds(1);
    {
      Lock lock(mutex_);
      const TimePoint now = clock_.Now();
      Replan(now);
      while (!due_.empty() && due_.front().at <= now) {
        std::pop_heap(due_.begin(), due_.end());
        Due due = std::move(due_.back());
        due_.pop_back();
        const auto job = due.job.lock();
        const auto target = due.target.lock();
        if (!job || !target) continue;
        StartScrape(job, target, due.at);
        due.at = NextScrape(std::max(now, due.at), target->interval(), target->offset());
        due_.push_back(std::move(due));
        std::push_heap(due_.begin(), due_.end());
      }
      if (!due_.empty()) wake = std::min(wake, clock_.Mono() + (due_.front().at - now));
    }
    // A change of the configuration is seen at the next wake-up, a second later at most.
    clock_.SleepUntil(wake, stop);
  }
}

// A clock that was set back would leave everything waiting until it is there again.
void ScrapeManager::Replan(TimePoint now) {
  bool moved = false;
  for (Due& due : due_) {
    const auto target = due.target.lock();
    if (!target || due.at - now <= target->interval()) continue;
    due.at = NextScrape(now, target->interval(), target->offset());
    moved = true;
  }
  if (moved) std::make_heap(due_.begin(), due_.end());
}

void ScrapeManager::StartScrape(const std::shared_ptr<Job>& job,
                                const std::shared_ptr<Target>& target, TimePoint planned) {
  const TimePoint stamped = ScrapeTime(planned, clock_.Now());
  const MonoTime started = clock_.Mono();
  job->client->Start(target->MakeRequest(),
                     [this, target, stamped, started](Result<http::ClientResponse> answer) {
                       if (!answer && answer.error().code() == ErrorCode::kCancelled) return;
                       scrapes_.Add();
                       if (!target->OnAnswer(answer, stamped, clock_.Mono() - started))
                         failures_.Add();
                     });
}

std::vector<TargetStatus> ScrapeManager::status() const {
  std::vector<TargetStatus> out;
  Lock lock(mutex_);
  for (const auto& [name, job] : jobs_) {
    for (const auto& target : job->targets) out.push_back(target->status());
  }
  return out;
}

std::map<std::string, std::vector<Labels>> ScrapeManager::dropped() const {
  std::map<std::string, std::vector<Labels>> out;
  Lock lock(mutex_);
  for (const auto& [name, job] : jobs_) out[name] = job->dropped;
  return out;
}

}  // namespace drover::agent::scrape
