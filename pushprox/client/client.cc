#include "pushprox/client/client.h"

#include <random>

#include "core/telemetry/telemetry.h"

namespace drover::pushprox {
namespace {

PeerOptions ProxyPeer(const ClientPlan& plan) {
  PeerOptions options;
  options.host = plan.proxy.host;
  options.port = plan.proxy.port;
  options.tls = plan.proxy.scheme == "https";
  options.verify = !plan.proxy_tls.insecure_skip_verify;
  options.server_name = plan.proxy_tls.server_name;
  options.files = {plan.proxy_tls.ca_file, plan.proxy_tls.cert_file, plan.proxy_tls.key_file};
  return options;
}

}  // namespace

Client::Client(ClientPlan plan, Clock& clock, const Logger& log)
    : plan_(std::move(plan)),
      log_(log),
      loop_(clock),
      resolver_(loop_),
      proxy_(loop_, resolver_, ProxyPeer(plan_)),
      context_{
          loop_,
          resolver_,
          plan_,
          log_,
          proxy_,
          registry_.AddCounter("pushprox_client_scrape_errors_total", "Number of scrape errors"),
          registry_.AddCounter("pushprox_client_push_errors_total", "Number of push errors"),
          registry_.AddCounter("pushprox_client_poll_errors_total", "Number of poll errors"),
          registry_.AddCounter("drover_pushprox_client_relayed_bytes_total",
                               "Bytes of pages passed on to the proxy."),
          std::random_device{}()} {
  for (const std::string& name : plan_.table.Names())
    pollers_.push_back(std::make_unique<Poller>(context_, name));
}

Client::~Client() { Stop(); }

Result<std::unique_ptr<RunningProgram>> Client::Start(const ClientOptions& options, Clock& clock,
                                                      const Logger& log) {
  DROVER_TRY(ClientPlan plan, ReadPlan(options));
  std::unique_ptr<Client> client(new Client(std::move(plan), clock, log));
  DROVER_CHECK(client->Begin());
  return client;
}

Status Client::Begin() {
  for (const std::string& line : plan_.findings) log_.Info("flavour", {{"found", line}});
  for (const std::string& warning : plan_.warnings) log_.Warn(warning);
  if (plan_.open)
    log_.Warn(
        "any port and path of this host may be scraped by whoever reaches the proxy: give "
        "--allow-port or --target.allow");
  if (!plan_.options.metrics_address.empty()) {
    telemetry::AddProcessMetrics(registry_);
    telemetry::AddBuildInfo(registry_, "drover_pushprox");
    telemetry::AddRoutes(pages_, registry_, {"drover-pushprox client"});
    http::ServerOptions server;
    server.listen = {plan_.options.metrics_address};
    server.workers = 0;
    server.max_connections = 64;
    DROVER_TRY(server_, http::StartServer(std::move(server), pages_, log_));
  }
  log_.Info("polling", {{"proxy", plan_.proxy.ToString()}, {"fqdn", plan_.options.fqdn}});
  loop_.Post([this] {
    for (const auto& poller : pollers_) poller->Poll();
  });
  thread_ = std::jthread([this] { loop_.Run(); });
  return {};
}

std::string Client::address() const {
  return server_ == nullptr ? std::string() : server_->addresses().front();
}

void Client::Stop() {
  if (server_ != nullptr) server_->Stop(Millis(100));
  if (!thread_.joinable()) return;
  loop_.Stop();
  thread_.join();
}

}  // namespace drover::pushprox
