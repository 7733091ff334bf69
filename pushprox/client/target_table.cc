#include "pushprox/client/target_table.h"

#include <algorithm>

#include "core/base/numbers.h"
#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

Result<int> Port(std::string_view text) {
  const auto port = ParseUint(text);
  if (!port || *port < 1 || *port > 65535)
    return Fail(ErrorCode::kInvalid, "\"" + std::string(text) + "\" is no port");
  return static_cast<int>(*port);
}

// A path that a server could read as another one than it looks.
bool IsCrooked(std::string_view path) {
  const auto decoded = http::PercentDecode(path, false);
  if (!decoded || decoded->find('%') != std::string::npos) return true;
  if (decoded->find_first_of("\\;") != std::string::npos ||
      decoded->find("//") != std::string::npos)
    return true;
  if (path.find("%2f") != std::string_view::npos || path.find("%2F") != std::string_view::npos)
    return true;
  const std::string framed = *decoded + "/";
  return framed.find("/../") != std::string::npos || framed.find("/./") != std::string::npos;
}

// "/metrics/" as "/metrics", "/" as "": any.
std::string Prefix(std::string_view path) {
  while (path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

bool Allows(const Target& target, std::string_view path, bool crooked) {
  return target.prefixes.empty() ||
         (!crooked &&
          std::any_of(target.prefixes.begin(), target.prefixes.end(), [&](const auto& prefix) {
            return path.starts_with(prefix) &&
                   (path.size() == prefix.size() || path[prefix.size()] == '/');
          }));
}

void MakeHttps(http::Url& url) {
  if (url.scheme == "https") return;
  url.scheme = "https";
  if (!url.port_given) url.port = 443;
}

}  // namespace

void TargetTable::Add(const TargetConfig& config) {
  Target target;
  target.name = config.name;
  target.port = config.port;
  for (const std::string& path : config.paths) target.prefixes.push_back(Prefix(path));
  if (std::count(target.prefixes.begin(), target.prefixes.end(), "") > 0) target.prefixes.clear();
  target.connect = config.connect;
  target.https = config.scheme == "https";
  if (!config.address.empty()) {
    const auto at = ParseDialAddress(config.address, config.port);
    if (at) {
      target.host = at->host;
      target.connect_port = at->port;
    }
  }
  target.tls = config.tls_config;
  target.token_file = config.authorization.credentials_file;
  target.token_type = config.authorization.type;
  target.labels = config.labels;
  if (!config.component.empty()) target.labels["component"] = config.component;
  targets_.push_back(std::move(target));
}

Result<TargetTable::Choice> TargetTable::Choose(std::string_view method, http::Url url) const {
  const auto no = [](std::string why) { return Fail(ErrorCode::kDenied, std::move(why)); };
  if (method != "GET" && method != "HEAD") return no("only GET and HEAD are run here");
  if (TakeSchemeHttps(url.query)) MakeHttps(url);
  const std::string path = url.path.empty() ? "/" : url.path;
  const bool crooked = IsCrooked(path);
  bool known = false;
  for (const Target& target : targets_) {
    if (target.name != url.host) continue;
    known = true;
    http::Url asked = url;
    if (target.https) MakeHttps(asked);
    if ((target.port != 0 && target.port != asked.port) || !Allows(target, path, crooked)) continue;
    if (!target.token_file.empty() && asked.scheme != "https")
      return no("a port with a token is scraped over https only");
    return Choice{&target, std::move(asked)};
  }
  if (!known) return no("scrape target doesn't match client fqdn");
  return no("port " + std::to_string(url.port) + " with path " + path + " is not allowed here");
}

Result<const Target*> TargetTable::ChooseConnect(std::string_view name, int port) const {
  for (const Target& target : targets_) {
    if (target.name == name && (target.port == 0 || target.port == port) &&
        (target.prefixes.empty() || target.connect))
      return &target;
  }
  return Fail(ErrorCode::kDenied, "CONNECT to port " + std::to_string(port) +
                                      " is not allowed here: it needs a rule for any path, or "
                                      "connect: true");
}

std::vector<std::string> TargetTable::Names() const {
  std::vector<std::string> names;
  for (const Target& target : targets_) {
    if (std::find(names.begin(), names.end(), target.name) == names.end())
      names.push_back(target.name);
  }
  return names;
}

Registration TargetTable::Register(const RegisteredLabels& labels) const {
  Registration out;
  for (const std::string& name : Names()) {
    RegisteredName one{name, labels, {}};
    for (const Target& target : targets_) {
      if (target.name != name || target.port == 0) continue;
      const std::string path = target.prefixes.empty() ? "/metrics" : target.prefixes.front();
      const bool there = std::any_of(
          one.targets.begin(), one.targets.end(),
          [&](const auto& other) { return other.port == target.port && other.path == path; });
      if (!there) one.targets.push_back({target.port, path, target.labels});
    }
    out.names.push_back(std::move(one));
  }
  return out;
}

Result<AllowRule> ParseAllowRule(std::string_view text) {
  const std::size_t slash = text.find('/');
  DROVER_TRY(const int port, Port(text.substr(0, slash)));
  return AllowRule{port, slash == std::string_view::npos ? "" : Prefix(text.substr(slash))};
}

Result<PortToken> ParsePortToken(std::string_view text) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos || equals + 1 == text.size())
    return Fail(ErrorCode::kInvalid, "expected PORT=FILE, found \"" + std::string(text) + "\"");
  DROVER_TRY(const int port, Port(text.substr(0, equals)));
  return PortToken{port, std::string(text.substr(equals + 1))};
}

}  // namespace drover::pushprox
