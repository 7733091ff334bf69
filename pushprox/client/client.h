// drover-pushprox client as a whole: the core and its metrics page.
#pragma once

#include <memory>
#include <string>

#include "core/config/run_program.h"
#include "core/http/router.h"
#include "core/http/server.h"
#include "core/metrics/registry.h"
#include "pushprox/client/client_core.h"

namespace drover::pushprox {

class Client final : public RunningProgram {
 public:
  // `clock` and `log` outlive it.
  static Result<std::unique_ptr<RunningProgram>> Start(const ClientOptions& options, Clock& clock,
                                                       const Logger& log);
  ~Client() override;

  std::string address() const override;  // of the metrics, "" without
  Status Reload() override;              // --config.file; token files are read at each use
  void Stop() override;

 private:
  Client(ClientOptions options, const Logger& log);
  Status Begin(ClientPlan plan, Clock& clock);

  const ClientOptions options_;
  const Logger& log_;
  Registry registry_;
  http::Router pages_;
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<ClientCore> core_;
};

}  // namespace drover::pushprox
