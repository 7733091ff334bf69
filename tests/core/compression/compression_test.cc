#include <random>
#include <string>

#include <doctest/doctest.h>

#include "core/compression/gzip.h"
#include "core/compression/snappy.h"
#include "core/compression/zstd.h"

namespace drover::compression {
namespace {

std::string Text(std::size_t bytes) {
  std::mt19937 random(7);
  std::string text;
  while (text.size() < bytes) text += "label_" + std::to_string(random() % 1000) + "=\"value\",";
  text.resize(bytes);
  return text;
}

TEST_SUITE("core/compression") {
  TEST_CASE("snappy gives back what went in") {
    for (const std::size_t size : {0u, 1u, 100u, 100'000u, 300'000u}) {
      const std::string text = Text(size);
      std::string packed;
      std::string back = "left over";
      SnappyCompress(text, packed);
      REQUIRE(SnappyUncompress(packed, size, back).has_value());
      CHECK(back == text);
    }
  }

  TEST_CASE("snappy refuses a size above the limit before it allocates") {
    // 4 GiB - 1 declared in five bytes.
    const std::string bomb = "\xff\xff\xff\xff\x0f";
    std::string out;
    const Status status = SnappyUncompress(bomb, 1 << 20, out);
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code() == ErrorCode::kExhausted);
    // The same below the limit is not believed: five bytes cannot hold it.
    const Status broken = SnappyUncompress(bomb, std::size_t{1} << 40, out);
    REQUIRE_FALSE(broken.has_value());
    CHECK(broken.error().code() == ErrorCode::kInvalid);
  }

  TEST_CASE("broken snappy is invalid") {
    std::string packed;
    SnappyCompress(Text(1000), packed);
    std::string out;
    CHECK_FALSE(
        SnappyUncompress(std::string_view(packed).substr(0, packed.size() / 2), 1 << 20, out)
            .has_value());
    CHECK_FALSE(SnappyUncompress("", 1 << 20, out).has_value());
    CHECK(out.empty());
  }

  TEST_CASE("zstd gives back what went in and keeps to the limit") {
    ZstdCompressor compressor;
    ZstdDecompressor decompressor;
    for (const std::size_t size : {0u, 1u, 100u, 300'000u}) {
      const std::string text = Text(size);
      std::string packed;
      std::string back;
      compressor.Compress(text, packed);
      REQUIRE(decompressor.Decompress(packed, size, back).has_value());
      CHECK(back == text);
      if (size == 0) continue;
      const Status status = decompressor.Decompress(packed, size - 1, back);
      REQUIRE_FALSE(status.has_value());
      CHECK(status.error().code() == ErrorCode::kExhausted);
      packed.pop_back();
      CHECK(decompressor.Decompress(packed, size, back).error().code() == ErrorCode::kInvalid);
    }
  }

  TEST_CASE("gzip may come in pieces of any size") {
    const std::string text = Text(300'000);
    std::string packed;
    GzipCompress(text, packed);
    for (const std::size_t piece : {1u, 7u, 4096u, 1'000'000u}) {
      GzipReader reader(text.size());
      std::string out;
      for (std::size_t at = 0; at < packed.size(); at += piece) {
        REQUIRE(reader.Feed(std::string_view(packed).substr(at, piece), out).has_value());
      }
      CHECK(reader.AtEnd());
      CHECK(out == text);
    }
  }

  TEST_CASE("gzip members after one another are one body") {
    std::string a;
    std::string b;
    GzipCompress("first ", a);
    GzipCompress("second", b);
    std::string out;
    REQUIRE(GzipUncompress(a + b, 100, out).has_value());
    CHECK(out == "first second");
  }

  TEST_CASE("gzip stops at the limit, at rubbish and at an early end") {
    std::string packed;
    GzipCompress(std::string(10'000'000, 'x'), packed);
    std::string out;
    CHECK(GzipUncompress(packed, 1'000'000, out).error().code() == ErrorCode::kExhausted);
    CHECK(out.size() < 1'200'000);
    CHECK(GzipUncompress("not gzip at all", 100, out).error().code() == ErrorCode::kInvalid);
    packed.resize(packed.size() / 2);
    CHECK(GzipUncompress(packed, 100'000'000, out).error().code() == ErrorCode::kInvalid);
  }

  TEST_CASE("a gzip writer serves one body after another") {
    GzipWriter writer;
    for (int i = 0; i < 3; ++i) {
      std::string packed;
      writer.Feed("hello ", packed);
      writer.Feed("world", packed);
      writer.Finish(packed);
      std::string out;
      REQUIRE(GzipUncompress(packed, 100, out).has_value());
      CHECK(out == "hello world");
    }
  }
}

}  // namespace
}  // namespace drover::compression
