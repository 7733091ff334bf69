#include "agent/app.h"

#include <unistd.h>

#include <algorithm>
#include <functional>
#include <utility>

#include <malloc.h>
#include <stdlib.h>

#include "agent/builtin/self_source.h"
#include "core/base/version.h"
#include "core/http/content_coding.h"
#include "core/os/release_memory.h"
#include "core/telemetry/telemetry.h"
#include "exporters/node/collectors.h"
#include "exporters/node/node_flags.h"

namespace drover::agent {
namespace {

std::string HostName() {
  char name[256] = {};
  return ::gethostname(name, sizeof name - 1) == 0 ? name : "localhost";
}

std::string FolderName(const std::string& endpoint) {
  std::string out;
  for (const char c : endpoint) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '_' || c == '.';
    out += plain ? c : '_';
  }
  return out;
}

// All that a forwarder is made from.
std::string ForwardingText(const AgentConfig& config) {
  YamlWriter external;
  config_internal::Write(config.global.external_labels, external);
  std::string text = external.text();
  for (const RemoteWriteConfig& write : config.remote_write)
    text += WriteFields(write) + http::SecretText(write.client);
  return text;
}

// What the node exporter needs, kept as long as its collect function.
struct NodeSource {
  exporters::node::NodeFlags flags;
  Flags command_line{"node", ""};
  exporters::CollectorFlags::Choice choice;
  std::unique_ptr<exporters::Runner> runner;
};

}  // namespace

void AddFlags(Flags& flags, AppOptions& options) {
  flags.Add("config.file", options.config_file, "Configuration file.");
  flags.Add("storage.path", options.storage_path, "Folder for the queues of what is not sent yet.");
  flags.Add("web.listen-address", options.listen, "Address of the agent's pages and metrics.");
  flags.Add("web.config.file", options.web_config_file,
            "TLS, users and headers of --web.listen-address (docs/web-config.md).");
  flags.Add("web.enable-lifecycle", options.enable_lifecycle,
            "Reload by POST to /-/reload, end by POST to /-/quit.");
  flags.Add("role", options.role, "node: what concerns this host. cluster is not built yet.");
  flags.Add("path.procfs", options.procfs, "Where the host's /proc is mounted.");
  flags.Add("path.sysfs", options.sysfs, "Where the host's /sys is mounted.");
  flags.Add("path.rootfs", options.rootfs, "Where the host's root file system is mounted.");
  flags.Add("path.udev.data", options.udev_data, "Where the host's udev data is mounted.");
}

App::App(const AppOptions& options, Clock& clock, const Logger& log)
    : options_(options),
      clock_(clock),
      log_(log),
      curl_("drover-agent/" + std::string(Version())),
      reload_(registry_, clock, log),
      switchboard_(registry_),
      flavour_(log) {
  telemetry::AddProcessMetrics(registry_);
  telemetry::AddBuildInfo(registry_, "drover_agent");
}

App::~App() { Stop(); }

Result<std::unique_ptr<RunningProgram>> App::Start(const AppOptions& options, Clock& clock,
                                                   const Logger& log) {
  if (options.role != "node")
    return Fail(ErrorCode::kUnsupported, "--role=" + options.role + ": only \"node\" is built yet");
  std::unique_ptr<App> app(new App(options, clock, log));
  DROVER_CHECK(app->Begin());
  return app;
}

Status App::Begin() {
  ::mallopt(M_ARENA_MAX, 2);
  DROVER_TRY(const LoadedConfig loaded, Load());
  if (!options_.web_config_file.empty()) {
    DROVER_TRY(web_config_, http::WebConfigFile::Open(options_.web_config_file, clock_, log_));
  }
  fs_ = MakeFileSystem(options_.storage_path);
  DROVER_CHECK(fs_->MakeDirs(""));
  DROVER_TRY(lock_, FolderLock::Take(options_.storage_path));
  scrapes_ = std::make_unique<scrape::ScrapeManager>(
      [this](const http::ClientConfig& config) { return curl_.MakeClient(config); }, switchboard_,
      clock_, registry_, log_);
  AddRoutes();
  // Listening first: a taken port is found before anything is collected.
  DROVER_TRY(server_, http::StartServer({.listen = {options_.listen},
                                         .workers = 1,
                                         .max_connections = 64,
                                         .tls = web_config_ ? web_config_->tls() : nullptr},
                                        router_, log_));
  {
    Lock lock(mutex_);
    DROVER_CHECK(Apply(loaded.config));
  }
  reload_.Started();
  ready_ = true;
  maintenance_ = std::jthread([this](std::stop_token stop) {
    for (int round = 0; clock_.SleepFor(std::chrono::seconds(1), stop); ++round) {
      if (const auto forwarder = switchboard_.forwarder()) {
        forwarder->Maintain();
      } else {
        ReopenQueues();
      }
      if (round % 30 == 0) TrimHeap();
      if (round % 60 == 59) LookForComponents();
    }
  });
  return {};
}

Result<LoadedConfig> App::Load() const {
  const auto text = ReadUserFile(options_.config_file);
  if (!text)
    return tl::unexpected(Error(text.error().code(), "configuration: " + text.error().message()));
  DROVER_TRY(LoadedConfig loaded,
             ParseAgentConfig(*text, options_.config_file, [](const std::string& name) {
               const char* value =
                   ::getenv(name.c_str());  // NOLINT(concurrency-mt-unsafe): nobody sets
               return value == nullptr ? std::nullopt : std::optional<std::string>(value);
             }));
  for (const std::string& warning : loaded.warnings)
    log_.Warn("configuration", {{"warning", warning}});
  if (!loaded.other_sections.empty()) {
    std::string names;
    for (const std::string& section : loaded.other_sections)
      names += (names.empty() ? "" : ", ") + section;
    log_.Info("sections that drover-receiver uses, not this program", {{"sections", names}});
  }
  return loaded;
}

Status App::Check(const AgentConfig& config) {
  for (const ScrapeConfig& job : config.scrape_configs) {
    if (const auto targets = scrape::MakeTargets(job); !targets)
      return tl::unexpected(targets.error());
  }
  if (config.pushprox) {
    const auto plan = PlanPushprox(*config.pushprox);
    if (!plan && plan.error().code() != ErrorCode::kNotFound) return tl::unexpected(plan.error());
  }
  if (!config.exporters.node) return {};
  const auto node = MakeNodeSource(*config.exporters.node);
  return node ? Status() : tl::unexpected(node.error());
}

Status App::Apply(const AgentConfig& config) {
  DROVER_CHECK(Check(config));
  DROVER_CHECK(ApplyForwarding(config));
  DROVER_CHECK(scrapes_->Apply(config));
  DROVER_CHECK(ApplyBuiltins(config));
  DROVER_CHECK(ApplyPushprox(config));
  config_ = config;
  return {};
}

Status App::ApplyForwarding(const AgentConfig& config) {
  const std::string wanted = ForwardingText(config);
  const bool running = switchboard_.forwarder() != nullptr;
  if (running && wanted == forwarding_) return {};
  // What can fail is done while the old forwarder still works, but for the folders it uses.
  Queues opened;
  for (const RemoteWriteConfig& write : config.remote_write) {
    const bool in_use =
        running &&
        std::any_of(config_.remote_write.begin(), config_.remote_write.end(),
                    [&](const auto& w) { return FolderName(w.name) == FolderName(write.name); });
    if (in_use) continue;
    DROVER_TRY(opened[write.name], OpenQueue(write));
  }
  DROVER_CHECK(switchboard_.Replace(
      [&]() NO_THREAD_SAFETY_ANALYSIS { return MakeForwarder(config, std::move(opened)); }));
  forwarding_ = wanted;
  TellUnusedQueues(config);
  return {};
}

Result<std::unique_ptr<forward::Queue>> App::OpenQueue(const RemoteWriteConfig& write) {
  forward::QueueOptions options;
  options.max_bytes = write.queue_config.max_bytes.bytes;
  options.max_age = write.queue_config.sample_age_limit;
  options.sync_always = write.queue_config.fsync == Fsync::kAlways;
  auto queue = forward::Queue::Open(*fs_, "queue/" + FolderName(write.name), options, clock_, log_);
  if (!queue) return tl::unexpected(std::move(queue).error().With("queue of " + write.name));
  return queue;
}

Result<std::shared_ptr<forward::Forwarder>> App::MakeForwarder(const AgentConfig& config,
                                                               Queues opened) {
  for (const RemoteWriteConfig& write : config.remote_write) {
    if (opened.contains(write.name)) continue;
    DROVER_TRY(opened[write.name], OpenQueue(write));
  }
  std::vector<std::unique_ptr<forward::Endpoint>> endpoints;
  for (const RemoteWriteConfig& write : config.remote_write) {
    endpoints.push_back(std::make_unique<forward::Endpoint>(write, std::move(opened[write.name]),
                                                            curl_.MakeClient(write.client), clock_,
                                                            registry_, log_));
  }
  if (endpoints.empty())
    log_.Warn("no remote_write in the configuration: samples are collected and go nowhere");
  return std::make_shared<forward::Forwarder>(config.global.external_labels, std::move(endpoints),
                                              clock_, registry_, ++forwarders_made_);
}

void App::TellUnusedQueues(const AgentConfig& config) {
  const auto folders = fs_->List("queue");
  if (!folders) return;  // none yet
  for (const std::string& folder : *folders) {
    const bool used =
        std::any_of(config.remote_write.begin(), config.remote_write.end(),
                    [&](const auto& write) { return FolderName(write.name) == folder; });
    if (!used)
      log_.Warn("a queue that no remote_write uses: what waits in it is not sent",
                {{"folder", options_.storage_path + "/queue/" + folder}});
  }
}

void App::ReopenQueues() {
  Lock lock(mutex_);
  if (switchboard_.forwarder() || !ApplyForwarding(config_)) return;
  log_.Info("the queues are open again");
}

Result<builtin::BuiltinLoop::Source> App::MakeNodeSource(const NodeConfig& config) {
  auto source = std::make_shared<NodeSource>();
  source->flags.procfs = options_.procfs;
  source->flags.sysfs = options_.sysfs;
  source->flags.rootfs = options_.rootfs;
  source->flags.udev_data = options_.udev_data;
  source->flags.AddTo(source->command_line);
  std::vector<std::string> arguments = config.args;
  const auto explain = [](Error error) {
    return tl::unexpected(std::move(error).With("exporters.node.args"));
  };
  if (const Status status = source->flags.collectors.Prepare(arguments); !status)
    return explain(status.error());
  const auto parsed = source->command_line.Parse(arguments);
  if (!parsed) return explain(parsed.error());
  if (*parsed)
    return explain(Error(ErrorCode::kInvalid, "--help and --version have no place here"));
  auto choice = source->flags.collectors.Choose(source->command_line);
  if (!choice) return explain(choice.error());
  for (const std::string& warning : choice->warnings)
    log_.Warn("exporters.node.args", {{"warning", warning}});
  source->choice = std::move(*choice);
  auto runner = source->flags.MakeRunner(
      source->choice, clock_, log_,
      [this](std::string_view name, const Status& status) { collectors_.Ended(name, status); });
  if (!runner) return explain(runner.error());
  source->runner = std::move(*runner);
  return builtin::BuiltinLoop::Source{[this, source](exporters::MetricSink& sink) {
                                        builtin::CollectorTap::Sink tap(collectors_, sink);
                                        const bool whole = source->runner->RunAll(tap);
                                        if (whole) tap.Keep();
                                        return whole;
                                      },
                                      [source] { source->runner->Cancel(); }};
}

Status App::ApplyBuiltins(const AgentConfig& config) {
  const auto apply = [&](const std::string& kind, const BuiltinConfig* wanted,
                         const std::string& text,
                         const std::function<Result<builtin::BuiltinLoop::Source>()>& make)
                         NO_THREAD_SAFETY_ANALYSIS -> Status {
    if (wanted != nullptr && builtins_.contains(kind) && builtin_texts_[kind] == text) return {};
    if (wanted == nullptr) {
      if (const auto found = builtins_.find(kind); found != builtins_.end()) {
        found->second->End();
        builtins_.erase(found);
      }
      return {};
    }
    DROVER_TRY(auto source, make());
    BuiltinConfig filled = *wanted;
    if (filled.instance.empty()) filled.instance = HostName();
    const auto before = std::exchange(builtins_[kind], nullptr);
    builtins_[kind] = std::make_unique<builtin::BuiltinLoop>(
        filled, std::move(source), switchboard_, clock_, log_, before.get());
    builtin_texts_[kind] = text;
    return {};
  };
  const ExportersConfig& exporters = config.exporters;
  DROVER_CHECK(apply("node", exporters.node ? &*exporters.node : nullptr,
                     exporters.node ? WriteFields(*exporters.node) : "",
                     [&] { return MakeNodeSource(*exporters.node); }));
  return apply("self", exporters.self ? &*exporters.self : nullptr,
               exporters.self ? WriteFields(*exporters.self) : "",
               [&]() -> Result<builtin::BuiltinLoop::Source> {
                 auto source = std::make_shared<builtin::SelfSource>(registry_);
                 builtin::BuiltinLoop::Source out;
                 out.collect = [source](exporters::MetricSink& sink) {
                   source->Collect(sink);
                   return true;
                 };
                 return out;
               });
}

Result<pushprox::ClientPlan> App::PlanPushprox(const pushprox::ClientConfig& config) const {
  pushprox::ClientOptions options;
  options.rootfs = options_.rootfs;
  auto plan = pushprox::Understand(std::move(options), config);
  if (!plan) return tl::unexpected(std::move(plan).error().With("pushprox"));
  return plan;
}

bool App::ComponentsChanged(const AgentConfig& config) {
  if (!config.pushprox || config.pushprox->flavour.empty()) return false;
  return flavour_.Changed({config.pushprox->flavour, config.pushprox->components, {}},
                          options_.rootfs);
}

void App::LookForComponents() {
  Lock lock(mutex_);
  if (!ComponentsChanged(config_)) return;
  if (const Status applied = ApplyPushprox(config_); !applied)
    log_.Error("the flavour's components cannot be taken", {{"err", applied.error().message()}});
}

// A flavour that finds nothing is no error: one configuration serves nodes with and without.
Status App::ApplyPushprox(const AgentConfig& config) {
  if (!config.pushprox) {
    pushprox_.reset();
    return {};
  }
  ComponentsChanged(config);  // before they are planned with: what comes between is seen later
  auto plan = PlanPushprox(*config.pushprox);
  if (!plan) {
    if (plan.error().code() != ErrorCode::kNotFound) return tl::unexpected(plan.error());
    log_.Warn("nothing to do", {{"why", plan.error().message()}});
    pushprox_.reset();
    return {};
  }
  std::string text = WriteFields(*config.pushprox);
  for (const std::string& line : plan->findings) text += line + "\n";
  if (pushprox_ != nullptr && text == pushprox_text_) return {};
  pushprox_text_ = std::move(text);
  if (pushprox_ != nullptr) {
    pushprox_->Reload(*std::move(plan));
    return {};
  }
  pushprox_ = std::make_unique<pushprox::ClientCore>(std::move(*plan), registry_, clock_, log_);
  return {};
}

Status App::Reload() {
  const auto loaded = Load();
  if (!loaded) return reload_.Failed(loaded.error());
  {
    Lock lock(mutex_);
    if (const Status applied = Apply(loaded->config); !applied) {
      if (const Status restored = Apply(config_); !restored) {
        log_.Error("the configuration before cannot be restored: tried again every second",
                   {{"err", restored.error().message()}});
      }
      return reload_.Failed(applied.error());
    }
  }
  reload_.Succeeded(options_.config_file);
  return {};
}

pages::View App::PageView() {
  pages::View view;
  view.targets = scrapes_->status();
  view.dropped = scrapes_->dropped();
  if (const auto forwarder = switchboard_.forwarder()) view.endpoints = forwarder->status();
  Lock lock(mutex_);
  if (builtins_.contains("node")) {
    for (const auto& [name, state] : collectors_.states())
      view.collectors.push_back(
          {name, state.success, state.absent, state.seconds, state.series, state.error});
  }
  for (const auto& [kind, loop] : builtins_) view.builtins.push_back(loop->status());
  view.notice = reload_.Notice();
  return view;
}

void App::AddRoutes() {
  pages::AddPages(
      router_, [this] { return PageView(); }, clock_);
  telemetry::AddRoutes(router_, registry_, {"drover-agent", [this] { return ready_.load(); }});
  telemetry::AddLifecycleRoutes(router_, options_.enable_lifecycle, [this] { return Reload(); });
  router_.Use(http::CompressResponses());
  if (web_config_) web_config_->Protect(router_);
}

void App::Stop() {
  if (std::exchange(stopped_, true)) return;
  if (server_) server_->Stop(Millis(200));
  maintenance_.request_stop();
  if (maintenance_.joinable()) maintenance_.join();
  if (scrapes_) scrapes_->Stop();
  {
    Lock lock(mutex_);
    builtins_.clear();
  }
  if (const auto forwarder = switchboard_.forwarder()) {
    forwarder->Maintain();
    forwarder->Stop();
  }
  Lock lock(mutex_);
  pushprox_.reset();
}

}  // namespace drover::agent
