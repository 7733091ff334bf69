#include "pushprox/client/client_core.h"

#include <random>

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

ClientCore::ClientCore(ClientPlan plan, Registry& registry, Clock& clock, const Logger& log)
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
          registry.AddCounter("pushprox_client_scrape_errors_total", "Number of scrape errors"),
          registry.AddCounter("pushprox_client_push_errors_total", "Number of push errors"),
          registry.AddCounter("pushprox_client_poll_errors_total", "Number of poll errors"),
          registry.AddCounter("drover_pushprox_client_relayed_bytes_total",
                              "Bytes of pages passed on to the proxy."),
          std::random_device{}()} {
  for (const std::string& line : plan_.findings) log_.Info("flavour", {{"found", line}});
  for (const std::string& warning : plan_.warnings) log_.Warn(warning);
  if (plan_.open)
    log_.Warn(
        "any port and path of this host may be scraped by whoever reaches the proxy: give "
        "--allow-port or --target.allow");
  for (const std::string& name : plan_.table.Names())
    pollers_.push_back(std::make_unique<Poller>(context_, name));
  log_.Info("polling", {{"proxy", plan_.proxy.ToString()}, {"fqdn", plan_.options.fqdn}});
  loop_.Post([this] {
    for (const auto& poller : pollers_) poller->Poll();
  });
  thread_ = std::jthread([this] { loop_.Run(); });
}

ClientCore::~ClientCore() {
  loop_.Stop();
  thread_.join();
}

}  // namespace drover::pushprox
