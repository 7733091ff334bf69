// drover-pushprox client as a whole: the client and its metrics page.
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
  // The configuration file, and what the flavour finds. Tokens and certificates are read at use.
  Status Reload() override;
  void Stop() override;

 private:
  Client(const ClientOptions& options, Clock& clock, const Logger& log);
  Status Begin();

  const ClientOptions options_;
  Clock& clock_;
  const Logger& log_;
  Registry registry_;
  http::Router pages_;
  std::unique_ptr<ClientCore> core_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace drover::pushprox
