#include "core/base/log.h"

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"

namespace drover {
namespace {
struct Lines final : LogSink {
  void Write(std::string_view line) override { text += line; }
  std::string text;
};
}  // namespace
TEST_SUITE("core/base/log") {
  TEST_CASE("logfmt quotes what needs it") {
    Lines lines;
    testing::FakeClock clock(1'000);
    Logger(lines, clock)
        .Warn("remote write failed",
              {{"target", "http://x"}, {"attempt", 3}, {"err", "a \"b\"\n"}, {"ok", true}});
    CHECK(lines.text ==
          "time=1970-01-01T00:00:01.000Z level=WARN msg=\"remote write failed\" target=http://x "
          "attempt=3 "
          "err=\"a \\\"b\\\"\\n\" ok=true\n");
  }
  TEST_CASE("JSON and levels") {
    Lines lines;
    testing::FakeClock clock(0);
    const Logger log(lines, clock, LogLevel::kWarn, LogFormat::kJson);
    log.Info("not this");
    log.Error("that", {{"n", 1.5}});
    CHECK(lines.text ==
          "{\"time\":\"1970-01-01T00:00:00.000Z\",\"level\":\"ERROR\",\"msg\":\"that\",\"n\":\"1."
          "5\"}\n");
  }
}
}  // namespace drover
