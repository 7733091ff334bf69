#include "pushprox/protocol/scrape.h"

#include <set>

#include <doctest/doctest.h>

namespace drover::pushprox {

TEST_SUITE("scrape") {
  TEST_CASE("names") {
    for (const char* name : {"node-a", "10.0.0.1", "fe80::1", "a_b.example.com"})
      CHECK(IsName(name));
    for (const char* name : {"", "a b", "a\r\nX: y", "a/b", "\xC3\xA4", "a\"b"})
      CHECK_FALSE(IsName(name));
    CHECK(IsName(std::string(253, 'a')));
    CHECK_FALSE(IsName(std::string(254, 'a')));
  }

  TEST_CASE("timeouts") {
    CHECK(ParseTimeout("10") == Millis(10'000));
    CHECK(ParseTimeout("9.871000") == Millis(9871));
    for (const char* text : {"", "0", "-1", "NaN", "+Inf", "1e9", "ten"}) {
      CAPTURE(text);
      CHECK_FALSE(ParseTimeout(text).has_value());
    }
    CHECK(FormatTimeout(Millis(10'000)) == "10");
    CHECK(FormatTimeout(Millis(9871)) == "9.871");
  }

  TEST_CASE("Ids are random UUIDs") {
    std::set<std::string> seen;
    for (int i = 0; i < 100; ++i) {
      const auto id = NewId();
      REQUIRE(id.has_value());
      CHECK(id->size() == 36);
      CHECK((*id)[14] == '4');
      seen.insert(*id);
    }
    CHECK(seen.size() == 100);
  }

  // The bytes a stock proxy answers a poll with, besides the order of fields.
  TEST_CASE("a scrape is handed over in proxy form, with our Id and nothing of the hop") {
    const auto head = ParseRequestHead(
        "GET http://node-a:9100/metrics?x=1 HTTP/1.1\r\nHost: wrong\r\nUser-Agent: "
        "Prometheus/3.5.0\r\n"
        "Id: forged\r\nProxy-Authorization: Basic eDp5\r\nConnection: close\r\n"
        "X-Prometheus-Scrape-Timeout-Seconds: 99\r\n\r\n");
    REQUIRE(head.has_value());
    CHECK(HandOver(*head, *http::ParseUrl(head->target), "0b9c6e0e-1111-4222-8333-444455556666",
                   Millis(10'000)) ==
          "GET http://node-a:9100/metrics?x=1 HTTP/1.1\r\nHost: node-a:9100\r\n"
          "User-Agent: Prometheus/3.5.0\r\nId: 0b9c6e0e-1111-4222-8333-444455556666\r\n"
          "X-Prometheus-Scrape-Timeout-Seconds: 10\r\n\r\n");
  }

  TEST_CASE("_scheme=https is taken out of the query, other parameters stay") {
    struct Case {
      const char* query;
      bool found;
      const char* rest;
    };
    static const Case kCases[] = {{"_scheme=https", true, ""},
                                  {"a=1&_scheme=https&b=2", true, "a=1&b=2"},
                                  {"_scheme=http", false, "_scheme=http"},
                                  {"x_scheme=https", false, "x_scheme=https"},
                                  {"", false, ""}};
    for (const Case& c : kCases) {
      SUBCASE(c.query) {
        std::string query = c.query;
        CHECK(TakeSchemeHttps(query) == c.found);
        CHECK(query == c.rest);
      }
    }
  }
}

}  // namespace drover::pushprox
