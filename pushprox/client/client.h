// drover-pushprox client as a whole: loop, poller, its metrics page.
#pragma once

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "core/config/run_program.h"
#include "core/http/router.h"
#include "core/http/server.h"
#include "core/metrics/registry.h"
#include "pushprox/client/poller.h"

namespace drover::pushprox {

class Client final : public RunningProgram {
 public:
  // `clock` and `log` outlive it.
  static Result<std::unique_ptr<RunningProgram>> Start(const ClientOptions& options, Clock& clock,
                                                       const Logger& log);
  ~Client() override;

  std::string address() const override;    // of the metrics, "" without
  Status Reload() override { return {}; }  // files are read at each use
  void Stop() override;

 private:
  Client(ClientPlan plan, Clock& clock, const Logger& log);
  Status Begin();

  const ClientPlan plan_;
  const Logger& log_;
  Registry registry_;
  http::Router pages_;
  EventLoop loop_;
  Resolver resolver_;
  Peer proxy_;
  ClientContext context_;
  std::vector<std::unique_ptr<Poller>> pollers_;  // one for each name
  std::unique_ptr<http::Server> server_;
  std::jthread thread_;
};

}  // namespace drover::pushprox
