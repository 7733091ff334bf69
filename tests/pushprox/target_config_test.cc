#include "pushprox/client/target_config.h"

#include <doctest/doctest.h>

namespace drover::pushprox {
namespace {

// "" when it is fine.
std::string Complaint(const std::string& text) {
  const auto root = ParseYaml(text, "client.yml");
  REQUIRE(root);
  ClientConfig config;
  Status status = ReadFields(*root, config);
  if (status) status = Validate(config, *root);
  return status ? "" : status.error().message();
}

}  // namespace

TEST_SUITE("target config") {
  TEST_CASE("what is wrong is told with its place") {
    struct Case {
      const char* text;
      const char* says;
    };
    static const Case kCases[] = {
        {"proxy_url: http://p\ntargets: [{port: 9100}]", ""},
        {"targets:\n  - {port: 9100, scheme: https, tls_config: {ca_file: a}}", ""},
        {"targets:\n  - port: 0", "client.yml:2:11: a target needs a port"},
        {"targets:\n  - name: a", "client.yml:2:5: a target needs a port"},
        {"targets:\n  - {port: 1, scheme: ftp}", "client.yml:2:23: scheme is http or https"},
        {"targets:\n  - {port: 1, name: 'a b'}", "client.yml:2:21: \"a b\" is no name"},
        {"targets:\n  - {port: 1, paths: [x]}", "client.yml:2:22: \"x\" is no path"},
        {"targets:\n  - {port: 1, paths: ['/a?b']}", "is no path"},
        {"targets:\n  - {port: 1, paths: ['/a/%2e']}", "is no path"},
        {"targets:\n  - {port: 1, authorization: {credentials_file: t}}", "over https only"},
        {"targets:\n  - {port: 1, tls_config: {ca_file: t}}", "needs scheme: https"},
        {"targets:\n  - {port: 1, scheme: https, tls_config: {key_file: t}}", "without cert_file"},
        {"targets:\n  - {port: 1, scheme: https, authorization: {type: Basic}}", "not Basic"},
        {"targets:\n  - {port: 1, address: 'a:b'}", "client.yml:2:24: address:"},
        {"targets:\n  - {port: 1}\n  - {port: 1}", "client.yml:3:12: this name, port and path"},
        {"targets:\n  - {port: 1, paths: [/a]}\n  - {port: 1, paths: [/b]}", ""},
        {"targets:\n  - {port: 1, prot: 2}", "prot"},
        {"transport: fast", "transport"},
        {"fqdn: a b", "client.yml:1:7: \"a b\" is no name"},
    };
    for (const Case& c : kCases) {
      SUBCASE(c.text) {
        const std::string says = Complaint(c.text);
        CHECK_MESSAGE((*c.says == '\0' ? says.empty() : says.find(c.says) != std::string::npos),
                      says);
      }
    }
  }

  TEST_CASE("addresses") {
    struct Case {
      const char* text;
      const char* host;
      int port;
    };
    static const Case kCases[] = {
        {"127.0.0.1", "127.0.0.1", 9},
        {"localhost:80", "localhost", 80},
        {"[::1]:80", "::1", 80},
        {"[::1]", "::1", 9},
        {"fd00::1", "fd00::1", 9},
        {"a:", "", 0},
        {"a:0", "", 0},
        {"[::1", "", 0},
        {"", "", 0},
        {"a b", "", 0},
        {"[::1]x", "", 0},
        {":80", "", 0},
    };
    for (const Case& c : kCases) {
      SUBCASE(c.text) {
        const auto at = ParseDialAddress(c.text, 9);
        REQUIRE(at.has_value() == (c.port != 0));
        if (!at) return;
        CHECK(at->host == c.host);
        CHECK(at->port == c.port);
      }
    }
  }

  TEST_CASE("files are relative to the configuration") {
    ClientConfig config;
    config.proxy_token_file = "token";
    config.targets.resize(1);
    config.targets[0].tls_config.ca_file = "/abs/ca.pem";
    config.targets[0].authorization.credentials_file = "t";
    ResolveFiles(config, "/etc/drover");
    CHECK(config.proxy_token_file == "/etc/drover/token");
    CHECK(config.targets[0].tls_config.ca_file == "/abs/ca.pem");
    CHECK(config.targets[0].authorization.credentials_file == "/etc/drover/t");
    CHECK(config.proxy_tls_config.ca_file.empty());
  }
}

}  // namespace drover::pushprox
