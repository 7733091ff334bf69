#include "pushprox/client/client.h"

#include <utility>

#include "core/telemetry/telemetry.h"

namespace drover::pushprox {

Client::Client(ClientOptions options, const Logger& log)
    : options_(std::move(options)), log_(log) {}

Client::~Client() { Stop(); }

Result<std::unique_ptr<RunningProgram>> Client::Start(const ClientOptions& options, Clock& clock,
                                                      const Logger& log) {
  DROVER_TRY(ClientPlan plan, ReadPlan(options));
  std::unique_ptr<Client> client(new Client(options, log));
  DROVER_CHECK(client->Begin(std::move(plan), clock));
  return client;
}

Status Client::Begin(ClientPlan plan, Clock& clock) {
  if (!options_.metrics_address.empty()) {
    telemetry::AddProcessMetrics(registry_);
    telemetry::AddBuildInfo(registry_, "drover_pushprox");
    telemetry::AddRoutes(pages_, registry_, {"drover-pushprox client"});
    http::ServerOptions server;
    server.listen = {options_.metrics_address};
    server.workers = 0;
    server.max_connections = 64;
    auto started = http::StartServer(std::move(server), pages_, log_);
    // Several clients on one host, none of which was told an address: PushProx' goes on as well.
    if (!started && options_.metrics_address != ClientOptions().metrics_address)
      return Fail(std::move(started).error());
    if (started) {
      server_ = std::move(*started);
    } else {
      log_.Warn("no metrics page: give another --metrics-addr, or an empty one",
                {{"err", started.error().message()}});
    }
  }
  core_ = std::make_unique<ClientCore>(std::move(plan), registry_, clock, log_);
  return {};
}

std::string Client::address() const {
  return server_ == nullptr ? std::string() : server_->addresses().front();
}

Status Client::Reload() {
  if (options_.config_file.empty() && options_.flavour.empty()) return {};
  auto plan = ReadPlan(options_);
  if (!plan) {
    log_.Error("the configuration was not reloaded, the old one stays",
               {{"err", plan.error().message()}});
    return Fail(std::move(plan).error());
  }
  core_->Reload(*std::move(plan));
  log_.Info("configuration reloaded");
  return {};
}

void Client::Stop() {
  if (server_ != nullptr) server_->Stop(Millis(100));
  if (core_ != nullptr) core_->Stop();
}

}  // namespace drover::pushprox
