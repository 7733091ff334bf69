#include "core/http/web_config.h"

#include <doctest/doctest.h>

namespace drover::http {

TEST_SUITE("core/http/web_config") {
  TEST_CASE("a whole file") {
    std::vector<std::string> warnings;
    const auto config = ParseWebConfig(
        "tls_server_config:\n"
        "  cert_file: server.pem\n"
        "  key_file: /keys/server.key\n"
        "  client_ca_file: ca.pem\n"
        "  client_auth_type: RequireClientCert\n"
        "  client_allowed_sans: [a.example, 10.0.0.1]\n"
        "  min_version: TLS11\n"
        "  max_version: TLS12\n"
        "  cipher_suites: [TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256]\n"
        "  prefer_server_cipher_suites: false\n"
        "  curve_preferences: [X25519, CurveP256]\n"
        "http_server_config:\n"
        "  http2: false\n"
        "  headers:\n"
        "    X-Frame-Options: deny\n"
        "    Strict-Transport-Security: max-age=31536000\n"
        "basic_auth_users:\n"
        "  ann: $2b$04$abcdefghijklmnopqrstu.lYCx04GQo153nzKUfcV5On12krTewnm\n"
        "rate_limit:\n"
        "  interval: 100ms\n"
        "  burst: 5\n",
        "/etc/drover/web.yml", &warnings);
    REQUIRE_MESSAGE(config.has_value(), config.error().message());
    const TlsServerConfig& tls = config->tls;
    CHECK(tls.is_on());
    CHECK(tls.cert_file == "/etc/drover/server.pem");
    CHECK(tls.key_file == "/keys/server.key");
    CHECK(tls.client_auth_type == ClientAuth::kRequireAny);
    CHECK(tls.client_allowed_sans.size() == 2);
    CHECK(tls.min_version == TlsVersion::kTls11);
    CHECK(tls.max_version == TlsVersion::kTls12);
    CHECK(tls.curve_preferences.at(1).name == "CurveP256");
    CHECK_FALSE(tls.prefer_server_cipher_suites);
    CHECK(config->http.headers.at("X-Frame-Options") == "deny");
    CHECK(config->rate_limit.interval == Millis(100));
    REQUIRE(warnings.size() == 1);
    CHECK(warnings[0].starts_with("/etc/drover/web.yml:13:10: http2 has no effect"));
    const std::string shown = WriteFields(*config);
    CHECK(shown.find("$2b$") == std::string::npos);
    CHECK(shown.find("client_auth_type: RequireAnyClientCert") != std::string::npos);
  }
  TEST_CASE("an empty file and an empty TLS block are plain HTTP without users") {
    for (const char* text : {"", "tls_server_config:\n", "tls_server_config: {}\n"}) {
      const auto config = ParseWebConfig(text, "w");
      REQUIRE(config.has_value());
      CHECK_FALSE(config->tls.is_on());
      CHECK(config->tls.min_version == TlsVersion::kTls12);
    }
  }
  TEST_CASE("all client_auth_types") {
    const std::pair<const char*, ClientAuth> cases[] = {
        {"NoClientCert", ClientAuth::kNone},
        {"RequestClientCert", ClientAuth::kRequest},
        {"RequireAnyClientCert", ClientAuth::kRequireAny},
        {"RequireClientCert", ClientAuth::kRequireAny},
        {"VerifyClientCertIfGiven", ClientAuth::kVerifyIfGiven},
        {"RequireAndVerifyClientCert", ClientAuth::kRequireAndVerify}};
    for (const auto& [name, want] : cases) {
      const auto config = ParseWebConfig(
          "tls_server_config: {cert: c, key: k, client_auth_type: " + std::string(name) + "}", "w");
      REQUIRE(config.has_value());
      CHECK(config->tls.client_auth_type == want);
    }
  }
  TEST_CASE("mistakes name their place") {
    const struct {
      const char* text;
      const char* want;
    } cases[] = {
        {"tls_config: {}", "w:1:1: unknown key \"tls_config\""},
        {"tls_server_config:\n  cert_fil: x\n",
         "w:2:3: unknown key \"cert_fil\", did you mean \"cert_file\"?"},
        {"tls_server_config:\n  key_file: x\n", "w:2:3: missing one of cert or cert_file"},
        {"tls_server_config:\n  cert_file: x\n", "w:2:3: missing one of key or key_file"},
        {"tls_server_config:\n  min_version: TLS13\n", "w:2:3: missing one of cert or cert_file"},
        {"tls_server_config:\n  cert: a\n  cert_file: b\n  key: c\n",
         "w:3:14: at most one of cert or cert_file may be set"},
        {"tls_server_config:\n  cert: a\n  key: c\n  client_ca: b\n",
         "w:4:14: a client CA needs a client_auth_type other than NoClientCert"},
        {"tls_server_config:\n  cert: a\n  key: c\n  client_allowed_sans: [b]\n"
         "  client_auth_type: VerifyClientCertIfGiven\n",
         "w:4:24: client_allowed_sans needs client_auth_type RequireAnyClientCert or "
         "RequireAndVerifyClientCert"},
        {"tls_server_config:\n  client_auth_type: Never\n",
         "w:2:21: unknown client_auth_type \"Never\", expected one of NoClientCert, "
         "RequestClientCert, RequireAnyClientCert, VerifyClientCertIfGiven, "
         "RequireAndVerifyClientCert"},
        {"tls_server_config:\n  min_version: SSL3\n",
         "w:2:16: unknown TLS version \"SSL3\", expected one of TLS10, TLS11, TLS12, TLS13"},
        {"tls_server_config:\n  cert: a\n  key: b\n  min_version: TLS13\n  max_version: TLS12\n",
         "w:4:16: min_version is above max_version"},
        {"tls_server_config:\n  cipher_suites:\n  - TLS_RSA_WITH_RC4_128_SHA\n",
         "w:3:5: unknown cipher suite \"TLS_RSA_WITH_RC4_128_SHA\""},
        {"tls_server_config:\n  curve_preferences: [P-256]\n", "w:2:23: unknown curve \"P-256\""},
        {"http_server_config:\n  headers:\n    Server: x\n",
         "w:3:5: HTTP header \"Server\" can not be configured"},
        {"http_server_config:\n  headers:\n    X-Frame-Options: allow\n",
         "w:3:22: invalid value for X-Frame-Options: \"allow\", expected deny or sameorigin"},
        {"http_server_config:\n  headers:\n    X-XSS-Protection: \"a\\r\\nb\"\n",
         "w:3:23: a header's value is one line of text"},
        {"basic_auth_users:\n  ann: hunter2\n",
         "w:2:8: the value of user \"ann\" is no bcrypt hash"},
        {"basic_auth_users:\n  ann:\n", "the value of user \"ann\" is no bcrypt hash"},
        {"basic_auth_users:\n  \"a:b\": x\n", "w:2:3: a user name cannot hold a colon"},
        {"basic_auth_users: [ann]\n", "w:1:19: expected a map"},
        {"rate_limit:\n  interval: 1s\n",
         "a rate limit with a burst below 1 refuses every request"},
        {"rate_limit:\n  interval: soon\n", "w:2:13: "},
    };
    for (const auto& c : cases) {
      CAPTURE(std::string(c.text));
      const auto config = ParseWebConfig(c.text, "w");
      REQUIRE_FALSE(config.has_value());
      CHECK(config.error().code() == ErrorCode::kInvalid);
      CHECK(config.error().message().find(c.want) != std::string::npos);
      CAPTURE(config.error().message());
      CHECK(config.error().message().find("hunter2") == std::string::npos);
    }
  }
}
}  // namespace drover::http
