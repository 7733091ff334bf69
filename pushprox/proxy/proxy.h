// drover-pushprox proxy as a whole: listener, loop, pages.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/config/run_program.h"
#include "core/http/listener.h"
#include "core/http/router.h"
#include "core/http/web_config_file.h"
#include "core/metrics/registry.h"
#include "pushprox/net/event_loop.h"
#include "pushprox/proxy/api_server.h"
#include "pushprox/proxy/connection.h"

namespace drover::pushprox {

class Proxy final : public RunningProgram, private Watcher {
 public:
  // `clock` and `log` outlive it.
  static Result<std::unique_ptr<RunningProgram>> Start(const ProxyOptions& options, Clock& clock,
                                                       const Logger& log);
  ~Proxy() override;

  std::string address() const override { return address_; }
  Status Reload() override;  // the access file
  // Polls are answered so that their clients come back elsewhere; scrapes that a client has may
  // finish, within a second.
  void Stop() override;

 private:
  Proxy(const ProxyOptions& options, Clock& clock, const Logger& log);
  Status Begin();
  Status TakeKubernetes(const Access& access);
  void UseKubernetes(const std::optional<KubernetesRole>& role);
  void AddPages();
  void OnEvents(std::uint32_t events) override;
  void Accept(int fd);
  void Tidy();
  void Drain();
  std::size_t UnderWay() const;  // scrapes, relays and answers that are not sent yet

  const ProxyOptions options_;
  Clock& clock_;
  const Logger& log_;
  Registry registry_;
  ProxyMetrics metrics_;
  Broker broker_;
  std::unique_ptr<Access> access_;
  std::unique_ptr<http::WebConfigFile> web_config_;
  http::Router pages_;
  EventLoop loop_;
  std::optional<ApiServerOptions> api_server_options_;  // once there was a clients.kubernetes
  std::unique_ptr<ApiServer> api_server_;
  std::unique_ptr<KubernetesIdentity> identity_;
  std::unique_ptr<ProxyContext> context_;
  std::vector<http::Listener> listeners_;
  std::string address_;
  Timer tidy_;
  std::jthread thread_;
};

}  // namespace drover::pushprox
