#include "core/exposition/negotiate.h"

#include <doctest/doctest.h>

namespace drover::exposition {
TEST_SUITE("core/exposition/negotiate") {
  TEST_CASE("OpenMetrics for those who weigh it most, text 0.0.4 for all others") {
    constexpr std::string_view kText =
        "text/plain; version=0.0.4; charset=utf-8; escaping=underscores";
    constexpr std::string_view kTextUtf8 =
        "text/plain; version=0.0.4; charset=utf-8; escaping=allow-utf-8";
    constexpr std::string_view kOpen =
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=underscores";
    constexpr std::string_view kOpenUtf8 =
        "application/openmetrics-text; version=1.0.0; charset=utf-8; escaping=allow-utf-8";
    constexpr std::string_view kOpenOld =
        "application/openmetrics-text; version=0.0.1; charset=utf-8; escaping=underscores";
    const struct {
      const char* accept;
      std::string_view want;
    } cases[] = {
        {"", kText},
        {"*/*", kText},
        {"text/html,application/xhtml+xml,*/*;q=0.8", kText},
        {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily", kText},
        {"application/openmetrics-text", kOpen},
        {"application/openmetrics-text; version=1.0.0; charset=utf-8", kOpen},
        {"application/openmetrics-text;version=0.0.1", kOpenOld},
        {"application/openmetrics-text;version=2.0.0", kText},
        {"application/openmetrics-text;version=1.0.0;q=0.5,application/openmetrics-text;version=0.0"
         ".1;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
         kOpen},
        {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/"
         "openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
         "text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
         kOpenUtf8},
        {"text/plain;version=0.0.4,application/openmetrics-text;q=0.9", kText},
        {"text/plain;q=0.2, application/openmetrics-text; q=0.3", kOpen},
        {"text/plain, application/openmetrics-text", kText},
        {"application/openmetrics-text;q=0", kText},
        {"application/openmetrics-text;q=nonsense", kText},
        {"text/plain;version=0.0.4; escaping=allow-utf-8;q=0.3", kTextUtf8},
        {"text/plain;version=0.0.3, */*;q=0.1", kText},
    };
    for (const auto& c : cases)
      CHECK_MESSAGE(ContentType(ChoosePageForm(c.accept)) == c.want, c.accept);
  }
}
}  // namespace drover::exposition
