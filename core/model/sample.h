// What a series is made of.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>

namespace drover {

struct Sample {
  std::int64_t t_ms = 0;  // since 1970-01-01 UTC
  double value = 0;
};

// The staleness marker is one NaN bit pattern: compare bits and copy bits, never isnan. The
// processor may quieten it when it passes through arithmetic.
inline constexpr std::uint64_t kStaleBits = 0x7FF0000000000002;
inline constexpr std::uint64_t kNormalNanBits = 0x7FF8000000000001;
inline double StaleMarker() { return std::bit_cast<double>(kStaleBits); }
inline bool IsStale(double v) { return std::bit_cast<std::uint64_t>(v) == kStaleBits; }

enum class MetricType {
  kUnknown,
  kCounter,
  kGauge,
  kHistogram,
  kGaugeHistogram,
  kSummary,
  kInfo,
  kStateset
};

// "unknown", "counter", … as the API and OpenMetrics spell them (text 0.0.4 says untyped).
constexpr std::string_view Text(MetricType type) {
  constexpr std::string_view kNames[] = {"unknown",        "counter", "gauge", "histogram",
                                         "gaugehistogram", "summary", "info",  "stateset"};
  return kNames[static_cast<std::size_t>(type)];
}

struct MetricMetadata {
  std::string family;
  MetricType type = MetricType::kUnknown;
  std::string help;
  std::string unit;
};

}  // namespace drover
