// A server under a web configuration, asked by the real client. Certificates are made by the
// openssl command in a folder of each test.
#include "core/http/web_config_file.h"

#include <cstdlib>
#include <fstream>

#include <doctest/doctest.h>

#include "core/http/client/curl_client.h"
#include "core/http/server.h"
#include "tests/support/fake_clock.h"
#include "tests/support/raw_client.h"
#include "tests/support/temp_folder.h"

namespace drover::http {
namespace {

constexpr const char* kAnn =
    "basic_auth_users:\n"
    "  ann: $2b$04$abcdefghijklmnopqrstu.lYCx04GQo153nzKUfcV5On12krTewnm\n";

struct Lines final : LogSink {
  void Write(std::string_view line) override {
    Lock lock(mutex);
    text += line;
  }
  std::size_t Count(std::string_view part) {
    Lock lock(mutex);
    std::size_t n = 0;
    for (std::size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1))
      ++n;
    return n;
  }
  Mutex mutex;
  std::string text GUARDED_BY(mutex);
};

class Folder {
 public:
  std::string Path(const std::string& name) const { return folder_.path() + "/" + name; }
  void Write(const std::string& name, const std::string& text) const {
    std::ofstream(Path(name + ".new")) << text;
    REQUIRE(std::rename(Path(name + ".new").c_str(), Path(name).c_str()) == 0);
  }
  void Run(const std::string& command) const {
    const std::string line = "cd '" + folder_.path() + "' && (" + command + ") >openssl.log 2>&1";
    REQUIRE_MESSAGE(std::system(line.c_str()) == 0, line);
  }
  void MakeCa(const std::string& name) const {
    Run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=" +
        name + " -keyout " + name + ".key -out " + name + ".pem");
  }
  // NAME.pem and NAME.key, signed by `ca`.
  void MakeCertificate(const std::string& name, const std::string& ca,
                       const std::string& sans) const {
    Run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=" + name +
        " -keyout " + name + ".key.new -out " + name + ".csr && printf 'subjectAltName=" + sans +
        "' > san && openssl x509 -req -in " + name + ".csr -CA " + ca + ".pem -CAkey " + ca +
        ".key -CAcreateserial -days 2 -extfile san -out " + name + ".pem.new && mv " + name +
        ".key.new " + name + ".key && mv " + name + ".pem.new " + name + ".pem");
  }

 private:
  testing::TempFolder folder_;
};

struct Running {
  explicit Running(const std::string& config, Millis handshake_timeout = Millis(10'000)) {
    folder.MakeCa("ca");
    folder.MakeCertificate("server", "ca", "IP:127.0.0.1");
    folder.Write("web.yml", config);
    web = WebConfigFile::Open(folder.Path("web.yml"), clock, log).value();
    router.Add("GET,HEAD", "/hello", [](const Request& r) {
      return Response::Text(200, r.tls ? "secret hello" : "hello");
    });
    router.Add("POST", "/echo", [](const Request& r) { return Response::Text(200, r.body); });
    web->Protect(router);
    server =
        StartServer(
            {.listen = {"127.0.0.1:0"}, .handshake_timeout = handshake_timeout, .tls = web->tls()},
            router, log)
            .value();
    address = server->addresses().front();
  }
  ClientConfig Trusting() const {
    ClientConfig config;
    config.tls_config.ca_file = folder.Path("ca.pem");
    return config;
  }
  ClientConfig WithCertificate(const std::string& name) const {
    ClientConfig config = Trusting();
    config.tls_config.cert_file = folder.Path(name + ".pem");
    config.tls_config.key_file = folder.Path(name + ".key");
    return config;
  }
  Result<ClientResponse> Get(const ClientConfig& config, const std::string& scheme = "https") {
    ClientRequest request;
    request.url = scheme + "://" + address + "/hello";
    request.timeout = Millis(5000);
    CurlLoop fresh("test");  // a loop would use its open connections again
    return fresh.MakeClient(config)->Do(std::move(request));
  }
  int GetStatus(const ClientConfig& config, const std::string& scheme = "https") {
    const auto answer = Get(config, scheme);
    return answer ? answer->status : 0;
  }

  Folder folder;
  Lines lines;
  testing::FakeClock clock;
  Logger log{lines, clock};
  Router router;
  std::unique_ptr<WebConfigFile> web;
  std::unique_ptr<Server> server;
  std::string address;
  CurlLoop loop{"test"};
};

constexpr const char* kTls =
    "tls_server_config:\n  cert_file: server.pem\n  key_file: server.key\n";

}  // namespace

TEST_SUITE("core/http/web_config_file") {
  TEST_CASE("TLS: the certificate counts, a plain request is told so") {
    Running running(kTls);
    const auto answer = running.Get(running.Trusting());
    REQUIRE_MESSAGE(answer.has_value(), answer.error().message());
    CHECK(answer->body == "secret hello");
    CHECK_FALSE(running.Get({}).has_value());  // an unknown CA
    ClientConfig careless;
    careless.tls_config.insecure_skip_verify = true;
    CHECK(running.GetStatus(careless) == 200);
    ClientConfig other_name = running.Trusting();
    other_name.tls_config.server_name = "other.example";
    CHECK_FALSE(running.Get(other_name).has_value());
    const std::string plain = testing::RawClient::Get(running.address, "/hello");
    CHECK(plain.starts_with("HTTP/1.0 400 "));
    CHECK(plain.ends_with("Client sent an HTTP request to an HTTPS server.\n"));
    CHECK(running.Get(running.Trusting(), "http")->status == 400);
  }
  TEST_CASE("TLS: a large body and a kept connection") {
    Running running(kTls);
    const auto client = running.loop.MakeClient(running.Trusting());
    const std::string body(900'000, 'b');
    for (int i = 0; i < 3; ++i) {
      const auto answer = client->Do({.method = "POST",
                                      .url = "https://" + running.address + "/echo",
                                      .headers = {{"Content-Type", "text/plain"}},
                                      .body = body});
      REQUIRE_MESSAGE(answer.has_value(), answer.error().message());
      CHECK(answer->body == body);
    }
  }
  TEST_CASE("TLS versions below and above the limits are refused") {
    Running running(std::string(kTls) + "  max_version: TLS12\n");
    ClientConfig newer = running.Trusting();
    newer.tls_config.min_version = "TLS13";
    CHECK_FALSE(running.Get(newer).has_value());
    CHECK(running.GetStatus(running.Trusting()) == 200);
    Running strict(std::string(kTls) + "  cipher_suites: [TLS_AES_128_GCM_SHA256]\n");
    ClientConfig older = strict.Trusting();
    older.tls_config.max_version = "TLS12";
    CHECK_FALSE(strict.Get(older).has_value());  // no suite of the list is for TLS 1.2
    CHECK(strict.GetStatus(strict.Trusting()) == 200);
  }
  TEST_CASE("client certificates: required, verified, of an allowed name") {
    Running running(std::string(kTls) +
                    "  client_ca_file: ca.pem\n"
                    "  client_auth_type: RequireAndVerifyClientCert\n"
                    "  client_allowed_sans: [good.example, 10.1.2.3, \"spiffe://x/y\", a@b.c]\n");
    running.folder.MakeCa("stranger");
    const struct {
      const char* ca;
      const char* sans;
      int want;
    } cases[] = {
        {"ca", "DNS:good.example", 200},     {"ca", "DNS:x.example,IP:10.1.2.3", 200},
        {"ca", "URI:spiffe://x/y", 200},     {"ca", "email:a@b.c", 200},
        {"ca", "DNS:bad.example", 0},        {"ca", "DNS:sub.good.example", 0},
        {"stranger", "DNS:good.example", 0},
    };
    CHECK(running.GetStatus(running.Trusting()) == 0);
    for (const auto& c : cases) {
      CAPTURE(std::string(c.sans));
      running.folder.MakeCertificate("client", c.ca, c.sans);
      CHECK(running.GetStatus(running.WithCertificate("client")) == c.want);
    }
  }
  TEST_CASE("client certificates: each other policy") {
    const struct {
      const char* policy;
      int without, known, unknown;
    } cases[] = {
        {"RequestClientCert", 200, 200, 200},
        {"RequireAnyClientCert", 0, 200, 200},
        {"VerifyClientCertIfGiven", 200, 200, 0},
    };
    for (const auto& c : cases) {
      CAPTURE(std::string(c.policy));
      Running running(std::string(kTls) +
                      "  client_ca_file: ca.pem\n  client_auth_type: " + c.policy + "\n");
      running.folder.MakeCertificate("client", "ca", "DNS:c");
      running.folder.MakeCa("stranger");  // signs itself, and curl sends it without asking
      CHECK(running.GetStatus(running.Trusting()) == c.without);
      CHECK(running.GetStatus(running.WithCertificate("client")) == c.known);
      CHECK(running.GetStatus(running.WithCertificate("stranger")) == c.unknown);
    }
  }
  TEST_CASE("a renewed certificate is taken without a restart, a broken one changes nothing") {
    Running running(kTls);
    CHECK(running.GetStatus(running.Trusting()) == 200);
    ClientConfig trusting_new = running.Trusting();
    trusting_new.tls_config.ca_file = running.folder.Path("ca2.pem");
    running.folder.MakeCa("ca2");
    running.folder.MakeCertificate("server", "ca2", "IP:127.0.0.1");
    CHECK(running.GetStatus(trusting_new) == 0);  // within the second nothing is looked at
    running.clock.Advance(Millis(1000));
    CHECK(running.GetStatus(trusting_new) == 200);
    CHECK(running.GetStatus(running.Trusting()) == 0);
    CHECK(running.lines.Count("web configuration reloaded") == 1);

    running.folder.Write("server.pem", "no certificate");
    for (int i = 0; i < 3; ++i) {
      running.clock.Advance(Millis(1000));
      CHECK(running.GetStatus(trusting_new) == 200);
    }
    CHECK(running.lines.Count("web configuration not reloaded") == 1);
    running.folder.Run("rm server.pem");
    for (int i = 0; i < 3; ++i) {
      running.clock.Advance(Millis(1000));
      CHECK(running.GetStatus(trusting_new) == 200);
    }
    CHECK(running.lines.Count("web configuration not reloaded") == 2);
    running.folder.Write("web.yml", "basic_auth_users: {}\n");
    running.clock.Advance(Millis(1000));
    CHECK(running.GetStatus(trusting_new) == 200);
    CHECK(running.lines.Count("needs a restart") == 1);
    running.folder.Write("web.yml", kTls);
    running.folder.MakeCertificate("server", "ca", "IP:127.0.0.1");
    running.clock.Advance(Millis(1000));
    CHECK(running.GetStatus(running.Trusting()) == 200);
  }
  TEST_CASE("a key of another certificate, or none at all, is refused at the start") {
    Running running(kTls);
    const auto open = [&](const std::string& text) {
      running.folder.Write("bad.yml", text);
      const auto opened =
          WebConfigFile::Open(running.folder.Path("bad.yml"), running.clock, running.log);
      return opened ? std::string() : opened.error().message();
    };
    CHECK(open("tls_server_config: {cert_file: server.pem, key_file: ca.key}")
              .ends_with("/bad.yml: key: key values mismatch"));
    CHECK(open("tls_server_config: {cert_file: server.key, key_file: server.key}")
              .ends_with("/bad.yml: certificate: no PEM certificate in it"));
    CHECK(open("tls_server_config: {cert_file: server.pem, key_file: gone.key}")
              .find("gone.key: No such file") != std::string::npos);
    running.folder.Run("openssl ec -aes128 -passout pass:x -in server.key -out locked.key");
    CHECK(open("tls_server_config: {cert_file: server.pem, key_file: locked.key}").find("key: ") !=
          std::string::npos);
    CHECK_FALSE(WebConfigFile::Open(running.folder.Path("absent"), running.clock, running.log));
  }
  TEST_CASE("a handshake that never comes is cut off, others go on") {
    Running running(kTls, Millis(100));
    const testing::RawClient slow(running.address);
    CHECK(running.GetStatus(running.Trusting()) == 200);
    CHECK(slow.Read({}, Millis(5000)).empty());
    const testing::RawClient half(running.address);
    half.Send("\x16\x03\x01");
    const auto start = std::chrono::steady_clock::now();
    CHECK(half.Read({}, Millis(5000)).empty());
    CHECK(std::chrono::steady_clock::now() - start < std::chrono::seconds(4));
  }
  TEST_CASE("users: 401 without the right password, changes need no restart") {
    Running running(std::string(kAnn) + "http_server_config: {headers: {X-Frame-Options: deny}}\n");
    ClientConfig config;
    const auto refused = running.Get(config, "http");
    REQUIRE(refused.has_value());
    CHECK(refused->status == 401);
    CHECK(refused->body == "Unauthorized\n");
    CHECK(refused->headers.Get("WWW-Authenticate") == "Basic");
    CHECK(refused->headers.Get("X-Frame-Options") == "deny");
    config.basic_auth = BasicAuth{.username = "ann",
                                  .username_file = "",
                                  .password = Secret("secret-2b"),
                                  .password_file = ""};
    CHECK(running.GetStatus(config, "http") == 200);
    CHECK(running.Get(config, "http")->headers.Get("X-Frame-Options") == "deny");
    config.basic_auth->password = Secret("wrong");
    CHECK(running.GetStatus(config, "http") == 401);
    config.basic_auth->username = "bob";
    CHECK(running.GetStatus(config, "http") == 401);
    running.folder.Write("web.yml",
                         "basic_auth_users:\n"
                         "  bob: $2y$04$abcdefghijklmnopqrstu.u/yhMoASLKhNhbKBDC86bTL9GoKV6da\n");
    running.clock.Advance(Millis(1000));
    config.basic_auth->password = Secret("secret-2y");
    CHECK(running.GetStatus(config, "http") == 200);
    running.folder.Write("web.yml", "basic_auth_users:\n  bob: hunter2\n");
    running.clock.Advance(Millis(1000));
    CHECK(running.GetStatus(config, "http") == 200);
    CHECK(running.lines.Count("is no bcrypt hash") == 1);
    CHECK(running.lines.Count("hunter2") == 0);
    CHECK(running.lines.Count("$2y$") == 0);
  }
  TEST_CASE("above the rate limit requests are answered 429") {
    Running running("rate_limit: {interval: 1s, burst: 2}\n");
    CHECK(running.GetStatus({}, "http") == 200);
    CHECK(running.GetStatus({}, "http") == 200);
    CHECK(running.GetStatus({}, "http") == 429);
    running.clock.Advance(Millis(1000));
    CHECK(running.GetStatus({}, "http") == 200);
    CHECK(running.GetStatus({}, "http") == 429);
  }
  TEST_CASE("stopping ends open TLS connections") {
    Running running(kTls);
    const auto client = running.loop.MakeClient(running.Trusting());
    ClientRequest request;
    request.url = "https://" + running.address + "/hello";
    CHECK(client->Do(std::move(request))->status == 200);
    running.server->Stop(Millis(500));
    CHECK_FALSE(testing::RawClient(running.address).connected());
  }
}
}  // namespace drover::http
