#include "pushprox/client/options.h"

#include <netdb.h>
#include <unistd.h>

#include <array>
#include <set>

#include "core/os/file_system.h"
#include "pushprox/client/flavours.h"
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

// What flags allow for the fqdn, behind what a file says.
Status TakeFlagRules(const ClientOptions& options, ClientPlan& plan) {
  Target target;
  target.name = options.fqdn;
  target.https = !options.token_file.empty();  // Rancher's way
  target.tls = {options.tls.ca, options.tls.cert, options.tls.key, "", options.skip_verify};
  // As in Rancher's fork the certificate must be for 127.0.0.1 then: those of components are, while
  // they lack the node's public address at times.
  if (options.use_localhost) target.host = target.tls.server_name = "127.0.0.1";
  std::map<int, std::string> tokens;
  for (const std::string& one : options.target_tokens) {
    auto token = ParsePortToken(one);
    if (!token) return Fail(std::move(token).error().With("--target.token"));
    tokens[token->port] = token->file;
  }
  std::set<int> allowed;
  const auto allow = [&](std::string_view flag, std::string_view text) -> Status {
    auto rule = ParseAllowRule(text);
    if (!rule) return Fail(std::move(rule).error().With("--" + std::string(flag)));
    Target one = target;
    one.port = rule->port;
    if (!rule->prefix.empty()) one.prefixes = {rule->prefix};
    const auto token = tokens.find(rule->port);
    one.token_file = token != tokens.end() ? token->second : options.token_file;
    allowed.insert(rule->port);
    plan.table.Add(std::move(one));
    return {};
  };
  const bool any_port = options.allow_port == "*";
  plan.open = any_port && options.target_allow.empty() && plan.table.targets().empty() &&
              options.flavour.empty();
  if (plan.open) plan.table.Add(target);
  std::string_view ports = any_port ? std::string_view() : std::string_view(options.allow_port);
  while (!ports.empty()) {
    const std::size_t comma = ports.find(',');
    if (ports.substr(0, comma).find('/') != std::string_view::npos)
      return Fail(ErrorCode::kInvalid, "--allow-port: a port, without path");
    DROVER_CHECK(allow("allow-port", ports.substr(0, comma)));
    ports = comma == std::string_view::npos ? std::string_view() : ports.substr(comma + 1);
  }
  for (const std::string& one : options.target_allow) DROVER_CHECK(allow("target.allow", one));
  for (const auto& [port, file] : tokens) {
    if (!allowed.empty() && !allowed.contains(port))
      return Fail(ErrorCode::kInvalid, "--target.token: no --allow-port or --target.allow names " +
                                           std::to_string(port));
  }
  if (options.skip_verify && allowed.empty() && !plan.open)
    plan.warnings.push_back(
        "--insecure-skip-verify is for targets of --allow-port and --target.allow: targets of a "
        "file have tls_config for it");
  return {};
}

Result<FlavourTargets> FlavourOf(const ClientOptions& options) {
  FlavourOptions wanted;
  wanted.flavour = options.flavour;
  wanted.components = options.components;
  return FindTargets(wanted, *MakeFileSystem(options.rootfs));
}

TlsClientFiles FilesOf(const TlsSettings& tls) {
  return {tls.ca_file, tls.cert_file, tls.key_file};
}

// Of the proxy's leg: its flags, else the file's, else those of targets.
Result<TlsSettings> ProxyTls(const ClientOptions& o, const ClientConfig& config) {
  TlsSettings tls{o.proxy_tls.ca, o.proxy_tls.cert, o.proxy_tls.key, "", o.proxy_skip_verify};
  if (tls == TlsSettings{}) tls = config.proxy_tls_config;
  if (tls == TlsSettings{}) tls = {o.tls.ca, o.tls.cert, o.tls.key, "", false};
  DROVER_CHECK(MakeTlsClientContext(FilesOf(tls)));
  return tls;
}

}  // namespace

void AddFlags(Flags& flags, ClientOptions& o) {
  flags.Add("config.file", o.config_file,
            "YAML file with targets and the proxy; flags go before it. SIGHUP reads it again.");
  flags.Add("fqdn", o.fqdn, "FQDN to register with; the host's own when empty.");
  flags.Add("proxy-url", o.proxy_url, "Push proxy to talk to.");
  flags.Add("tls.cacert", o.tls.ca, "<file> CA certificate to verify peer against");
  flags.Add("tls.cert", o.tls.cert, "<cert> Client certificate file");
  flags.Add("tls.key", o.tls.key, "<key> Private key file");
  flags.Add("metrics-addr", o.metrics_address,
            "Serve Prometheus metrics at this address; empty turns it off.");
  flags.Add("transport", o.transport,
            "tunnel, poll, or auto (default): a tunnel, and polls where the proxy knows none.");
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
            "Token that speaks for all names at the proxy, sent as Bearer, read at each use.");
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
  flags.Add("flavour", o.flavour,
            "auto, rke, rke2, k3s or kubeadm: targets are the components of that distribution "
            "that are found on this node.");
  flags.Add("flavour.component", o.components, "Only this component of the flavour. Repeatable.");
  flags.Add("flavour.show", o.flavour_show, "Print the flavour's targets as YAML, and end.");
  flags.Add("path.rootfs", o.rootfs, "The node's / as the flavour finds it.");
  flags.Add("scrape.max-bytes", o.max_scrape_bytes, "Longest page that is passed on; 0 is any.");
  flags.Add("limit.scrapes", o.max_scrapes, "Scrapes that may be under way.");
  flags.Add("limit.relays", o.max_relays, "CONNECT relays that may be under way.");
}

Result<ClientPlan> Understand(ClientOptions options, const ClientConfig& config) {
  const auto bad = [](std::string why) { return Fail(ErrorCode::kInvalid, std::move(why)); };
  const auto otherwise = [](std::string& flag, const std::string& file) {
    if (flag.empty()) flag = file;
  };
  otherwise(options.proxy_url, config.proxy_url);
  otherwise(options.fqdn, config.fqdn);
  otherwise(options.proxy_token_file, config.proxy_token_file);
  otherwise(options.flavour, config.flavour);
  if (options.components.empty()) options.components = config.components;
  if (options.flavour.empty() && !options.components.empty())
    return bad("components are a flavour's: give --flavour=auto");
  otherwise(options.transport, config.transport);
  otherwise(options.transport, "auto");
  if (options.transport != "auto" && options.transport != "tunnel" && options.transport != "poll")
    return bad("--transport is auto, tunnel or poll");
  ClientPlan plan;
  if (options.proxy_url.empty()) return bad("--proxy-url flag must be specified");
  DROVER_TRY(plan.proxy, http::ParseUrl(options.proxy_url));
  while (plan.proxy.path.ends_with('/')) plan.proxy.path.pop_back();
  plan.proxy.path += '/';
  if (options.fqdn.empty()) options.fqdn = SystemName();
  if (!IsName(options.fqdn)) return bad("--fqdn: \"" + options.fqdn + "\" is no name");
  for (TargetConfig target : config.targets) {
    otherwise(target.name, options.fqdn);
    plan.table.Add(target);
  }
  if (!options.flavour.empty()) {
    DROVER_TRY(FlavourTargets found, FlavourOf(options));
    plan.findings = std::move(found.findings);
    for (TargetConfig& target : found.targets) {
      target.name = options.fqdn;
      plan.table.Add(target);
    }
  }
  if (options.allow_port.empty()) return bad("--allow-port is empty: name ports, or * for any");
  DROVER_CHECK(TakeFlagRules(options, plan));
  if (plan.table.targets().empty()) {
    std::string why = "flavour " + options.flavour + ": nothing to scrape on this node";
    for (const std::string& line : plan.findings) why += "; " + line;
    return Fail(ErrorCode::kNotFound, why);
  }
  const bool allowed = options.allow_port != "*" || !options.target_allow.empty();
  if (!allowed && options.use_localhost)
    return bad(
        "--use-localhost needs --allow-port or --target.allow: it reaches ports that listen "
        "on the loopback only");
  if (!allowed && (!options.token_file.empty() || !options.target_tokens.empty()))
    return bad(
        "a token for targets needs --allow-port or --target.allow: it would go to any port "
        "that the proxy asks for");
  if (options.max_scrapes < 1) return bad("--limit.scrapes must be at least 1");
  if (options.max_relays < 0) return bad("--limit.relays must not be negative");
  DROVER_CHECK(MakeTlsClientContext(options.tls));
  DROVER_TRY(plan.proxy_tls, ProxyTls(options, config));
  plan.registration = plan.table.Register({{"node", options.fqdn}});
  DROVER_CHECK(ParseRegistration(ToJson(plan.registration)));  // its limits
  for (const Target& target : plan.table.targets()) {
    const auto tls = MakeTlsClientContext(FilesOf(target.tls));
    if (!tls)
      plan.warnings.push_back("target " + target.name + ":" + std::to_string(target.port) +
                              " cannot be scraped yet: " + tls.error().message());
  }
  plan.options = std::move(options);
  return plan;
}

Result<ClientPlan> ReadPlan(const ClientOptions& options) {
  if (options.config_file.empty()) return Understand(options);
  std::vector<std::string> warnings;
  DROVER_TRY(const ClientConfig config, ReadClientConfig(options.config_file, warnings));
  DROVER_TRY(ClientPlan plan, Understand(options, config));
  plan.warnings.insert(plan.warnings.begin(), warnings.begin(), warnings.end());
  return plan;
}

Result<std::string> ShowFlavour(const ClientOptions& options) {
  ClientOptions wanted = options;
  if (!options.config_file.empty()) {
    std::vector<std::string> warnings;
    DROVER_TRY(const ClientConfig config, ReadClientConfig(options.config_file, warnings));
    if (wanted.flavour.empty()) wanted.flavour = config.flavour;
    if (wanted.components.empty()) wanted.components = config.components;
  }
  if (wanted.flavour.empty()) wanted.flavour = "auto";
  DROVER_TRY(const FlavourTargets found, FlavourOf(wanted));
  std::string out;
  for (const std::string& line : found.findings) out += "# " + line + "\n";
  return out + WriteTargets(found.targets);
}

}  // namespace drover::pushprox
