// The file of --web.config.file: TLS, users, headers and a request rate of a program's own server,
// in the form of Prometheus' exporter-toolkit
// (https://github.com/prometheus/exporter-toolkit/blob/v0.17.1/docs/web-configuration.md). What
// differs is listed in docs/web-config.md.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/describe.h"

namespace drover::http {

enum class ClientAuth {
  kNone,
  kRequest,           // asked for, taken unverified
  kRequireAny,        // must come, taken unverified
  kVerifyIfGiven,     // may be left out
  kRequireAndVerify,  // must come from client_ca
};
enum class TlsVersion { kTls10, kTls11, kTls12, kTls13 };
struct CipherSuite {
  std::string name;  // as Go and IANA call it
};
struct Curve {
  std::string name;  // CurveP256 CurveP384 CurveP521 X25519
};

Status FromYaml(const YamlNode& node, ClientAuth& out);
Status FromYaml(const YamlNode& node, TlsVersion& out);
Status FromYaml(const YamlNode& node, CipherSuite& out);
Status FromYaml(const YamlNode& node, Curve& out);
void ToYaml(const ClientAuth& v, YamlWriter& out);
void ToYaml(const TlsVersion& v, YamlWriter& out);
void ToYaml(const CipherSuite& v, YamlWriter& out);
void ToYaml(const Curve& v, YamlWriter& out);

struct TlsServerConfig {
  std::string cert;  // PEM text
  Secret key;
  std::string client_ca;
  std::string cert_file;
  std::string key_file;
  std::string client_ca_file;
  ClientAuth client_auth_type = ClientAuth::kNone;
  std::vector<std::string> client_allowed_sans;
  TlsVersion min_version = TlsVersion::kTls12;
  TlsVersion max_version = TlsVersion::kTls13;
  std::vector<CipherSuite> cipher_suites;  // empty: a default of safe ones
  bool prefer_server_cipher_suites = true;
  std::vector<Curve> curve_preferences;  // empty: OpenSSL's

  bool is_on() const { return !cert.empty() || !cert_file.empty(); }
};
struct HttpServerConfig {
  std::map<std::string, std::string> headers;
};
struct RateLimit {
  Millis interval{0};  // a request is earned each interval; 0: no limit
  std::int64_t burst = 0;
};
struct WebConfig {
  TlsServerConfig tls;
  HttpServerConfig http;
  std::map<std::string, Secret> basic_auth_users;  // name to bcrypt hash
  RateLimit rate_limit;
};

template <typename Visitor>
void Describe(TlsServerConfig& c, Visitor& v) {
  v.Field("cert", c.cert, "PEM", "Certificate of the server, with its chain.");
  v.Field("key", c.key, "PEM", "Key of that certificate.");
  v.Field("client_ca", c.client_ca, "PEM", "Certificates that sign those of clients.");
  v.Field("cert_file", c.cert_file, "file", "File with the certificate, re-read when it changes.");
  v.Field("key_file", c.key_file, "file", "File with the key, re-read when it changes.");
  v.Field("client_ca_file", c.client_ca_file, "file",
          "File with the clients' CA, re-read when it changes.");
  v.Field("client_auth_type", c.client_auth_type, "policy",
          "NoClientCert, RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven or "
          "RequireAndVerifyClientCert; only the last one is safe.");
  v.Field("client_allowed_sans", c.client_allowed_sans, "list",
          "DNS names, IP addresses, e-mail addresses or URIs of which a client's certificate must "
          "carry one.");
  v.Field("min_version", c.min_version, "version", "TLS10, TLS11, TLS12 or TLS13.");
  v.Field("max_version", c.max_version, "version", "TLS10, TLS11, TLS12 or TLS13.");
  v.Field("cipher_suites", c.cipher_suites, "list", "Cipher suites up to TLS 1.2, best first.");
  v.Field("prefer_server_cipher_suites", c.prefer_server_cipher_suites, "bool",
          "Whether the server's order of suites decides, or the client's.");
  v.Field("curve_preferences", c.curve_preferences, "list",
          "CurveP256, CurveP384, CurveP521 and X25519, best first.");
}
template <typename Visitor>
void Describe(HttpServerConfig& c, Visitor& v) {
  v.NoEffect("http2", "HTTP/1.1 is spoken to every client");
  v.Field("headers", c.headers, "map",
          "Content-Security-Policy, X-Frame-Options, X-Content-Type-Options, X-XSS-Protection and "
          "Strict-Transport-Security of every answer.");
}
template <typename Visitor>
void Describe(RateLimit& c, Visitor& v) {
  v.Field("interval", c.interval, "duration", "Time between two requests; 0 is no limit.");
  v.Field("burst", c.burst, "requests", "Requests that may come at once.");
}
template <typename Visitor>
void Describe(WebConfig& c, Visitor& v) {
  v.Field("tls_server_config", c.tls, "", "Certificates and versions; without it plain HTTP.");
  v.Field("http_server_config", c.http, "", "Headers of answers.");
  v.Field("basic_auth_users", c.basic_auth_users, "map", "User names with bcrypt hashes.");
  v.Field("rate_limit", c.rate_limit, "", "Requests above it are answered 429.");
}

// `file` names the text in messages and is where relative names of files start from. kInvalid
// "file:line:column: …" for anything that is wrong; no message holds a hash or a key. `warnings`
// gets a line for each key without effect.
Result<WebConfig> ParseWebConfig(std::string_view text, const std::string& file,
                                 std::vector<std::string>* warnings = nullptr);

}  // namespace drover::http
