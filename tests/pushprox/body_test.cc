#include "pushprox/protocol/body.h"

#include <doctest/doctest.h>

namespace drover::pushprox {
namespace {

// The payload of `bytes` given `step` at a time, and what is left behind the body.
struct Read {
  std::string payload;
  std::string rest;
  bool broken = false;
  bool done = false;
};
Read ReadAll(Framing framing, std::uint64_t length, std::string_view bytes, std::size_t step) {
  Read out;
  BodyDecoder decoder(framing, length);
  std::string left;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    left += bytes.substr(at, step);
    const auto fed = decoder.Feed(left, [&](std::string_view piece) {
      out.payload += piece;
      return true;
    });
    if (!fed) {
      out.broken = true;
      return out;
    }
    left.erase(0, *fed);
  }
  out.rest = left;
  out.done = decoder.done();
  return out;
}

}  // namespace

TEST_SUITE("body") {
  TEST_CASE("a chunked body is read the same whatever pieces it comes in") {
    const std::string bytes =
        "5\r\nup 1\n\r\nB;ext=\"1\"\r\nhello world\r\n0\r\nTrailer: x\r\n\r\nNEXT";
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
      const Read read = ReadAll(Framing::kChunked, 0, bytes, step);
      CHECK(read.payload == "up 1\nhello world");
      CHECK(read.done);
      CHECK(read.rest == "NEXT");
    }
  }

  TEST_CASE("broken chunks are refused") {
    static const char* const kTexts[] = {
        "x\r\n", "\r\n", "5\r\nup 1\n!\r\n", "5\r\nup 1\n\n", "5\rX", "FFFFFFFFFFFFF\r\n", "5\n"};
    for (const char* text : kTexts) {
      CAPTURE(text);
      CHECK(ReadAll(Framing::kChunked, 0, text, 100).broken);
    }
    CHECK(ReadAll(Framing::kChunked, 0, "5;" + std::string(10'000, 'x'), 100).broken);
    CHECK(ReadAll(Framing::kChunked, 0, "0\r\nT: " + std::string(10'000, 'x'), 100).broken);
  }

  TEST_CASE("a body of a length ends there") {
    const Read read = ReadAll(Framing::kLength, 5, "up 1\nGET", 2);
    CHECK(read.payload == "up 1\n");
    CHECK(read.rest == "GET");
    CHECK(ReadAll(Framing::kNone, 0, "GET", 2).rest == "GET");
  }

  TEST_CASE("an early end is told from the right one") {
    BodyDecoder to_end(Framing::kToEnd, 0);
    CHECK(to_end.End());
    BodyDecoder length(Framing::kLength, 5);
    CHECK_FALSE(length.End());
    BodyDecoder chunks(Framing::kChunked, 0);
    CHECK_FALSE(chunks.End());
  }

  TEST_CASE("a sink that wants no more gets no more") {
    BodyDecoder decoder(Framing::kChunked, 0);
    int pieces = 0;
    const auto fed = decoder.Feed("1\r\na\r\n1\r\nb\r\n0\r\n\r\n", [&](std::string_view) {
      ++pieces;
      return false;
    });
    REQUIRE(fed.has_value());
    CHECK(pieces == 1);
    CHECK(*fed == 4);
  }

  TEST_CASE("what is written as chunks reads back") {
    std::string bytes;
    AppendBody(bytes, Framing::kChunked, "up 1\n");
    AppendBody(bytes, Framing::kChunked, "");
    AppendBody(bytes, Framing::kChunked, std::string(300, 'x'));
    bytes += BodyEnd(Framing::kChunked);
    const Read read = ReadAll(Framing::kChunked, 0, bytes, 7);
    CHECK(read.payload == "up 1\n" + std::string(300, 'x'));
    CHECK(read.done);
  }
}

}  // namespace drover::pushprox
