#include "core/config/flags.h"

#include <doctest/doctest.h>

namespace drover {
namespace {
struct Values {
  std::string file = "a.yml";
  bool admin = false;
  bool metrics = true;
  std::int64_t max = 40;
  Millis wait{5000};
  std::vector<std::string> listen{":9100"};
};
struct Parsed {
  Values values;
  Result<std::optional<Flags::Exit>> result;
  std::vector<std::string> warnings;
};
Parsed Run(std::vector<std::string> arguments) {
  Parsed p{{}, std::nullopt, {}};
  Flags flags("prog", "Does things.");
  flags.Add("config.file", p.values.file, "File.");
  flags.Add("web.admin", p.values.admin, "Admin.");
  flags.Add("web.metrics", p.values.metrics, "Metrics.");
  flags.Add("web.max", p.values.max, "Max.");
  flags.Add("web.wait", p.values.wait, "Wait.");
  flags.Add("web.listen-address", p.values.listen, "Listen.");
  flags.AddIgnored("runtime.gomaxprocs", true, "there is no Go runtime here");
  p.result = flags.Parse(arguments);
  p.warnings = flags.warnings();
  return p;
}
}  // namespace
TEST_SUITE("core/config/flags") {
  TEST_CASE("both spellings, switches and lists") {
    const Parsed p =
        Run({"--config.file=x.yml", "--web.admin", "--no-web.metrics", "--web.max", "7",
             "--web.wait=1m", "--web.listen-address=:1", "--web.listen-address=:2"});
    REQUIRE(p.result.has_value());
    CHECK(p.values.file == "x.yml");
    CHECK(p.values.admin);
    CHECK_FALSE(p.values.metrics);
    CHECK(p.values.max == 7);
    CHECK(p.values.wait == Millis(60'000));
    CHECK(p.values.listen == std::vector<std::string>{":1", ":2"});
  }
  TEST_CASE("--x=false turns a switch off, --x= gives an empty text, the last one wins") {
    const Parsed p = Run({"--web.metrics=false", "--config.file=", "--web.max=1", "--web.max=2"});
    REQUIRE(p.result.has_value());
    CHECK_FALSE(p.values.metrics);
    CHECK(p.values.file.empty());
    CHECK(p.values.max == 2);
  }
  TEST_CASE("a flag takes one value and leaves the words behind it alone") {
    std::string url;
    std::vector<std::string> words;
    Flags flags("prog", "Does things.");
    flags.Add("url", url, "URL.");
    flags.AddPositional("WORD", words, 1, 3, "Words.");
    REQUIRE(flags.Parse({"--url=u", "a", "b"}).has_value());
    CHECK(url == "u");
    CHECK(words == std::vector<std::string>{"a", "b"});
  }
  TEST_CASE("mistakes are named") {
    CHECK(Run({"--web.mx=1"}).result.error().message() ==
          "unknown flag --web.mx, did you mean --web.max? (--help lists all)");
    CHECK(Run({"--web.max=x"}).result.error().message() ==
          "--web.max: expected a whole number, found \"x\"");
    CHECK(Run({"--web.wait=5"})
              .result.error()
              .message()
              .starts_with("--web.wait: not a valid duration"));
    CHECK_FALSE(Run({"word"}).result.has_value());
    CHECK_FALSE(Run({"--web.max"}).result.has_value());
  }
  TEST_CASE("help and version end with 0") {
    const Parsed help = Run({"--help"});
    REQUIRE(help.result.value().has_value());
    CHECK(help.result.value()->code == 0);
    CHECK(help.result.value()->text.find("--web.listen-address") != std::string::npos);
    CHECK(Run({"--version"}).result.value()->text.starts_with("prog, version "));
  }
  TEST_CASE("flags of a Go runtime are taken with a warning") {
    const Parsed p = Run({"--runtime.gomaxprocs=2"});
    REQUIRE(p.result.has_value());
    CHECK(p.warnings == std::vector<std::string>{
                            "--runtime.gomaxprocs has no effect: there is no Go runtime here"});
  }
}
}  // namespace drover
