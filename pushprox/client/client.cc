#include "pushprox/client/client.h"

#include "core/telemetry/telemetry.h"

namespace drover::pushprox {

Client::Client(const ClientOptions& options, Clock& clock, const Logger& log)
    : options_(options), clock_(clock), log_(log) {}

Client::~Client() { Stop(); }

Result<std::unique_ptr<RunningProgram>> Client::Start(const ClientOptions& options, Clock& clock,
                                                      const Logger& log) {
  std::unique_ptr<Client> client(new Client(options, clock, log));
  DROVER_CHECK(client->Begin());
  return client;
}

Status Client::Begin() {
  DROVER_TRY(ClientPlan plan, ReadPlan(options_));
  if (!options_.metrics_address.empty()) {
    telemetry::AddProcessMetrics(registry_);
    telemetry::AddBuildInfo(registry_, "drover_pushprox");
    telemetry::AddRoutes(pages_, registry_, {"drover-pushprox client"});
    http::ServerOptions server;
    server.listen = {options_.metrics_address};
    server.workers = 0;
    server.max_connections = 64;
    DROVER_TRY(server_, http::StartServer(std::move(server), pages_, log_));
  }
  core_ = std::make_unique<ClientCore>(std::move(plan), registry_, clock_, log_);
  return {};
}

std::string Client::address() const {
  return server_ == nullptr ? std::string() : server_->addresses().front();
}

Status Client::Reload() {
  if (options_.config_file.empty() && options_.flavour.empty()) return {};
  auto plan = ReadPlan(options_);
  if (!plan) {
    log_.Error("configuration not reloaded: the one before stays",
               {{"err", plan.error().message()}});
    return tl::unexpected(plan.error());
  }
  core_.reset();
  core_ = std::make_unique<ClientCore>(std::move(*plan), registry_, clock_, log_);
  log_.Info("configuration reloaded", {{"file", options_.config_file}});
  return {};
}

void Client::Stop() {
  if (server_ != nullptr) server_->Stop(Millis(100));
  core_.reset();
}

}  // namespace drover::pushprox
