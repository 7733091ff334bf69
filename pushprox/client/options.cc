#include "pushprox/client/options.h"

#include <netdb.h>
#include <unistd.h>

#include <array>

#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

std::string SystemName() {
  std::array<char, 256> host{};
  if (::gethostname(host.data(), host.size() - 1) != 0) return "localhost";
  addrinfo hints{};
  hints.ai_flags = AI_CANONNAME;
  addrinfo* list = nullptr;
  if (::getaddrinfo(host.data(), nullptr, &hints, &list) != 0) return host.data();
  std::string name = list->ai_canonname != nullptr ? list->ai_canonname : host.data();
  ::freeaddrinfo(list);
  return name;
}

Status Named(std::string_view flag, Status status) {
  if (status) return status;
  return Fail(std::move(status).error().With("--" + std::string(flag)));
}

Status TakeAllowList(const ClientOptions& options, ClientPlan& plan) {
  const bool any_port = options.allow_port == "*" || options.allow_port.empty();
  if (any_port && options.target_allow.empty()) {
    plan.guard.AllowAny();
    plan.open = true;
  }
  std::string_view ports = any_port ? std::string_view() : std::string_view(options.allow_port);
  while (!ports.empty()) {
    const std::size_t comma = ports.find(',');
    if (ports.substr(0, comma).find('/') != std::string_view::npos)
      return Fail(ErrorCode::kInvalid, "--allow-port: a port, without path");
    DROVER_CHECK(Named("allow-port", plan.guard.Allow(ports.substr(0, comma))));
    ports = comma == std::string_view::npos ? std::string_view() : ports.substr(comma + 1);
  }
  for (const std::string& one : options.target_allow)
    DROVER_CHECK(Named("target.allow", plan.guard.Allow(one)));
  for (const std::string& one : options.target_tokens)
    DROVER_CHECK(Named("target.token", plan.guard.AddToken(one)));
  plan.guard.SetTokenForAll(options.token_file);
  return {};
}

}  // namespace

void AddFlags(Flags& flags, ClientOptions& o) {
  flags.Add("fqdn", o.fqdn, "FQDN to register with; the host's own when empty.");
  flags.Add("proxy-url", o.proxy_url, "Push proxy to talk to.");
  flags.Add("tls.cacert", o.tls.ca, "<file> CA certificate to verify peer against");
  flags.Add("tls.cert", o.tls.cert, "<cert> Client certificate file");
  flags.Add("tls.key", o.tls.key, "<key> Private key file");
  flags.Add("metrics-addr", o.metrics_address,
            "Serve Prometheus metrics at this address; empty turns it off.");
  flags.Add("proxy.retry.initial-wait", o.retry_first,
            "Amount of time to wait after proxy failure");
  flags.Add("proxy.retry.max-wait", o.retry_most,
            "Maximum amount of time to wait between proxy poll retries");
  flags.Add(
      "proxy.tls.cacert", o.proxy_tls.ca,
      "CA of the proxy's certificate. With any of --proxy.tls.*, --tls.* is for targets only.");
  flags.Add("proxy.tls.cert", o.proxy_tls.cert, "Client certificate shown to the proxy.");
  flags.Add("proxy.tls.key", o.proxy_tls.key, "Its key.");
  flags.Add("proxy.tls.insecure-skip-verify", o.proxy_skip_verify,
            "Take any certificate of the proxy.");
  flags.Add("proxy.token-file", o.proxy_token_file,
            "Token that speaks for --fqdn at the proxy, sent as Bearer, read at each use.");
  flags.Add(
      "token-path", o.token_file,
      "Token for targets, sent as Bearer over https, read at each scrape; needs an allow-list.");
  flags.Add("target.token", o.target_tokens,
            "PORT=FILE: as --token-path, for one port. Repeatable.");
  flags.Add("insecure-skip-verify", o.skip_verify, "Take any certificate of targets.");
  flags.Add("use-localhost", o.use_localhost,
            "Connect to 127.0.0.1 whatever the name says; needs an allow-list.");
  flags.Add("allow-port", o.allow_port,
            "Port that may be scraped, or several with commas; * is any.");
  flags.Add("target.allow", o.target_allow,
            "PORT or PORT/PATH that may be scraped, with all paths below. Repeatable.");
  flags.Add("scrape.max-bytes", o.max_scrape_bytes, "Longest page that is passed on; 0 is any.");
  flags.Add("limit.scrapes", o.max_scrapes, "Scrapes that may be under way.");
}

Result<ClientPlan> Understand(ClientOptions options) {
  const auto bad = [](std::string why) { return Fail(ErrorCode::kInvalid, std::move(why)); };
  ClientPlan plan;
  if (options.proxy_url.empty()) return bad("--proxy-url flag must be specified");
  DROVER_TRY(plan.proxy, http::ParseUrl(options.proxy_url));
  while (plan.proxy.path.ends_with('/')) plan.proxy.path.pop_back();
  plan.proxy.path += '/';
  if (options.fqdn.empty()) options.fqdn = SystemName();
  if (!IsName(options.fqdn)) return bad("--fqdn: \"" + options.fqdn + "\" is no name");
  DROVER_CHECK(TakeAllowList(options, plan));
  if (plan.open && options.use_localhost)
    return bad(
        "--use-localhost needs --allow-port or --target.allow: it reaches ports that listen "
        "on the loopback only");
  if (plan.open && (!options.token_file.empty() || !options.target_tokens.empty()))
    return bad(
        "a token for targets needs --allow-port or --target.allow: it would go to any port "
        "that the proxy asks for");
  if (options.max_scrapes < 1) return bad("--limit.scrapes must be at least 1");
  const bool own_tls = !options.proxy_tls.ca.empty() || !options.proxy_tls.cert.empty() ||
                       !options.proxy_tls.key.empty() || options.proxy_skip_verify;
  if (!own_tls) options.proxy_tls = options.tls;
  for (const TlsClientFiles* files : {&options.tls, &options.proxy_tls})
    DROVER_CHECK(MakeTlsClientContext(*files));
  plan.options = std::move(options);
  return plan;
}

}  // namespace drover::pushprox
