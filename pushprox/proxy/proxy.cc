#include "pushprox/proxy/proxy.h"

#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <future>

#include "core/os/file_system.h"
#include "core/telemetry/telemetry.h"
#include "pushprox/proxy/clients_page.h"

namespace drover::pushprox {
namespace {

constexpr Millis kTidyEvery{30'000};
constexpr Millis kGrace{700};
constexpr rlim_t kOtherFiles = 64;

// As many descriptors as there may be connections, where the hard limit lets us.
std::int64_t RaiseFileLimit(std::int64_t connections) {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return connections;
  const rlim_t wanted = static_cast<rlim_t>(connections) + kOtherFiles;
  if (limit.rlim_cur < wanted) {
    limit.rlim_cur = std::min(wanted, limit.rlim_max);
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  return static_cast<std::int64_t>(limit.rlim_cur > kOtherFiles ? limit.rlim_cur - kOtherFiles : 1);
}

Status CheckWebConfig(const std::string& path, bool needs_certificates) {
  if (path.empty()) {
    if (!needs_certificates) return {};
    return Fail(ErrorCode::kInvalid,
                "the access file names certificates, which needs TLS: give --web.config.file");
  }
  DROVER_TRY(const std::string text, ReadUserFile(path));
  DROVER_TRY(const http::WebConfig config, http::ParseWebConfig(text, path));
  if (!config.basic_auth_users.empty())
    return Fail(ErrorCode::kUnsupported,
                path +
                    ": basic_auth_users is not supported here: --access.config.file says who "
                    "may register, scrape and look");
  if (config.rate_limit.interval > Millis(0))
    return Fail(ErrorCode::kUnsupported, path + ": rate_limit is not supported here");
  const bool verifies = config.tls.client_auth_type == http::ClientAuth::kVerifyIfGiven ||
                        config.tls.client_auth_type == http::ClientAuth::kRequireAndVerify;
  if (needs_certificates && !verifies)
    return Fail(ErrorCode::kInvalid,
                path +
                    ": the access file names certificates, which needs client_auth_type "
                    "VerifyClientCertIfGiven or RequireAndVerifyClientCert");
  return {};
}

}  // namespace

Proxy::Proxy(const ProxyOptions& options, Clock& clock, const Logger& log)
    : options_(options),
      clock_(clock),
      log_(log),
      metrics_(registry_),
      broker_(options_),
      loop_(clock),
      tidy_(loop_, [this] { Tidy(); }) {}

Proxy::~Proxy() { Stop(); }

Result<std::unique_ptr<RunningProgram>> Proxy::Start(const ProxyOptions& options, Clock& clock,
                                                     const Logger& log) {
  DROVER_CHECK(Validate(options));
  ProxyOptions used = options;
  used.max_connections = std::min(used.max_connections, RaiseFileLimit(used.max_connections));
  std::unique_ptr<Proxy> proxy(new Proxy(used, clock, log));
  DROVER_CHECK(proxy->Begin());
  if (used.max_connections < options.max_connections)
    log.Warn("fewer connections than asked for: the limit of open files is low",
             {{"connections", used.max_connections}});
  return proxy;
}

Status Proxy::Begin() {
  if (options_.insecure) {
    access_ = Access::Open();
    log_.Warn(
        "--insecure: whoever reaches this port may register as any name and scrape through "
        "any client");
  } else {
    DROVER_TRY(access_, Access::FromFile(options_.access_file, clock_, log_));
  }
  DROVER_CHECK(CheckWebConfig(options_.web_config_file, access_->needs_certificates()));
  DROVER_CHECK(TakeKubernetes(*access_));
  UseKubernetes(access_->kubernetes());
  AddPages();
  if (!options_.web_config_file.empty()) {
    DROVER_TRY(web_config_, http::WebConfigFile::Open(options_.web_config_file, clock_, log_));
    web_config_->Protect(pages_);
  }
  if (!options_.insecure && (web_config_ == nullptr || web_config_->tls() == nullptr))
    log_.Warn(
        "tokens travel unencrypted: give --web.config.file with a certificate, or put TLS in "
        "front");
  DROVER_TRY(http::Listener listener, http::Listen(options_.listen));
  address_ = listener.address();
  listeners_.push_back(std::move(listener));
  DROVER_CHECK(loop_.Add(listeners_.front().fd(), EPOLLIN, *this));
  context_ = std::make_unique<ProxyContext>(
      ProxyContext{loop_, options_, broker_, *access_, metrics_, pages_, log_});
  tidy_.Set(kTidyEvery);
  thread_ = std::jthread([this] { loop_.Run(); });
  return {};
}

// Checks what the role says of the API server, before anything is changed.
Status Proxy::TakeKubernetes(const Access& access) {
  if (!access.kubernetes()) return {};
  DROVER_TRY(ApiServerOptions resolved, Resolved(access.kubernetes()->server));
  if (api_server_options_ && !(*api_server_options_ == resolved))
    return Fail(ErrorCode::kUnsupported,
                "clients.kubernetes: api_server, token_file and ca_file change at a restart only");
  if (!api_server_options_) api_server_options_ = std::move(resolved);
  return {};
}

void Proxy::UseKubernetes(const std::optional<KubernetesRole>& role) {
  if (identity_ != nullptr) {
    identity_->SetRole(role);
  } else if (role) {
    api_server_ = std::make_unique<ApiServer>(loop_, *api_server_options_);
    identity_ = std::make_unique<KubernetesIdentity>(*role, *api_server_, clock_, log_, registry_);
  }
  access_->set_identity(identity_.get());
}

void Proxy::AddPages() {
  telemetry::AddProcessMetrics(registry_);
  telemetry::AddBuildInfo(registry_, "drover_pushprox");
  telemetry::AddRoutes(pages_, registry_, {"drover-pushprox proxy"});
  registry_.AddSource([this](std::vector<OwnFamily>& out) {
    const Broker::Tally tally = broker_.Count(loop_.now());
    OwnFamily& family = out.emplace_back();
    family.name = "drover_pushprox_registered_names";
    family.help = "Names by how their client is there, or that it is away.";
    family.type = "gauge";
    for (const auto& [state, count] :
         {std::pair("tunnel", tally.tunnel), std::pair("poll", tally.poll),
          std::pair("away", tally.away)})
      family.samples.push_back({"", {{"state", state}}, static_cast<double>(count)});
  });
  AddClientPages(pages_, [this] {
    std::vector<KnownClient> clients;
    for (Known& one : broker_.List(loop_.now())) {
      KnownClient& client = clients.emplace_back();
      client.name = std::move(one.name);
      client.alive = one.alive;
      client.transport = one.tunnel ? "tunnel" : "poll";
      if (!one.alive) client.seen = std::chrono::duration_cast<Millis>(loop_.now() - one.seen);
      if (one.registered == nullptr) continue;
      client.labels = one.registered->labels;
      client.targets = one.registered->targets;
    }
    return clients;
  });
}

void Proxy::OnEvents(std::uint32_t) {
  for (int i = 0; i < 64; ++i) {
    const int fd =
        ::accept4(listeners_.front().fd(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0) {
      if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        context_->Refuse(Role::kAnyone, 0, "files", "",
                         std::strerror(errno));  // NOLINT(concurrency-mt-unsafe)
        ::usleep(10'000);                        // level-triggered: without a pause this would spin
      }
      return;
    }
    Accept(fd);
  }
}

void Proxy::Accept(int fd) {
  if (context_->connections.size() >= static_cast<std::size_t>(options_.max_connections)) {
    context_->Refuse(Role::kAnyone, 0, "connections", http::PeerAddress(fd),
                     "too many connections");
    ::close(fd);
    return;
  }
  PrepareSocket(fd);
  Stream::Setup setup;
  setup.fd = fd;
  bool verified = false;
  std::shared_ptr<ssl_ctx_st> tls;
  if (web_config_ != nullptr && web_config_->tls() != nullptr) {
    // Asked on both sides of Context: a reload between them must not pass an unverified name.
    const bool before = web_config_->VerifiesClients();
    tls = web_config_->Context();
    verified = before && web_config_->VerifiesClients();
  }
  setup.tls = tls.get();
  const auto at = context_->connections.insert(context_->connections.end(), nullptr);
  *at = std::make_unique<Connection>(*context_, setup, http::PeerAddress(fd), verified);
  (*at)->set_position(at);
  metrics_.connections.Add(1);
}

void Proxy::Tidy() {
  broker_.Forget(loop_.now());
  metrics_.clients.Set(static_cast<double>(broker_.names()));
  tidy_.Set(kTidyEvery);
}

Status Proxy::Reload() {
  if (options_.insecure) return {};
  auto fresh = Access::FromFile(options_.access_file, clock_, log_);
  Status status;
  if (fresh) {
    status = CheckWebConfig(options_.web_config_file, (*fresh)->needs_certificates());
    if (status) status = TakeKubernetes(**fresh);
  } else {
    status = tl::unexpected(fresh.error());
  }
  if (!status) {
    log_.Error("access file not reloaded: the one before stays",
               {{"err", status.error().message()}});
    return status;
  }
  const std::shared_ptr<Access> given = std::move(*fresh);
  loop_.Post([this, given] {
    *access_ = std::move(*given);
    UseKubernetes(access_->kubernetes());
    std::vector<Connection*> all;
    for (const auto& one : context_->connections) all.push_back(one.get());
    for (Connection* one : all) one->AccessChanged();
  });
  log_.Info("access file reloaded", {{"file", options_.access_file}});
  return {};
}

void Proxy::Drain() {
  context_->draining = true;  // new connections may still bring answers
  std::vector<Connection*> all;
  for (const auto& one : context_->connections) all.push_back(one.get());
  for (Connection* one : all) one->Drain();
}

std::size_t Proxy::UnderWay() const {
  const auto unsent = std::count_if(context_->connections.begin(), context_->connections.end(),
                                    [](const auto& one) { return one->stream().unsent() > 0; });
  return broker_.scrapes() + broker_.relays() + static_cast<std::size_t>(unsent);
}

void Proxy::Stop() {
  if (!thread_.joinable()) return;
  loop_.Post([this] { Drain(); });
  const MonoTime deadline = clock_.Mono() + kGrace;
  for (;;) {
    std::promise<std::size_t> left;
    auto answer = left.get_future();
    loop_.Post([&] { left.set_value(UnderWay()); });
    if (answer.get() == 0 || clock_.Mono() >= deadline) break;
    clock_.SleepFor(Millis(10), {});
  }
  loop_.Stop();
  thread_.join();
  while (!context_->connections.empty()) context_->connections.front()->Abort();
}

}  // namespace drover::pushprox
