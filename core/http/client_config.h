// How to talk to an HTTP peer: Prometheus' http_config block (authentication, TLS, proxy), shared
// by scrape jobs, remote write and notifications.
// https://prometheus.io/docs/prometheus/latest/configuration/configuration/#http_config
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/config/describe.h"

namespace drover::http {

struct BasicAuth {
  std::string username;
  std::string username_file;
  Secret password;
  std::string password_file;
};
struct Authorization {
  std::string type = "Bearer";
  Secret credentials;
  std::string credentials_file;
};
struct TlsConfig {
  std::string ca;  // PEM text
  std::string ca_file;
  std::string cert;
  std::string cert_file;
  Secret key;
  std::string key_file;
  std::string server_name;
  bool insecure_skip_verify = false;
  std::string min_version;  // TLS10 TLS11 TLS12 TLS13
  std::string max_version;
};
struct ClientConfig {
  std::optional<BasicAuth> basic_auth;
  std::optional<Authorization> authorization;
  Secret bearer_token;
  std::string bearer_token_file;
  TlsConfig tls_config;
  std::string proxy_url;
  std::string no_proxy;
  bool proxy_from_environment = false;
  bool follow_redirects = true;
};

template <typename Visitor>
void Describe(BasicAuth& c, Visitor& v) {
  v.Field("username", c.username, "text", "User name.");
  v.Field("username_file", c.username_file, "file", "File with the user name, read at each use.");
  v.Field("password", c.password, "secret", "Password.");
  v.Field("password_file", c.password_file, "file", "File with the password, read at each use.");
}
template <typename Visitor>
void Describe(Authorization& c, Visitor& v) {
  v.Field("type", c.type, "text", "Scheme of the Authorization header; not Basic.");
  v.Field("credentials", c.credentials, "secret", "Token.");
  v.Field("credentials_file", c.credentials_file, "file", "File with the token, read at each use.");
}
template <typename Visitor>
void Describe(TlsConfig& c, Visitor& v) {
  v.Field("ca", c.ca, "PEM", "Certificates to trust.");
  v.Field("ca_file", c.ca_file, "file", "File with certificates to trust.");
  v.Field("cert", c.cert, "PEM", "Client certificate.");
  v.Field("cert_file", c.cert_file, "file", "File with the client certificate.");
  v.Field("key", c.key, "PEM", "Key of the client certificate.");
  v.Field("key_file", c.key_file, "file", "File with that key.");
  v.Field("server_name", c.server_name, "host", "Name the peer's certificate must carry.");
  v.Field("insecure_skip_verify", c.insecure_skip_verify, "bool", "Take any certificate.");
  v.Field("min_version", c.min_version, "version", "TLS10, TLS11, TLS12 or TLS13.");
  v.Field("max_version", c.max_version, "version", "TLS10, TLS11, TLS12 or TLS13.");
}
// The fields stand beside others in a scrape job or remote_write entry: call this inside their
// Describe.
template <typename Visitor>
void DescribeClient(ClientConfig& c, Visitor& v) {
  v.Field("basic_auth", c.basic_auth, "", "User and password.");
  v.Field("authorization", c.authorization, "", "Token in the Authorization header.");
  v.Field("bearer_token", c.bearer_token, "secret", "Older spelling of authorization.credentials.");
  v.Field("bearer_token_file", c.bearer_token_file, "file",
          "Older spelling of authorization.credentials_file.");
  v.Field("tls_config", c.tls_config, "", "Certificates and versions.");
  v.Field("proxy_url", c.proxy_url, "url", "HTTP proxy.");
  v.Field("no_proxy", c.no_proxy, "hosts", "Hosts reached without the proxy, separated by commas.");
  v.Field("proxy_from_environment", c.proxy_from_environment, "bool",
          "Take the proxy from HTTP_PROXY and the like.");
  v.Field("follow_redirects", c.follow_redirects, "bool", "Follow 3xx answers.");
  v.NoEffect("enable_http2", "HTTP/1.1 is spoken to every peer");
  v.NotBuilt("oauth2");
  v.NotBuilt("proxy_connect_header");
  v.NotBuilt("http_headers");
}
template <typename Visitor>
void Describe(ClientConfig& c, Visitor& v) {
  DescribeClient(c, v);
}

// What the fields together must fulfil: one kind of authentication, no X beside X_file, a key for
// each certificate, known TLS versions. `place` is the block they stand in.
Status Validate(const ClientConfig& config, const YamlNode& place);

// All secrets in one text, to see whether two configurations differ in them; never to be shown.
std::string SecretText(const ClientConfig& config);

// Relative file names become relative to `folder` (the configuration file's).
void ResolveFiles(ClientConfig& config, const std::string& folder);

}  // namespace drover::http
