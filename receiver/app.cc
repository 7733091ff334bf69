#include "receiver/app.h"

#include <algorithm>
#include <utility>

#include "core/base/duration.h"
#include "core/base/version.h"
#include "core/http/content_coding.h"
#include "core/telemetry/telemetry.h"
#include "receiver/alerting_view.h"
#include "receiver/api/alertmanager_v2/api.h"
#include "receiver/api/prometheus_v1/rules.h"
#include "receiver/config/external_url.h"
#include "receiver/ingest/write_route.h"
#include "receiver/web/pages.h"

namespace drover::receiver {
namespace {

Result<storage::FsyncPolicy> ParseFsync(const std::string& text) {
  if (text == "never") return storage::FsyncPolicy::kNever;
  if (text == "interval") return storage::FsyncPolicy::kInterval;
  if (text == "always") return storage::FsyncPolicy::kAlways;
  return Fail(ErrorCode::kInvalid,
              "--storage.fsync: expected never, interval or always, found \"" + text + "\"");
}

// Without a routing configuration alerts are shown and go nowhere.
class NoSink final : public alert::AlertSink {
 public:
  void Put(std::vector<alert::Alert>) override {}
};

Millis SelfInterval(Millis evaluation_interval) {
  return std::min(evaluation_interval, SelfOptions().interval);
}

Labels LabelsOf(const std::map<std::string, std::string>& map) {
  LabelsBuilder builder;
  for (const auto& [name, value] : map) builder.Set(name, value);
  return builder.Build();
}

}  // namespace

void AddFlags(Flags& flags, AppOptions& options) {
  flags.Add("config.file", options.config_file, "Configuration file.");
  flags.Add("alerting.config.file", options.alerting_config_file,
            "Alertmanager configuration; without it alerts are shown and sent to nobody.");
  flags.Add("alerting.data.retention", options.alerting_retention,
            "How long ended silences and the history of notifications are kept.");
  flags.Add("alerting.dispatch.start-delay", options.dispatch_start_delay,
            "Nobody is notified earlier than this after the start.");
  flags.Add("storage.tsdb.path", options.storage_path, "Folder for all data.");
  flags.Add("storage.tsdb.retention.time", options.retention, "How long samples are kept.");
  flags.Add("storage.fsync", options.fsync,
            "When the log goes to the disk itself: never, interval (1 s) or always (before each "
            "acknowledgement). Any setting survives a kill.");
  flags.Add("web.listen-address", options.listen, "Address of the API and the pages.");
  flags.Add("web.config.file", options.web_config_file,
            "TLS, users and headers of --web.listen-address (docs/web-config.md).");
  flags.Add("web.external-url", options.external_url,
            "URL under which users reach this program; for links in alerts.");
  flags.Add("web.enable-lifecycle", options.enable_lifecycle,
            "Reload by POST to /-/reload, end by POST to /-/quit.");
  flags.Add("web.enable-remote-write-receiver", options.enable_remote_write,
            "Take remote write at /api/v1/write.");
  flags.Add("query.timeout", options.query_timeout, "Longest time of a query.");
  flags.Add("query.max-samples", options.query_max_samples,
            "Most samples a query may hold in memory.");
  flags.Add("query.max-concurrency", options.query_max_concurrency,
            "Most queries at once; others wait.");
  flags.Add("rules.alert.resend-delay", options.resend_delay,
            "Shortest time before a firing alert is handed to routing again.");
  flags.Add("rules.alert.for-outage-tolerance", options.outage_tolerance,
            "Longest outage over which the for state of alerts is restored.");
  flags.Add("rules.alert.for-grace-period", options.grace_period,
            "Shortest for whose state is restored, and the wait after restoring.");
  flags.Add("query.lookback-delta", options.query_lookback_delta,
            "How far back an instant selector looks for a sample.");
}

App::App(const AppOptions& options, const Flags& flags, Clock& clock, const Logger& log)
    : options_(options), flags_(flags), clock_(clock), log_(log), reload_(registry_, clock, log) {
  telemetry::AddProcessMetrics(registry_);
  telemetry::AddBuildInfo(registry_, "drover_receiver");
}

App::~App() { Stop(); }

Result<std::unique_ptr<RunningProgram>> App::Start(const AppOptions& options, const Flags& flags,
                                                   Clock& clock, const Logger& log) {
  std::unique_ptr<App> app(new App(options, flags, clock, log));
  DROVER_CHECK(app->Begin());
  return app;
}

Status App::Begin() {
  if (options_.query_max_concurrency < 1 || options_.query_max_concurrency > 1000) {
    return Fail(ErrorCode::kInvalid, "--query.max-concurrency must be between 1 and 1000");
  }
  if (options_.retention <= Millis(0))
    return Fail(ErrorCode::kInvalid, "--storage.tsdb.retention.time must be above 0");
  if (options_.query_max_samples < 1)
    return Fail(ErrorCode::kInvalid, "--query.max-samples must be above 0");
  for (const auto& [name, value] :
       {std::pair{"query.timeout", options_.query_timeout},
        std::pair{"query.lookback-delta", options_.query_lookback_delta}}) {
    if (value <= Millis(0))
      return Fail(ErrorCode::kInvalid, "--" + std::string(name) + " must be above 0");
  }
  const Lock starting(reload_mutex_);
  if (!options_.web_config_file.empty()) {
    DROVER_TRY(web_config_, http::WebConfigFile::Open(options_.web_config_file, clock_, log_));
  }
  promql::EngineOptions engine;
  engine.timeout = options_.query_timeout;
  engine.max_samples = static_cast<std::size_t>(options_.query_max_samples);
  engine.lookback_delta = options_.query_lookback_delta;
  engine_ = std::make_unique<promql::Engine>(engine, clock_);
  external_url_ = ExternalUrl(options_.external_url, options_.listen,
                              web_config_ && web_config_->tls() != nullptr, HostName());
  DROVER_TRY(Plan plan, MakePlan());
  fs_ = MakeFileSystem(options_.storage_path);
  DROVER_CHECK(fs_->MakeDirs(""));
  DROVER_TRY(lock_, FolderLock::Take(options_.storage_path));
  DROVER_CHECK(OpenStore());

  DROVER_CHECK(StartAlerting());
  alert::AlertSink& sink = alerting_ ? static_cast<alert::AlertSink&>(*alerting_) : *no_sink_;
  rule_environment_ = std::make_unique<rules::Environment>(
      rules::Environment{*engine_, *head_, *head_, sink, clock_, registry_, log_});

  api::StatusSource status;
  status.config_yaml = [this] {
    Lock lock(mutex_);
    return WriteFields(config_);
  };
  status.flags = [this] { return flags_.Values(); };
  status.reload_ok = [this] { return reload_.ok(); };
  status.reload_time = [this] { return reload_.last_success(); };
  status.start_time = clock_.Now();
  status.storage_retention = FormatDuration(options_.retention);
  api_ = std::make_unique<api::PrometheusApi>(*engine_, *head_, clock_, std::move(status));
  {
    const Lock publish(mutex_);
    rules_ =
        std::make_shared<rules::Manager>(*rule_environment_, RuleOptionsOf(plan.config.global));
  }
  const Millis interval = plan.config.global.evaluation_interval;
  Use(std::move(plan));
  reload_.Started();
  AddRoutes();
  DROVER_TRY(server_, http::StartServer(
                          {.listen = {options_.listen},
                           .workers = 4,
                           .slow_workers = static_cast<std::size_t>(options_.query_max_concurrency),
                           .tls = web_config_ ? web_config_->tls() : nullptr},
                          router_, log_));
  SelfOptions self;
  self.interval = SelfInterval(interval);
  self.instance = server_->addresses().front();
  if (self.instance.starts_with(':')) self.instance.insert(0, "localhost");
  self_ = std::make_unique<SelfRecorder>(self, registry_, *head_, clock_, log_);
  return {};
}

Status App::OpenStore() {
  storage::HeadOptions options;
  options.retention = options_.retention;
  DROVER_TRY(options.fsync, ParseFsync(options_.fsync));
  MonoTime said = clock_.Mono();
  const auto progress = [&](const storage::ReplayProgress& now) {
    if (clock_.Mono() - said < std::chrono::seconds(1)) return;
    said = clock_.Mono();
    log_.Info("replaying the log",
              {{"percent", now.bytes_total == 0 ? 100.0
                                                : 100.0 * static_cast<double>(now.bytes_done) /
                                                      static_cast<double>(now.bytes_total)},
               {"samples", now.samples}});
  };
  const MonoTime started = clock_.Mono();
  DROVER_TRY(head_, storage::Head::Open(*fs_, "head", clock_, log_, registry_, options, progress));
  const storage::ReplayReport& report = head_->replay();
  if (report.series > 0) {
    log_.Info("replayed the log",
              {{"series", report.series},
               {"samples", report.samples},
               {"seconds", std::chrono::duration<double>(clock_.Mono() - started).count()}});
  }
  freshness_ = std::make_unique<freshness::Freshness>(*head_, clock_, *fs_, "freshness", log_);
  AddFreshnessMetrics(registry_, freshness_->targets(), clock_);
  write_ = std::make_unique<ingest::WriteHandler>(*freshness_, clock_, registry_,
                                                  ingest::WriteOptions{});
  return {};
}

Status App::StartAlerting() {
  no_sink_ = std::make_unique<NoSink>();
  if (options_.alerting_config_file.empty()) {
    log_.Info("no --alerting.config.file: alerts are shown and sent to nobody");
    return {};
  }
  DROVER_TRY(alerting::LoadedConfig loaded, LoadRouting());
  curl_ = std::make_unique<http::CurlLoop>("drover-receiver/" + std::string(Version()));
  DROVER_CHECK(fs_->MakeDirs("alerting"));
  alerting::AlertingOptions options;
  options.folder = fs_->RealPath("alerting");
  options.retention = options_.alerting_retention;
  options.dispatch.senders = 8;
  options.dispatch.external_url = external_url_;
  options.dispatch.start_delay = options_.dispatch_start_delay;
  DROVER_TRY(alerting_,
             alerting::Alerting::Start(
                 std::move(loaded), options, clock_,
                 [this](const http::ClientConfig& config) { return curl_->MakeClient(config); },
                 registry_, log_));
  return {};
}

Result<LoadedConfig> App::Load() const {
  const auto text = ReadUserFile(options_.config_file);
  if (!text)
    return tl::unexpected(Error(text.error().code(), "configuration: " + text.error().message()));
  DROVER_TRY(LoadedConfig loaded, ParseReceiverConfig(*text, options_.config_file));
  for (const std::string& warning : loaded.warnings)
    log_.Warn("key without effect", {{"at", warning}});
  if (!loaded.other_sections.empty()) {
    std::string names;
    for (const std::string& section : loaded.other_sections)
      names += (names.empty() ? "" : ", ") + section;
    log_.Info("sections that drover-agent uses, not this program", {{"sections", names}});
  }
  return loaded;
}

Result<alerting::LoadedConfig> App::LoadRouting() const {
  DROVER_TRY(alerting::LoadedConfig loaded, alerting::LoadConfig(options_.alerting_config_file));
  for (const std::string& warning : loaded.warnings)
    log_.Warn("alerting configuration", {{"at", warning}});
  return loaded;
}

std::vector<rules::GroupSnapshot> App::RuleGroups() {
  std::shared_ptr<rules::Manager> manager;
  {
    Lock lock(mutex_);
    manager = rules_;
  }
  return manager ? manager->Groups() : std::vector<rules::GroupSnapshot>();
}

Result<App::Plan> App::MakePlan() {
  DROVER_TRY(LoadedConfig loaded, Load());
  Plan plan;
  plan.config = std::move(loaded.config);
  DROVER_TRY(plan.groups, rules::LoadRuleFiles(plan.config.rule_files, engine_->options().parser));
  if (alerting_) {
    auto routing = LoadRouting();
    if (!routing) {
      alerting_->ReloadFailed();
      return tl::unexpected(std::move(routing).error());
    }
    DROVER_TRY(plan.routing, alerting_->Prepare(*std::move(routing)));
  }
  return plan;
}

void App::Use(Plan plan) {
  std::shared_ptr<rules::Manager> manager;
  {
    const Lock lock(mutex_);
    manager = rules_;
    config_ = plan.config;
  }
  if (!manager) return;  // stopped
  const GlobalConfig& global = plan.config.global;
  engine_->SetDefaultSubqueryStep(global.evaluation_interval);
  if (self_) self_->SetInterval(SelfInterval(global.evaluation_interval));
  if (plan.routing) alerting_->Use(std::move(plan.routing));
  log_.Info("rules loaded", {{"groups", plan.groups.size()}});
  manager->Update(std::move(plan.groups), RuleOptionsOf(global));
}

rules::RuleOptions App::RuleOptionsOf(const GlobalConfig& global) const {
  rules::RuleOptions options;
  options.evaluation_interval = global.evaluation_interval;
  options.query_offset = global.rule_query_offset;
  options.resend_delay = options_.resend_delay;
  options.outage_tolerance = options_.outage_tolerance;
  options.grace_period = options_.grace_period;
  options.external_labels = LabelsOf(global.external_labels);
  options.external_url = external_url_;
  options.path_prefix = PathPrefix(external_url_);
  return options;
}

Status App::Reload() {
  const Lock lock(reload_mutex_);
  auto plan = MakePlan();
  if (!plan) return reload_.Failed(plan.error());
  Use(*std::move(plan));
  reload_.Succeeded(options_.config_file);
  return {};
}

void App::AddRoutes() {
  telemetry::AddRoutes(router_, registry_, {"drover-receiver"});
  api_->AddRoutes(router_);
  api::AddRuleRoutes(router_, [this] { return RuleGroups(); });
  web::AddPages(router_, {*engine_, *head_, clock_, [this] { return RuleGroups(); },
                          [this] { return reload_.Notice(); },
                          alerting_ ? std::function<web::AlertingView()>([this] {
                            web::AlertingView view = MakeAlertingView(*alerting_);
                            Lock lock(mutex_);
                            view.external_labels = config_.global.external_labels;
                            return view;
                          })
                                    : nullptr});
  if (alerting_) api::AddAlertmanagerApi(router_, *alerting_);
  if (options_.enable_remote_write) ingest::AddWriteRoute(router_, *write_);
  telemetry::AddLifecycleRoutes(router_, options_.enable_lifecycle, [this] { return Reload(); });
  router_.Use(http::CompressResponses());
  router_.Use(api::ApiHeaders());
  if (web_config_) web_config_->Protect(router_);
}

void App::Stop() {
  if (!head_ || std::exchange(stopped_, true)) return;
  if (api_) api_->Stop();
  if (server_) server_->Stop(Millis(500));
  {
    std::shared_ptr<rules::Manager> manager;
    {
      const Lock lock(mutex_);
      manager = std::exchange(rules_, nullptr);
    }
    if (manager) manager->Stop();
  }
  server_.reset();  // waits for a reload that a request began
  const Lock lock(reload_mutex_);
  self_.reset();
  alerting_.reset();
  curl_.reset();
  write_.reset();
  freshness_.reset();
  if (const Status closed = head_->Close(); !closed)
    log_.Error("the head log's last fsync failed", {{"err", closed.error().message()}});
}

}  // namespace drover::receiver
