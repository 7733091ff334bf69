#include "pushprox/client/target_config.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "core/base/numbers.h"
#include "core/os/file_system.h"
#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

bool IsPathPrefix(std::string_view path) {
  return path.starts_with('/') && path.size() <= 1024 &&
         path.find_first_of("?#%\\;") == std::string_view::npos &&
         path.find("//") == std::string_view::npos &&
         std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

struct Wrong {
  std::string_view key;
  std::string why;
};

Status Check(bool fine, Wrong& wrong, std::string_view key, std::string why) {
  if (fine) return {};
  wrong = {key, why};
  return Fail(ErrorCode::kInvalid, std::move(why));
}

Status CheckTls(const TlsSettings& tls, Wrong& wrong, std::string_view key) {
  return Check(tls.key_file.empty() || !tls.cert_file.empty(), wrong, key,
               "key_file without cert_file");
}

Status CheckTarget(const TargetConfig& t, Wrong& wrong) {
  DROVER_CHECK(Check(t.name.empty() || IsName(t.name), wrong, "name",
                     "\"" + t.name.substr(0, 64) + "\" is no name"));
  DROVER_CHECK(Check(t.port >= 1 && t.port <= 65535, wrong, "port",
                     "a target needs a port from 1 to 65535"));
  for (const std::string& path : t.paths)
    DROVER_CHECK(Check(
        IsPathPrefix(path), wrong, "paths",
        "\"" + path.substr(0, 64) + "\" is no path: it begins with / and has no query or escapes"));
  DROVER_CHECK(
      Check(t.scheme == "http" || t.scheme == "https", wrong, "scheme", "scheme is http or https"));
  if (!t.address.empty()) {
    const auto at = ParseDialAddress(t.address, t.port);
    if (!at) return Check(false, wrong, "address", at.error().message());
  }
  DROVER_CHECK(CheckTls(t.tls_config, wrong, "tls_config"));
  DROVER_CHECK(Check(t.scheme == "https" || t.tls_config == TlsSettings{}, wrong, "tls_config",
                     "tls_config needs scheme: https"));
  const TargetAuthorization& a = t.authorization;
  DROVER_CHECK(Check(t.scheme == "https" || a.credentials_file.empty(), wrong, "authorization",
                     "a token is sent over https only: give scheme: https"));
  const bool word = !a.type.empty() && std::all_of(a.type.begin(), a.type.end(),
                                                   [](char c) { return c > ' ' && c < 0x7f; });
  return Check(word && a.type != "Basic" && a.type != "basic", wrong, "authorization",
               "authorization: type is one word, and not Basic");
}

void Resolve(std::string& file, const std::string& folder) {
  if (!file.empty() && file.front() != '/') file = folder + "/" + file;
}

void Resolve(TlsSettings& tls, const std::string& folder) {
  for (std::string* file : {&tls.ca_file, &tls.cert_file, &tls.key_file}) Resolve(*file, folder);
}

}  // namespace

Status Validate(const TargetConfig& target) {
  Wrong ignored;
  return CheckTarget(target, ignored);
}

Status Validate(const ClientConfig& config, const YamlNode& place) {
  const auto at = [&](std::string_view key) -> const YamlNode& {
    const YamlNode* node = place.Find(key);
    return node != nullptr ? *node : place;
  };
  if (!config.fqdn.empty() && !IsName(config.fqdn))
    return at("fqdn").Fail("\"" + config.fqdn.substr(0, 64) + "\" is no name");
  if (!config.transport.empty() && config.transport != "auto" && config.transport != "tunnel" &&
      config.transport != "poll")
    return at("transport").Fail("transport is auto, tunnel or poll");
  Wrong wrong;
  if (!CheckTls(config.proxy_tls_config, wrong, "")) return at("proxy_tls_config").Fail(wrong.why);
  std::set<std::tuple<std::string, int, std::string>> seen;
  for (std::size_t i = 0; i < config.targets.size(); ++i) {
    const TargetConfig& target = config.targets[i];
    const YamlNode& item = at("targets").items[i];
    const auto fail = [&](std::string_view key, const std::string& why) {
      const YamlNode* node = item.Find(key);
      return (node != nullptr ? *node : item).Fail(why);
    };
    if (!CheckTarget(target, wrong)) return fail(wrong.key, wrong.why);
    const std::string name = target.name == config.fqdn ? std::string() : target.name;
    const auto paths = target.paths.empty() ? std::vector<std::string>{""} : target.paths;
    for (const std::string& path : paths) {
      if (!seen.emplace(name, target.port, path).second)
        return fail("port", "this name, port and path is given twice");
    }
  }
  return {};
}

void ResolveFiles(ClientConfig& config, const std::string& folder) {
  Resolve(config.proxy_token_file, folder);
  Resolve(config.proxy_tls_config, folder);
  for (TargetConfig& target : config.targets) {
    Resolve(target.tls_config, folder);
    Resolve(target.authorization.credentials_file, folder);
  }
}

Result<ClientConfig> ReadClientConfig(const std::string& file, std::vector<std::string>& warnings) {
  DROVER_TRY(const std::string text, ReadUserFile(file));
  DROVER_TRY(const YamlNode root, ParseYaml(text, file));
  ClientConfig config;
  DROVER_CHECK(ReadFields(root, config, &warnings));
  DROVER_CHECK(Validate(config, root));
  const std::size_t slash = file.rfind('/');
  ResolveFiles(config, slash == std::string::npos ? "." : file.substr(0, slash));
  return config;
}

Result<DialAddress> ParseDialAddress(std::string_view text, int port) {
  const auto bad = [&] {
    return Fail(ErrorCode::kInvalid, "address: expected HOST or HOST:PORT, found \"" +
                                         std::string(text.substr(0, 64)) + "\"");
  };
  DialAddress out{"", port};
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return bad();
    out.host = text.substr(1, end - 1);
    rest = text.substr(end + 1);
  } else if (std::count(text.begin(), text.end(), ':') > 1) {
    out.host = text;
  } else {
    const std::size_t colon = text.find(':');
    out.host = text.substr(0, colon);
    if (colon != std::string_view::npos) rest = text.substr(colon);
  }
  if (!rest.empty()) {
    const auto number = rest.front() == ':' ? ParseUint(rest.substr(1)) : std::nullopt;
    if (!number || *number < 1 || *number > 65535) return bad();
    out.port = static_cast<int>(*number);
  }
  if (!IsName(out.host)) return bad();
  return out;
}

}  // namespace drover::pushprox
