// From a series' label bytes as a sender writes them to its number in the store, so that labels are
// decoded only when a series is new. Held by a 128-bit hash with a seed of this process: the bytes
// themselves would be the largest part of a series' memory, and a sender that does not know the
// seed cannot make two label sets meet.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/base/mutex.h"
#include "core/series/appender.h"

namespace drover::ingest {

struct LabelKey {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const LabelKey&) const = default;
};

// Thread-safe.
class SeriesCache {
 public:
  // Past `max_entries` a part of it is forgotten (and learned again).
  SeriesCache(std::uint64_t seed, std::size_t max_entries)
      : seed_(seed), max_per_part_(max_entries / kParts + 1) {}

  LabelKey KeyOf(std::string_view label_bytes) const;
  SeriesRef Find(const LabelKey& key) const;  // 0: unknown
  void Put(const LabelKey& key, SeriesRef ref);
  std::size_t size() const;

 private:
  struct Hash {
    using is_avalanching = void;
    std::size_t operator()(const LabelKey& key) const { return key.low; }
  };
  struct alignas(64) Part {
    mutable Mutex mutex;
    boost::unordered_flat_map<LabelKey, SeriesRef, Hash> refs GUARDED_BY(mutex);
  };
  static constexpr std::size_t kParts = 64;

  const std::uint64_t seed_;
  const std::size_t max_per_part_;
  std::array<Part, kParts> parts_;
};

}  // namespace drover::ingest
