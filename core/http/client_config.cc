#include "core/http/client_config.h"

#include "core/http/message.h"

namespace drover::http {
namespace {

bool KnownVersion(const std::string& text) {
  return text.empty() || text == "TLS10" || text == "TLS11" || text == "TLS12" || text == "TLS13";
}

void Resolve(std::string& file, const std::string& folder) {
  if (!file.empty() && file.front() != '/') file = folder + "/" + file;
}

}  // namespace

Status Validate(const ClientConfig& c, const YamlNode& place) {
  const bool bearer = !c.bearer_token.empty() || !c.bearer_token_file.empty();
  if ((c.basic_auth ? 1 : 0) + (c.authorization ? 1 : 0) + (bearer ? 1 : 0) > 1) {
    return place.Fail(
        "at most one of basic_auth, authorization, bearer_token & bearer_token_file must be "
        "configured");
  }
  if (!c.bearer_token.empty() && !c.bearer_token_file.empty()) {
    return place.Fail("at most one of bearer_token & bearer_token_file must be configured");
  }
  if (c.basic_auth) {
    if (!c.basic_auth->username.empty() && !c.basic_auth->username_file.empty()) {
      return place.Fail("at most one of basic_auth username & username_file must be configured");
    }
    if (!c.basic_auth->password.empty() && !c.basic_auth->password_file.empty()) {
      return place.Fail("at most one of basic_auth password & password_file must be configured");
    }
  }
  if (c.authorization) {
    if (!c.authorization->credentials.empty() && !c.authorization->credentials_file.empty()) {
      return place.Fail(
          "at most one of authorization credentials & credentials_file must be configured");
    }
    if (EqualsNoCase(c.authorization->type, "basic")) {
      return place.Fail(
          "authorization type cannot be set to \"basic\", use \"basic_auth\" instead");
    }
  }
  const TlsConfig& tls = c.tls_config;
  if (!tls.ca.empty() && !tls.ca_file.empty())
    return place.Fail("at most one of ca and ca_file must be configured");
  if (!tls.cert.empty() && !tls.cert_file.empty())
    return place.Fail("at most one of cert and cert_file must be configured");
  if (!tls.key.empty() && !tls.key_file.empty())
    return place.Fail("at most one of key and key_file must be configured");
  const bool cert = !tls.cert.empty() || !tls.cert_file.empty();
  const bool key = !tls.key.empty() || !tls.key_file.empty();
  if (cert != key) {
    return place.Fail(cert ? "exactly one of key or key_file must be configured when a client "
                             "certificate is configured"
                           : "exactly one of cert or cert_file must be configured when a client "
                             "key is configured");
  }
  if (!KnownVersion(tls.min_version) || !KnownVersion(tls.max_version)) {
    return place.Fail("unknown TLS version (TLS10, TLS11, TLS12 or TLS13)");
  }
  if (!c.no_proxy.empty() && c.proxy_url.empty())
    return place.Fail("if no_proxy is configured, proxy_url must also be configured");
  if (c.proxy_from_environment && !c.proxy_url.empty()) {
    return place.Fail("if proxy_from_environment is configured, proxy_url must not be configured");
  }
  return {};
}

std::string SecretText(const ClientConfig& c) {
  std::string out;
  const auto add = [&out](const Secret& secret) {
    out += std::to_string(secret.Reveal().size()) + ":" + secret.Reveal();
  };
  if (c.basic_auth) add(c.basic_auth->password);
  if (c.authorization) add(c.authorization->credentials);
  add(c.bearer_token);
  add(c.tls_config.key);
  return out;
}

void ResolveFiles(ClientConfig& c, const std::string& folder) {
  if (c.basic_auth) {
    Resolve(c.basic_auth->username_file, folder);
    Resolve(c.basic_auth->password_file, folder);
  }
  if (c.authorization) Resolve(c.authorization->credentials_file, folder);
  Resolve(c.bearer_token_file, folder);
  Resolve(c.tls_config.ca_file, folder);
  Resolve(c.tls_config.cert_file, folder);
  Resolve(c.tls_config.key_file, folder);
}

}  // namespace drover::http
