#include "pushprox/client/watched_client.h"

#include <chrono>
#include <utility>
#include <vector>

namespace drover::pushprox {
namespace {

constexpr std::chrono::seconds kEvery{60};

}  // namespace

WatchedClient::WatchedClient(ClientOptions options, const Logger& log)
    : options_(std::move(options)), watch_(log) {}

WatchedClient::~WatchedClient() { Stop(); }

Result<std::unique_ptr<RunningProgram>> WatchedClient::Start(const ClientOptions& options,
                                                             Clock& clock, const Logger& log) {
  std::unique_ptr<WatchedClient> client(new WatchedClient(options, log));
  client->Changed();  // before the client looks: what comes between is seen later
  DROVER_TRY(client->client_, Client::Start(options, clock, log));
  // A flavour may come with a reload of the file.
  if (!options.flavour.empty() || !options.config_file.empty()) client->Watch(clock);
  return client;
}

bool WatchedClient::Changed() {
  FlavourOptions wanted{options_.flavour, options_.components, {}};
  if (!options_.config_file.empty()) {
    std::vector<std::string> warnings;
    const auto config = ReadClientConfig(options_.config_file, warnings);
    if (!config) return false;
    if (wanted.flavour.empty()) wanted.flavour = config->flavour;
    if (wanted.components.empty()) wanted.components = config->components;
  }
  if (wanted.flavour.empty()) return false;
  Lock lock(mutex_);
  return watch_.Changed(wanted, options_.rootfs);
}

void WatchedClient::Watch(Clock& clock) {
  thread_ = std::jthread([this, &clock](std::stop_token stop) {
    while (clock.SleepFor(kEvery, stop)) {
      if (Changed()) static_cast<void>(client_->Reload());  // which says what went wrong
    }
  });
}

Status WatchedClient::Reload() {
  Changed();
  return client_->Reload();
}

void WatchedClient::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  if (client_ != nullptr) client_->Stop();
}

}  // namespace drover::pushprox
