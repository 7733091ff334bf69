#include "pushprox/protocol/head.h"

#include <doctest/doctest.h>

namespace drover::pushprox {

TEST_SUITE("head") {
  TEST_CASE("the end of a head is found however its bytes come") {
    const std::string text = "GET / HTTP/1.1\r\nA: b\r\n\r\nrest";
    const std::size_t want = text.find("rest");
    for (std::size_t n = 0; n < want; ++n)
      CHECK(HeadEnd(std::string_view(text).substr(0, n)) == std::string_view::npos);
    for (std::size_t from = 0; from < want; ++from) CHECK(HeadEnd(text, from) == want);
    CHECK(HeadEnd("GET / HTTP/1.1\nA: b\n\n") == 21);
  }

  TEST_CASE("a request in proxy form is read") {
    const auto head = ParseRequestHead(
        "GET http://node-a:9100/metrics?x=1 HTTP/1.1\r\nHost: node-a:9100\r\nAccept:  text/plain "
        "\r\n\r\n");
    REQUIRE(head.has_value());
    CHECK(head->method == "GET");
    CHECK(head->target == "http://node-a:9100/metrics?x=1");
    CHECK(head->headers.Get("accept") == "text/plain");
    CHECK(head->KeepAlive());
    CHECK(RequestFraming(*head) == Framing::kNone);
  }

  TEST_CASE("what two readers could take differently is refused") {
    struct Case {
      const char* name;
      const char* text;
    };
    static const Case kCases[] = {
        {"two lengths", "POST / HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n"},
        {"length and chunks",
         "POST / HTTP/1.1\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"signed length", "POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n"},
        {"list of lengths", "POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n"},
        {"other coding", "POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"},
        {"coding twice",
         "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n"},
        {"folded line", "GET / HTTP/1.1\r\nA: b\r\n c\r\n\r\n"},
        {"space before colon", "GET / HTTP/1.1\r\nA : b\r\n\r\n"},
        {"no colon", "GET / HTTP/1.1\r\nA\r\n\r\n"},
        {"bare CR", "GET / HTTP/1.1\r\nA: b\rc\r\n\r\n"},
        {"space in the target", "GET /a b HTTP/1.1\r\n\r\n"},
        {"HTTP/2", "GET / HTTP/2.0\r\n\r\n"},
        {"no version", "GET /\r\n\r\n"},
        {"empty", "\r\n\r\n"},
    };
    for (const Case& c : kCases) {
      SUBCASE(c.name) { CHECK_FALSE(ParseRequestHead(c.text).has_value()); }
    }
  }

  TEST_CASE("a failure as PushProx clients write it is an answer that goes to the end") {
    const auto head = ParseResponseHead("HTTP/0.0 500 Internal Server Error\r\nId: 1\r\n\r\n");
    REQUIRE(head.has_value());
    CHECK(head->zero);
    CHECK(head->status == 500);
    CHECK(ResponseFraming(*head, false) == Framing::kToEnd);
    CHECK_FALSE(head->KeepAlive());
  }

  TEST_CASE("where an answer ends") {
    const auto framing = [](const char* text, bool to_head) {
      const auto head = ParseResponseHead(text);
      REQUIRE(head.has_value());
      return ResponseFraming(*head, to_head);
    };
    CHECK(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", false) == Framing::kLength);
    CHECK(framing("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true) == Framing::kNone);
    CHECK(framing("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n", false) ==
          Framing::kChunked);
    CHECK(framing("HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", false) ==
          Framing::kNone);
    CHECK_FALSE(ParseResponseHead("HTTP/1.1 20 OK\r\n\r\n").has_value());
    CHECK_FALSE(ParseResponseHead("HTTP/1.1 2000 OK\r\n\r\n").has_value());
    CHECK_FALSE(ParseResponseHead("HTTP/1.1 600 No\r\n\r\n").has_value());
  }

  TEST_CASE("hop-by-hop fields go, and those that Connection names") {
    http::Headers headers;
    for (const char* name : {"Connection", "Proxy-Authorization", "X-Private", "Keep-Alive", "TE",
                             "Upgrade", "Accept", "Proxy-Connection"})
      headers.Add(name, std::string(name) == "Connection" ? "close, x-private" : "1");
    StripHopByHop(headers);
    REQUIRE(headers.list().size() == 1);
    CHECK(headers.Has("Accept"));
  }

  TEST_CASE("Connection decides over the version") {
    const auto keep = [](const char* text) { return ParseRequestHead(text)->KeepAlive(); };
    CHECK_FALSE(keep("GET / HTTP/1.0\r\n\r\n"));
    CHECK(keep("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n"));
    CHECK_FALSE(keep("GET / HTTP/1.1\r\nConnection: close\r\n\r\n"));
  }
}

}  // namespace drover::pushprox
