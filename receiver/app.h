// drover-receiver as a whole: ingest, store, queries, rules, alerting, pages.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/config/reload_state.h"
#include "core/config/run_program.h"
#include "core/http/client/curl_client.h"
#include "core/http/server.h"
#include "core/http/web_config_file.h"
#include "core/metrics/registry.h"
#include "core/os/folder_lock.h"
#include "receiver/alerting/alerting.h"
#include "receiver/api/prometheus_v1/api.h"
#include "receiver/config/receiver_config.h"
#include "receiver/freshness/freshness.h"
#include "receiver/ingest/write_handler.h"
#include "receiver/promql/engine.h"
#include "receiver/rules/manager.h"
#include "receiver/self/self_recorder.h"
#include "receiver/storage/head/head.h"

namespace drover::receiver {

struct AppOptions {
  std::string config_file = "/etc/drover/receiver.yml";
  std::string alerting_config_file;
  std::string storage_path = "/var/lib/drover-receiver";
  std::string listen = ":9090";
  std::string web_config_file;  // "": plain HTTP without users
  std::string external_url;
  bool enable_lifecycle = false;
  bool enable_remote_write = true;
  Millis retention = std::chrono::hours(24);
  std::string fsync = "interval";
  Millis query_timeout = std::chrono::minutes(2);
  std::int64_t query_max_samples = 50'000'000;
  std::int64_t query_max_concurrency = 20;
  Millis query_lookback_delta = std::chrono::minutes(5);
  Millis resend_delay = std::chrono::minutes(1);
  Millis outage_tolerance = std::chrono::hours(1);
  Millis grace_period = std::chrono::minutes(10);
  Millis alerting_retention = std::chrono::hours(120);
  Millis dispatch_start_delay{0};
};
void AddFlags(Flags& flags, AppOptions& options);

// Thread-safe. `clock`, `log` and `flags` outlive it.
class App final : public RunningProgram {
 public:
  // Reads the configuration, replays the log and starts everything. Errors are complete sentences
  // for a user.
  static Result<std::unique_ptr<RunningProgram>> Start(const AppOptions& options,
                                                       const Flags& flags, Clock& clock,
                                                       const Logger& log);
  ~App() override;

  Status Reload() override;
  void Stop() override;

  std::string address() const override { return server_->addresses().front(); }

 private:
  App(const AppOptions& options, const Flags& flags, Clock& clock, const Logger& log);
  // All that a configuration names, read and checked, nothing of it in use.
  struct Plan {
    ReceiverConfig config;
    std::vector<rules::GroupSpec> groups;
    std::shared_ptr<const alerting::Runtime> routing;  // null: alerting does not run
  };
  Status Begin();
  Result<LoadedConfig> Load() const;
  Result<alerting::LoadedConfig> LoadRouting() const;
  Result<Plan> MakePlan();
  void Use(Plan plan) REQUIRES(reload_mutex_);
  rules::RuleOptions RuleOptionsOf(const GlobalConfig& global) const;
  Status OpenStore();
  Status StartAlerting();
  void AddRoutes();
  std::vector<rules::GroupSnapshot> RuleGroups();

  const AppOptions options_;
  std::string external_url_;  // set by Begin
  const Flags& flags_;
  Clock& clock_;
  const Logger& log_;
  Registry registry_;
  ReloadState reload_;
  std::unique_ptr<FolderLock> lock_;
  std::unique_ptr<FileSystem> fs_;
  std::unique_ptr<storage::Head> head_;
  std::unique_ptr<freshness::Freshness> freshness_;
  std::unique_ptr<ingest::WriteHandler> write_;
  std::unique_ptr<promql::Engine> engine_;
  std::unique_ptr<api::PrometheusApi> api_;
  std::unique_ptr<http::CurlLoop> curl_;  // with a routing configuration
  std::unique_ptr<alerting::Alerting> alerting_;
  std::unique_ptr<alert::AlertSink> no_sink_;
  std::unique_ptr<rules::Environment> rule_environment_;
  std::unique_ptr<SelfRecorder> self_;

  Mutex reload_mutex_;  // one start, reload or end at a time; taken before mutex_
  Mutex mutex_;
  ReceiverConfig config_ GUARDED_BY(mutex_);
  std::shared_ptr<rules::Manager> rules_ GUARDED_BY(mutex_);

  std::unique_ptr<http::WebConfigFile> web_config_;  // may be null
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  bool stopped_ = false;
};

}  // namespace drover::receiver
