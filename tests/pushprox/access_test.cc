#include "pushprox/proxy/access.h"

#include <filesystem>
#include <fstream>

#include <doctest/doctest.h>

#include "pushprox/net/credentials.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_log.h"
#include "tests/support/temp_folder.h"

namespace drover::pushprox {
namespace {

struct Fixture {
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = folder.path() + "/" + name;
    std::ofstream(path + ".new") << text;
    std::filesystem::rename(path + ".new", path);
    return path;
  }
  Result<std::unique_ptr<Access>> Open(const std::string& text) {
    return Access::FromFile(Write("access.yml", text), clock, log);
  }
  static Caller WithToken(const std::string& header) {
    Head head;
    head.headers.Add("Authorization", header);
    return CallerOf(head, "Authorization", {});
  }
  static Caller WithCertificate(std::vector<std::string> names) {
    return CallerOf(Head{}, "Authorization", std::move(names));
  }
  testing::TempFolder folder;
  testing::FakeClock clock;
  testing::MemoryLog sink;
  Logger log{sink, clock};
};

}  // namespace

TEST_SUITE("access") {
  TEST_CASE_FIXTURE(Fixture, "a token speaks for its names, and for nothing else") {
    Write("clients", "# agents\nnode-a " + Sha256Hex("token-a") + "\nnode-a2 " +
                         Sha256Hex("token-a") + "\nnode-b " + Sha256Hex("token-b") + "\n");
    Write("scrapers", "prom " + Sha256Hex("token-s") + "\n");
    const auto access =
        Open("clients: {tokens_file: clients}\nscrapers: {tokens_file: scrapers}\n");
    REQUIRE(access.has_value());
    const Caller a = WithToken("Bearer token-a");
    CHECK((*access)->MaySpeakFor(a, "node-a"));
    CHECK((*access)->MaySpeakFor(a, "node-a2"));
    CHECK_FALSE((*access)->MaySpeakFor(a, "node-b"));
    CHECK((*access)->IsClient(a));
    CHECK_FALSE((*access)->MayScrape(a));
    CHECK_FALSE((*access)->MayView(a));
    const Caller scraper = WithToken("Basic cHJvbTp0b2tlbi1z");  // prom:token-s
    CHECK((*access)->MayScrape(scraper));
    CHECK_FALSE((*access)->IsClient(scraper));
    CHECK_FALSE((*access)->MaySpeakFor(scraper, "node-a"));
    for (const char* header : {"", "Bearer ", "Bearer wrong", "Basic !!!", "Basic cHJvbTo="}) {
      const Caller nobody = WithToken(header);
      CHECK_FALSE((*access)->MaySpeakFor(nobody, "node-a"));
      CHECK_FALSE((*access)->MayScrape(nobody));
      CHECK_FALSE((*access)->MayView(nobody));
    }
    // The hash itself is no token.
    CHECK_FALSE((*access)->MaySpeakFor(WithToken("Bearer " + Sha256Hex("token-a")), "node-a"));
  }

  TEST_CASE_FIXTURE(Fixture, "a certificate speaks for its names where that is on") {
    const auto off = Open("scrapers: {certificate_names: [prom]}\n");
    REQUIRE(off.has_value());
    CHECK_FALSE((*off)->MaySpeakFor(WithCertificate({"node-a"}), "node-a"));
    CHECK((*off)->needs_certificates());
    const auto on = Open("clients: {certificates: true}\nscrapers: {certificate_names: [prom]}\n");
    REQUIRE(on.has_value());
    CHECK((*on)->MaySpeakFor(WithCertificate({"x", "node-a"}), "node-a"));
    CHECK_FALSE((*on)->MaySpeakFor(WithCertificate({"x", "node-a"}), "node-b"));
    CHECK_FALSE((*on)->MayScrape(WithCertificate({"node-a"})));
    CHECK((*on)->MayScrape(WithCertificate({"prom"})));
    CHECK_FALSE((*on)->EndsSoon(WithCertificate({"node-a"})));
  }

  TEST_CASE_FIXTURE(Fixture, "a certificate speaks for nobody once it has ended") {
    const auto access =
        Open("clients: {certificates: true}\nscrapers: {certificate_names: [prom]}\n");
    REQUIRE(access.has_value());
    Caller node = WithCertificate({"node-a"});
    Caller prom = WithCertificate({"prom"});
    node.certificate_ends = prom.certificate_ends = clock.Now() + std::chrono::minutes(3);
    CHECK_FALSE((*access)->EndsSoon(node));
    clock.Advance(std::chrono::seconds(90));
    CHECK((*access)->EndsSoon(node));
    CHECK((*access)->MaySpeakFor(node, "node-a"));
    clock.Advance(std::chrono::seconds(91));
    CHECK_FALSE((*access)->MaySpeakFor(node, "node-a"));
    CHECK_FALSE((*access)->IsClient(node));
    CHECK_FALSE((*access)->MayScrape(prom));
  }

  TEST_CASE_FIXTURE(Fixture, "an empty file lets nobody in") {
    const auto access = Open("{}");
    REQUIRE(access.has_value());
    CHECK_FALSE((*access)->MayScrape(WithCertificate({"prom"})));
    CHECK_FALSE((*access)->IsClient(WithCertificate({"prom"})));
    CHECK_FALSE((*access)->MaySpeakFor(Caller{}, ""));
  }

  TEST_CASE_FIXTURE(Fixture, "token files are read again, and a broken one changes nothing") {
    Write("clients", "node-a " + Sha256Hex("one") + "\n");
    const auto access = Open("clients: {tokens_file: clients}\n");
    REQUIRE(access.has_value());
    Write("clients", "node-a " + Sha256Hex("two-two") + "\n");
    clock.Advance(Millis(1500));
    CHECK((*access)->MaySpeakFor(WithToken("Bearer two-two"), "node-a"));
    CHECK_FALSE((*access)->MaySpeakFor(WithToken("Bearer one"), "node-a"));
    Write("clients", "node-a two\n");
    clock.Advance(Millis(1500));
    CHECK((*access)->MaySpeakFor(WithToken("Bearer two-two"), "node-a"));
    CHECK(sink.text().find("tokens not reloaded") != std::string::npos);
  }

  TEST_CASE_FIXTURE(Fixture, "mistakes are refused with their place") {
    CHECK_FALSE(Open("client: {}\n").has_value());
    CHECK_FALSE(Open("clients: {tokens_file: missing}\n").has_value());
    Write("clients", "node-a plain-text-token\n");
    const auto access = Open("clients: {tokens_file: clients}\n");
    REQUIRE_FALSE(access.has_value());
    CHECK(access.error().message().find("clients:1") != std::string::npos);
    CHECK(access.error().message().find("plain-text-token") == std::string::npos);
  }
}

}  // namespace drover::pushprox
