#include "receiver/storage/chunk/xor.h"

#include <bit>
#include <cmath>
#include <limits>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace drover::storage {
namespace {

struct Chunk {
  XorState state;
  std::vector<std::uint8_t> buffer;

  void Append(std::int64_t t, double v) {
    // Rubbish behind the end: nothing may rely on zeros there.
    buffer.resize(state.size_bytes() + kXorSpareBytes, 0xA5);
    XorAppend(state, buffer.data(), t, v);
    REQUIRE(state.size_bytes() <= buffer.size());
  }
  std::string bytes() const {
    return {reinterpret_cast<const char*>(buffer.data()), state.size_bytes()};
  }
};

constexpr std::int64_t kMin = std::numeric_limits<std::int64_t>::min();
constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

TEST_SUITE("receiver/storage/chunk/xor") {
  TEST_CASE("a chunk worked out by hand") {
    Chunk chunk;
    chunk.Append(1000, 1.0);
    chunk.Append(1015, 1.0);
    chunk.Append(1030, 1.0);
    // 3 samples; varint 1000 = d0 0f; 3ff0…; uvarint 15, then bits 0 (value), 0 (dod), 0 (value).
    CHECK(chunk.bytes() ==
          std::string("\x00\x03\xd0\x0f\x3f\xf0\x00\x00\x00\x00\x00\x00\x0f\x00", 14));
  }

  TEST_CASE("any times and values come back bit for bit after every append") {
    std::mt19937_64 random(3);
    const double odd[] = {0.0,       -0.0,          INFINITY,
                          -INFINITY, StaleMarker(), std::bit_cast<double>(kNormalNanBits),
                          1e308,     5e-324};
    for (int round = 0; round < 300; ++round) {
      Chunk chunk;
      SampleColumns want;
      std::int64_t t = static_cast<std::int64_t>(random() % 2'000'000'000'000) - 1'000'000;
      double v = 0;
      for (int i = 0; i < 130; ++i) {
        const std::uint64_t kind = random() % 8;
        if (kind < 3) v += static_cast<double>(random() % 100);
        if (kind == 3) v = std::bit_cast<double>(random());
        if (kind == 4) v = odd[random() % 8];
        chunk.Append(t, v);
        want.t_ms.push_back(t);
        want.value.push_back(v);
        constexpr std::int64_t kSteps[] = {15'000, 15'000, 15'000,  15'001,
                                           1,      70'000, 600'000, 10'000'000'000};
        t += kSteps[random() % (round % 8 + 1)];
        if (i % 13 != 0) continue;
        SampleColumns got;
        REQUIRE(XorDecode(chunk.bytes(), kMin, kMax, got).has_value());
        REQUIRE(got.t_ms == want.t_ms);
        REQUIRE(got.value.size() == want.value.size());
        for (std::size_t k = 0; k < got.value.size(); ++k) {
          REQUIRE(std::bit_cast<std::uint64_t>(got.value[k]) ==
                  std::bit_cast<std::uint64_t>(want.value[k]));
        }
      }
    }
  }

  TEST_CASE("decoding keeps to the time range, both ends included") {
    Chunk chunk;
    for (int i = 0; i < 100; ++i) chunk.Append(i * 10, i);
    SampleColumns got;
    REQUIRE(XorDecode(chunk.bytes(), 200, 300, got).has_value());
    CHECK(got.size() == 11);
    CHECK(got.t_ms.front() == 200);
    CHECK(got.value.back() == 30);
  }

  TEST_CASE("a chunk cut anywhere is corrupt, not read past") {
    Chunk chunk;
    for (int i = 0; i < 50; ++i) chunk.Append(i * 15'000, std::sqrt(i));
    const std::string whole = chunk.bytes();
    for (std::size_t n = 0; n < whole.size(); ++n) {
      SampleColumns got;
      CHECK_FALSE(XorDecode(std::string_view(whole).substr(0, n), kMin, kMax, got).has_value());
    }
  }
}

}  // namespace
}  // namespace drover::storage
