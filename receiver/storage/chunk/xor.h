// Float chunks in the XOR encoding of Prometheus' blocks (encoding 1;
// github.com/prometheus/prometheus, tsdb/docs/format/chunks.md): be16 number of samples, then bits,
// most significant first: times as change of the change, values as XOR with the one before.
#pragma once

#include <cstdint>
#include <string_view>

#include "core/base/result.h"
#include "core/model/sample.h"
#include "core/series/queryable.h"

namespace drover::storage {

// Where an open chunk's next sample goes. All zero is an empty chunk but for `lead`.
struct XorState {
  static constexpr std::uint8_t kNoWindow = 0xFF;

  std::int64_t t_ms = 0;    // of the last sample
  std::int64_t delta = 0;   // to the one before it
  std::uint64_t value = 0;  // bits of the last sample
  std::uint32_t bits = 0;   // written, with the count's 16
  std::uint16_t samples = 0;
  std::uint8_t lead = kNoWindow;
  std::uint8_t trail = 0;

  std::uint32_t size_bytes() const { return (bits + 7) / 8; }
};

inline constexpr std::uint32_t kXorMaxSampleBytes = 19;
// Free bytes that XorAppend wants behind size_bytes(); what it leaves in them is undefined.
inline constexpr std::uint32_t kXorSpareBytes = kXorMaxSampleBytes + 9;

// Adds a sample; `t_ms` must be above the last one's. The chunk is `buffer[0, size_bytes())`
// afterwards, whole at any time.
void XorAppend(XorState& state, std::uint8_t* buffer, std::int64_t t_ms, double value);

// Appends the samples of [min_t, max_t], both included, to the columns t_ms and value. kCorrupt
// when the bytes end before the samples do.
Status XorDecode(std::string_view chunk, std::int64_t min_t, std::int64_t max_t,
                 SampleColumns& out);

// Number of samples that a chunk states; 0 when it is too short to.
std::uint16_t XorCount(std::string_view chunk);

}  // namespace drover::storage
