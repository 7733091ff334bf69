#include "pushprox/client/client_core.h"

#include <random>
#include <utility>

namespace drover::pushprox {

ClientCore::ClientCore(ClientPlan plan, Registry& registry, Clock& clock, const Logger& log)
    : log_(log),
      loop_(clock),
      resolver_(loop_),
      proxy_resolver_(loop_),
      context_(loop_, resolver_, log, registry, std::make_shared<const ClientPlan>(std::move(plan)),
               std::random_device{}()),
      links_(context_, proxy_resolver_, registry) {
  Say(context_.plan());
  loop_.Post([this] { links_.Start(); });
  thread_ = std::jthread([this] { loop_.Run(); });
}

ClientCore::~ClientCore() { Stop(); }

void ClientCore::Say(const ClientPlan& plan) const {
  for (const std::string& line : plan.findings) log_.Info("flavour", {{"found", line}});
  for (const std::string& warning : plan.warnings) log_.Warn(warning);
  if (plan.open)
    log_.Warn(
        "any port and path of this host may be scraped by whoever reaches the proxy: give "
        "--allow-port or --target.allow");
  log_.Info("serving a proxy", {{"proxy", plan.proxy.ToString()},
                                {"fqdn", plan.options.fqdn},
                                {"names", plan.registration.names.size()},
                                {"targets", plan.table.targets().size()}});
}

void ClientCore::Reload(ClientPlan plan) {
  Say(plan);
  auto shared = std::make_shared<const ClientPlan>(std::move(plan));
  loop_.Post([this, shared = std::move(shared)] {
    context_.set_plan(shared);
    links_.PlanChanged();
  });
}

void ClientCore::Stop() {
  if (!thread_.joinable()) return;
  loop_.Stop();
  thread_.join();
}

}  // namespace drover::pushprox
