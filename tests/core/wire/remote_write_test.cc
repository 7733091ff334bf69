#include "core/wire/remote_write.h"

#include <bit>
#include <string>
#include <vector>

#include <doctest/doctest.h>

namespace drover::wire {
namespace {

struct Seen final : WriteVisitor {
  void OnSeries(std::string_view label_bytes, std::span<const Sample> samples) override {
    std::vector<LabelView> decoded;
    REQUIRE(DecodeLabels(label_bytes, 100, decoded).has_value());
    labels.push_back(Labels(decoded).ToString());
    bytes.emplace_back(label_bytes);
    for (const Sample& sample : samples) all.push_back(sample);
  }
  void OnMetadata(const MetadataView& m) override {
    metadata.push_back({std::string(m.family), m.type, std::string(m.help), std::string(m.unit)});
  }
  std::vector<std::string> labels;
  std::vector<std::string> bytes;
  std::vector<Sample> all;
  std::vector<MetricMetadata> metadata;
};

ErrorCode CodeOf(std::string_view body, const WriteLimits& limits = {}) {
  struct Nothing final : WriteVisitor {
    void OnSeries(std::string_view, std::span<const Sample>) override {}
  } nothing;
  const auto result = DecodeWriteRequest(body, limits, nothing);
  REQUIRE_FALSE(result.has_value());
  return result.error().code();
}

TEST_SUITE("core/wire/remote_write") {
  TEST_CASE("what the encoder writes the decoder reads") {
    WriteEncoder encoder;
    for (int round = 0; round < 2; ++round) {
      encoder.Clear();
      const Labels up{{"__name__", "up"}, {"job", "node"}, {"long", std::string(300, 'x')}};
      std::string label_bytes;
      EncodeLabels(up, label_bytes);
      const std::vector<Sample> samples = {
          {1'700'000'000'000, 1.5}, {-5, StaleMarker()}, {0, -0.0}};
      encoder.AddSeries(label_bytes, samples);
      encoder.AddMetadata({"up", MetricType::kGauge, "Is it up?", ""});
      CHECK(encoder.samples() == 3);

      Seen seen;
      const auto stats = DecodeWriteRequest(encoder.body(), {}, seen);
      REQUIRE(stats.has_value());
      CHECK(stats->series == 1);
      CHECK(stats->samples == 3);
      CHECK(seen.labels == std::vector<std::string>{up.ToString()});
      CHECK(seen.bytes == std::vector<std::string>{label_bytes});
      REQUIRE(seen.all.size() == 3);
      CHECK(seen.all[1].t_ms == -5);
      CHECK(std::bit_cast<std::uint64_t>(seen.all[1].value) == kStaleBits);
      CHECK(std::bit_cast<std::uint64_t>(seen.all[2].value) == std::bit_cast<std::uint64_t>(-0.0));
      REQUIRE(seen.metadata.size() == 1);
      CHECK(seen.metadata[0].help == "Is it up?");
      CHECK(seen.metadata[0].type == MetricType::kGauge);
    }
  }

  TEST_CASE("bytes of another encoder: labels behind samples, unknown fields, defaults left out") {
    // series { sample {value: 1, timestamp: 2}  label {name: "a" value: "b"}  sample {}
    //          label {value: "d" name: "c"}  exemplar {}  histogram {}  field 9: varint 7 }
    const std::string series = std::string("\x12\x0b\x09\0\0\0\0\0\0\xf0\x3f\x10\x02", 13) +
                               "\x0a\x06\x0a\x01"
                               "a\x12\x01"
                               "b" +
                               std::string("\x12\x00", 2) +
                               "\x0a\x06\x12\x01"
                               "d\x0a\x01"
                               "c" +
                               std::string("\x1a\x00\x22\x00", 4) + "\x48\x07";
    std::string body = "\x0a";
    body += static_cast<char>(series.size());
    body += series;
    Seen seen;
    const auto stats = DecodeWriteRequest(body, {}, seen);
    REQUIRE(stats.has_value());
    CHECK(seen.labels == std::vector<std::string>{"{a=\"b\", c=\"d\"}"});
    CHECK(stats->samples == 2);
    CHECK(stats->exemplars == 1);
    CHECK(stats->histograms == 1);
    REQUIRE(seen.all.size() == 2);
    CHECK(seen.all[0].value == 1);
    CHECK(seen.all[0].t_ms == 2);
    CHECK(seen.all[1].t_ms == 0);
    // Every cut of it is refused or is a shorter whole message; none crashes.
    for (std::size_t n = 1; n < body.size(); ++n) {
      CHECK(CodeOf(std::string_view(body).substr(0, n)) == ErrorCode::kInvalid);
    }
  }

  TEST_CASE("broken messages are invalid") {
    CHECK(CodeOf("\x08\x01") == ErrorCode::kInvalid);  // field 1 as varint
    CHECK(CodeOf("\x0a\x05"
                 "ab") == ErrorCode::kInvalid);                        // longer than the body
    CHECK(CodeOf("\x23\x24") == ErrorCode::kInvalid);                  // a group
    CHECK(CodeOf(std::string("\x00\x00", 2)) == ErrorCode::kInvalid);  // field 0
    CHECK(CodeOf(std::string(11, '\xff')) == ErrorCode::kInvalid);     // endless varint
  }

  TEST_CASE("limits are answered as exhausted") {
    WriteEncoder encoder;
    const std::vector<Sample> samples(3);
    for (int i = 0; i < 5; ++i) encoder.AddSeries("", samples);
    CHECK(CodeOf(encoder.body(), {4, 100}) == ErrorCode::kExhausted);
    CHECK(CodeOf(encoder.body(), {5, 14}) == ErrorCode::kExhausted);
    // Two bytes each, a hundred in memory: refused before they are gathered.
    std::string many_metadata, many_samples = "\x0a\xc0\x9a\x0c";  // one series of 200,000 bytes
    for (int i = 0; i < 100'000; ++i) many_metadata += std::string("\x1a\0", 2);
    for (int i = 0; i < 100'000; ++i) many_samples += std::string("\x12\0", 2);
    CHECK(CodeOf(many_metadata + std::string("\x1a\0", 2)) == ErrorCode::kExhausted);
    CHECK(CodeOf(many_samples, {10, 99'999}) == ErrorCode::kExhausted);
    std::string label_bytes;
    EncodeLabels(Labels{{"a", "1"}, {"b", "2"}}, label_bytes);
    std::vector<LabelView> labels;
    CHECK(DecodeLabels(label_bytes, 2, labels).has_value());
    CHECK(DecodeLabels(label_bytes, 1, labels).error().code() == ErrorCode::kExhausted);
  }
}

}  // namespace
}  // namespace drover::wire
