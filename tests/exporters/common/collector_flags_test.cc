#include "exporters/common/collector_flags.h"

#include <doctest/doctest.h>

#include "exporters/common/name_filter.h"

namespace drover::exporters {
namespace {

std::vector<CollectorSpec> Specs() {
  using Kind = CollectorFlag::Kind;
  return {
      {"one",
       true,
       "First.",
       "",
       {{"one.include", Kind::kText, "", ""},
        {"one.exclude", Kind::kText, "^x$", ""},
        {"one.old", Kind::kText, "", "", true, "one.exclude"},
        {"one.more", Kind::kSwitch, "true", ""}},
       nullptr},
      {"two", false, "Second.", "", {}, nullptr},
  };
}

struct Parsed {
  std::vector<std::string> on;
  FlagValues values;
  std::vector<std::string> warnings;
  std::map<std::string, CollectorLimits, std::less<>> limits;
};

Result<Parsed> Parse(std::vector<std::string> arguments) {
  CollectorFlags collectors(Specs());
  Flags flags("test", "");
  collectors.AddTo(flags);
  DROVER_CHECK(collectors.Prepare(arguments));
  DROVER_TRY(const auto end, flags.Parse(arguments));
  CHECK_FALSE(end.has_value());
  DROVER_TRY(const auto choice, collectors.Choose(flags));
  Parsed parsed{{}, choice.values, choice.warnings, choice.limits};
  for (const CollectorSpec* spec : choice.on) parsed.on.emplace_back(spec->name);
  return parsed;
}

using Names = std::vector<std::string>;

}  // namespace

TEST_SUITE("exporters/common/collector_flags") {
  TEST_CASE("defaults, switches and disable-defaults") {
    CHECK(Parse({}).value().on == Names{"one"});
    CHECK(Parse({"--collector.two", "--no-collector.one"}).value().on == Names{"two"});
    CHECK(Parse({"--collector.disable-defaults"}).value().on == Names{});
    CHECK(Parse({"--collector.disable-defaults", "--collector.one"}).value().on == Names{"one"});
    CHECK(Parse({"--no-collector.one.more"}).value().values.Switch("one.more") == false);
  }
  TEST_CASE("every collector has a deadline and an interval of its own to set") {
    const auto parsed = Parse({"--collector.one.timeout=50ms", "--collector.two.interval", "1m",
                               "--collector.one.interval=5s"});
    REQUIRE(parsed.has_value());
    CHECK(parsed->limits.at("one").timeout == Millis(50));
    CHECK(parsed->limits.at("one").interval == Millis(5'000));
    CHECK(parsed->limits.at("two").interval == Millis(60'000));
    CHECK(parsed->limits.at("two").timeout == Millis(0));
    for (const char* wrong : {"--collector.one.timeout=x", "--collector.one.interval"})
      CHECK_MESSAGE(Parse({wrong}).error().code() == ErrorCode::kInvalid, wrong);
    CHECK_FALSE(Parse({"--collector.three.timeout=1s"}).has_value());
  }
  TEST_CASE("an unknown collector is an error") {
    for (const char* flag : {"--collector.wifi", "--no-collector.wifi", "--collector.onex"})
      CHECK_MESSAGE(Parse({flag}).error().code() == ErrorCode::kInvalid, flag);
  }
  TEST_CASE("an old name gives its value to the new one, but not both") {
    const auto parsed = Parse({"--collector.one.old=y"}).value();
    CHECK(parsed.values.Text("one.exclude") == "y");
    CHECK(parsed.warnings.size() == 1);
    CHECK_FALSE(Parse({"--collector.one.old=y", "--collector.one.exclude=z"}).has_value());
  }
  TEST_CASE("include and exclude exclude each other, include drops the default exclude") {
    const auto filter = [](const std::vector<std::string>& arguments) {
      return NameFilter::Make(Parse(arguments).value().values, "one.include", "one.exclude");
    };
    CHECK_FALSE(filter({}).value().Passes("x"));
    CHECK(filter({}).value().Passes("xx"));
    auto include = filter({"--collector.one.include=^x"}).value();
    for (int i = 0; i < 2; ++i) {
      CHECK(include.Passes("x"));
      CHECK_FALSE(include.Passes("y"));
    }
    CHECK(filter({"--collector.one.exclude="}).value().Passes("x"));
    CHECK(filter({"--collector.one.include=a", "--collector.one.exclude=b"}).error().message() ==
          "--collector.one.include and --collector.one.exclude are mutually exclusive");
    CHECK(filter({"--collector.one.include=("}).error().code() == ErrorCode::kInvalid);
  }
}
}  // namespace drover::exporters
