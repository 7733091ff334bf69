#include "core/exposition/negotiate.h"

#include <doctest/doctest.h>

namespace drover::exposition {
TEST_SUITE("core/exposition/negotiate") {
  TEST_CASE("the page is text 0.0.4 whatever is asked") {
    constexpr std::string_view kPlain =
        "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
    CHECK(TextContentType("") == kPlain);
    CHECK(TextContentType("application/openmetrics-text;version=1.0.0,text/plain;q=0.5") == kPlain);
    CHECK(TextContentType("application/openmetrics-text;escaping=allow-utf-8,*/*") == kPlain);
    CHECK(TextContentType("text/plain;version=0.0.4; escaping=allow-utf-8;q=0.3") ==
          "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8");
  }
  TEST_CASE("gzip is used when named with a weight") {
    CHECK(AcceptsGzip("gzip"));
    CHECK(AcceptsGzip("deflate, gzip;q=0.5"));
    CHECK(AcceptsGzip("*"));
    CHECK_FALSE(AcceptsGzip(""));
    CHECK_FALSE(AcceptsGzip("zstd"));
    CHECK_FALSE(AcceptsGzip("gzip;q=0, *"));
    CHECK_FALSE(AcceptsGzip("gzip;q=x"));
  }
}
}  // namespace drover::exposition
