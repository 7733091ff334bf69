#include "pushprox/client/proxy_leg.h"

#include <utility>

#include "core/base/base64.h"
#include "core/base/version.h"
#include "core/os/file_system.h"

namespace drover::pushprox {
namespace {

PeerOptions OptionsOf(const ProxyAccess& access, const std::string& address) {
  PeerOptions options;
  options.host = access.url.host;
  options.connect_to = address;
  options.port = access.url.port;
  options.tls = access.tls != nullptr;
  options.verify = !access.tls_settings.insecure_skip_verify;
  options.server_name = access.tls_settings.server_name;
  options.tls_client = access.tls;
  return options;
}

}  // namespace

Result<std::string> ReadToken(const std::string& path) {
  DROVER_TRY(std::string token, ReadUserFile(path));
  while (!token.empty() && (token.back() == '\n' || token.back() == '\r' || token.back() == ' '))
    token.pop_back();
  if (token.empty() || token.find_first_of("\r\n \t") != std::string::npos)
    return Fail(ErrorCode::kInvalid, path + ": no token in it");
  return token;
}

Result<std::string> ProxyAccess::Authorization() const {
  if (!token_file.empty()) {
    DROVER_TRY(const std::string token, ReadToken(token_file));
    return "Bearer " + token;
  }
  if (url.user.empty()) return std::string();
  return "Basic " + ToBase64(url.user + ":" + url.password);
}

ProxyLeg::ProxyLeg(EventLoop& loop, Resolver& resolver, std::shared_ptr<const ProxyAccess> with,
                   const std::string& address)
    : access(std::move(with)), peer(loop, resolver, OptionsOf(*access, address)) {}

Result<std::string> ProxyLeg::Request(std::string_view path) const {
  DROVER_TRY(const std::string authorization, access->Authorization());
  std::string out = "POST " + access->url.path + std::string(path) + " HTTP/1.1\r\n";
  AppendField(out, "Host", access->url.HostPort());
  AppendField(out, "User-Agent", "drover-pushprox/" + std::string(Version()));
  if (!authorization.empty()) AppendField(out, "Authorization", authorization);
  return out;
}

}  // namespace drover::pushprox
