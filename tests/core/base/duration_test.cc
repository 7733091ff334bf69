#include "core/base/duration.h"

#include <doctest/doctest.h>

namespace drover {
using namespace std::chrono_literals;
TEST_SUITE("core/base/duration") {
  TEST_CASE("Prometheus durations") {
    CHECK(ParseDuration("1h30m").value() == 90min);
    CHECK(ParseDuration("15s").value() == 15s);
    CHECK(ParseDuration("0").value() == 0ms);
    CHECK(ParseDuration("1y2w3d4h5m6s7ms").value() == 24h * (365 + 14 + 3) + 4h + 5min + 6s + 7ms);
    for (const char* bad : {"", "30", "1.5h", "-1s", "1s1h", "1h1h", "1x", "h", "99999999y"}) {
      CAPTURE(bad);
      CHECK_FALSE(ParseDuration(bad).has_value());
    }
  }
  TEST_CASE("formatting gives the shortest exact form") {
    CHECK(FormatDuration(90min) == "1h30m");
    CHECK(FormatDuration(24h * 8) == "8d");
    CHECK(FormatDuration(24h * 7) == "1w");
    CHECK(FormatDuration(0ms) == "0s");
    CHECK(FormatDuration(1500ms) == "1s500ms");
  }
  TEST_CASE("Go durations") {
    CHECK(ParseGoDuration("1.5h").value() == 90min);
    CHECK(ParseGoDuration("-2m3.5s").value() == -123500ms);
    CHECK(ParseGoDuration("100us").value() == 100us);
    for (const char* bad : {"", "5", "1d", "s", "1.2.3s"})
      CHECK_FALSE(ParseGoDuration(bad).has_value());
  }
  TEST_CASE("sizes") {
    CHECK(ParseByteSize("512MB").value() == 512ULL << 20);
    CHECK(ParseByteSize("1GiB").value() == 1ULL << 30);
    CHECK(ParseByteSize("0").value() == 0);
    CHECK(ParseByteSize("7B").value() == 7);
    for (const char* bad : {"", "5", "5X", "MB", "1QB"})
      CHECK_FALSE(ParseByteSize(bad).has_value());
    CHECK(FormatByteSize(1536) == "1.5KiB");
  }
}
}  // namespace drover
