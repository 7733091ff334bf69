#include "core/base/numbers.h"

#include <cmath>
#include <limits>

#include <doctest/doctest.h>

#include "core/base/utf8.h"

namespace drover {
namespace {
std::string Go(double v) {
  std::string out;
  AppendGoFloat(out, v);
  return out;
}
std::string Json(double v) {
  std::string out;
  AppendJsonFloat(out, v);
  return out;
}
}  // namespace
TEST_SUITE("core/base/numbers") {
  TEST_CASE("Go's 'g' form") {
    CHECK(Go(999999) == "999999");
    CHECK(Go(999999.5) == "999999.5");
    CHECK(Go(1e6) == "1e+06");
    CHECK(Go(1234567) == "1.234567e+06");
    CHECK(Go(1.04448e6) == "1.04448e+06");
    CHECK(Go(0.0001) == "0.0001");
    CHECK(Go(0.00001) == "1e-05");
    CHECK(Go(-0.0) == "-0");
    CHECK(Go(0) == "0");
    CHECK(Go(-5) == "-5");
    CHECK(Go(std::numeric_limits<double>::infinity()) == "+Inf");
    CHECK(Go(std::nan("")) == "NaN");
    CHECK(Go(1.7976931348623157e308) == "1.7976931348623157e+308");
  }
  TEST_CASE("the API's form") {
    CHECK(Json(1e20) == "100000000000000000000");
    CHECK(Json(1e21) == "1e+21");
    CHECK(Json(1e-6) == "0.000001");
    CHECK(Json(1e-7) == "1e-07");
    CHECK(Json(-0.0) == "-0");
    CHECK(Json(0.1) == "0.1");
  }
  TEST_CASE("floats are read as Go reads them") {
    CHECK(ParseFloat("+1.5e3").value() == 1500);
    CHECK(ParseFloat("0x1F").value() == 31);
    CHECK(ParseFloat("-Inf").value() == -std::numeric_limits<double>::infinity());
    CHECK(ParseFloat("infinity").value() == std::numeric_limits<double>::infinity());
    CHECK(std::isnan(ParseFloat("NaN").value()));
    CHECK(ParseFloat("1e999").value() == std::numeric_limits<double>::infinity());
    CHECK(ParseFloat("1e-999").value() == 0);
    CHECK(ParseFloat(".5").value() == 0.5);
    for (const char* bad : {"", "+", "1 ", " 1", "1x", "--1", "0x", "0x-1", "infin"}) {
      CAPTURE(bad);
      CHECK_FALSE(ParseFloat(bad).has_value());
    }
  }
  TEST_CASE("RFC 3339 both ways") {
    CHECK(FormatRfc3339(FromMs(1'700'000'000'123)) == "2023-11-14T22:13:20.123Z");
    CHECK(FormatRfc3339(FromMs(1'700'000'000'123), 0) == "2023-11-14T22:13:20Z");
    CHECK(ToMs(ParseRfc3339("2023-11-14T22:13:20.123Z").value()) == 1'700'000'000'123);
    CHECK(ToMs(ParseRfc3339("2023-11-15T00:13:20+02:00").value()) == 1'700'000'000'000);
    CHECK_FALSE(ParseRfc3339("2023-02-30T00:00:00Z").has_value());
    CHECK_FALSE(ParseRfc3339("2023-11-14 22:13:20Z").has_value());
  }
  TEST_CASE("invalid UTF-8 is found and replaced") {
    CHECK(IsValidUtf8("h\xC3\xA4"));
    CHECK_FALSE(IsValidUtf8("\xC3"));
    CHECK_FALSE(IsValidUtf8("\xED\xA0\x80"));
    CHECK(ReplaceInvalidUtf8("a\xFF"
                             "b") ==
          "a\xEF\xBF\xBD"
          "b");
  }
}
}  // namespace drover
