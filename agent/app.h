// drover-agent as a whole: configuration, collection, scraping, forwarding, pages.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "agent/builtin/builtin_loop.h"
#include "agent/builtin/collector_tap.h"
#include "agent/config/agent_config.h"
#include "agent/forward/switchboard.h"
#include "agent/pages/targets_page.h"
#include "agent/scrape/scrape_manager.h"
#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/config/reload_state.h"
#include "core/config/run_program.h"
#include "core/http/client/curl_client.h"
#include "core/http/server.h"
#include "core/http/web_config_file.h"
#include "core/metrics/registry.h"
#include "core/os/folder_lock.h"
#include "pushprox/client/client_core.h"
#include "pushprox/client/flavour_watch.h"

namespace drover::agent {

struct AppOptions {
  std::string config_file = "/etc/drover/agent.yml";
  std::string storage_path = "/var/lib/drover-agent";
  std::string listen = "127.0.0.1:9465";
  std::string web_config_file;  // "": plain HTTP without users
  std::string role = "node";
  std::string procfs = "/proc";
  std::string sysfs = "/sys";
  std::string rootfs = "/";
  std::string udev_data = "/run/udev/data";
  bool enable_lifecycle = false;
};
void AddFlags(Flags& flags, AppOptions& options);

// Thread-safe. `clock` and `log` outlive it.
class App final : public RunningProgram {
 public:
  // Reads the configuration and starts everything. Errors are complete sentences for a user.
  static Result<std::unique_ptr<RunningProgram>> Start(const AppOptions& options, Clock& clock,
                                                       const Logger& log);
  ~App() override;

  Status Reload() override;
  // What is not sent stays in the queue.
  void Stop() override;

  std::string address() const override { return server_->addresses().front(); }

 private:
  App(const AppOptions& options, Clock& clock, const Logger& log);
  Status Begin();
  Result<LoadedConfig> Load() const;
  Status Apply(const AgentConfig& config) REQUIRES(mutex_);
  using Queues = std::map<std::string, std::unique_ptr<forward::Queue>>;  // by endpoint
  Result<std::unique_ptr<forward::Queue>> OpenQueue(const RemoteWriteConfig& write);
  Status ApplyForwarding(const AgentConfig& config) REQUIRES(mutex_);
  // `opened` has some of its queues; opens the others.
  Result<std::shared_ptr<forward::Forwarder>> MakeForwarder(const AgentConfig& config,
                                                            Queues opened) REQUIRES(mutex_);
  void TellUnusedQueues(const AgentConfig& config);
  // After a reload that failed and could not be undone.
  void ReopenQueues();
  Status ApplyBuiltins(const AgentConfig& config) REQUIRES(mutex_);
  Status ApplyPushprox(const AgentConfig& config) REQUIRES(mutex_);
  void LookForComponents();  // of the flavour, that came or went since
  bool ComponentsChanged(const AgentConfig& config) REQUIRES(mutex_);
  Result<pushprox::ClientPlan> PlanPushprox(const pushprox::ClientConfig& config) const;
  Result<builtin::BuiltinLoop::Source> MakeNodeSource(const NodeConfig& config);
  // What can be wrong beyond the file's own rules; changes nothing.
  Status Check(const AgentConfig& config);
  void AddRoutes();
  pages::View PageView();

  const AppOptions options_;
  Clock& clock_;
  const Logger& log_;
  Registry registry_;
  std::unique_ptr<FolderLock> lock_;
  std::unique_ptr<FileSystem> fs_;
  http::CurlLoop curl_;
  ReloadState reload_;
  std::atomic<bool> ready_{false};  // the configuration is applied
  forward::Switchboard switchboard_;
  builtin::CollectorTap collectors_;

  Mutex mutex_;
  AgentConfig config_ GUARDED_BY(mutex_);
  std::string forwarding_ GUARDED_BY(mutex_);  // what the forwarder was made from
  std::uint32_t forwarders_made_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, std::unique_ptr<builtin::BuiltinLoop>> builtins_
      GUARDED_BY(mutex_);  // by kind
  std::map<std::string, std::string> builtin_texts_ GUARDED_BY(mutex_);
  std::unique_ptr<pushprox::ClientCore> pushprox_ GUARDED_BY(mutex_);  // null without the section
  std::string pushprox_text_ GUARDED_BY(mutex_);
  pushprox::FlavourWatch flavour_ GUARDED_BY(mutex_);
  std::unique_ptr<scrape::ScrapeManager> scrapes_;

  std::unique_ptr<http::WebConfigFile> web_config_;  // may be null
  http::Router router_;
  std::unique_ptr<http::Server> server_;
  std::jthread maintenance_;
  bool stopped_ = false;
};

}  // namespace drover::agent
