#include "receiver/ingest/series_cache.h"

#include <xxhash.h>

namespace drover::ingest {

LabelKey SeriesCache::KeyOf(std::string_view label_bytes) const {
  const XXH128_hash_t hash = XXH3_128bits_withSeed(label_bytes.data(), label_bytes.size(), seed_);
  return {hash.low64, hash.high64};
}

SeriesRef SeriesCache::Find(const LabelKey& key) const {
  const Part& part = parts_[key.high % kParts];
  const Lock lock(part.mutex);
  const auto at = part.refs.find(key);
  return at == part.refs.end() ? 0 : at->second;
}

void SeriesCache::Put(const LabelKey& key, SeriesRef ref) {
  Part& part = parts_[key.high % kParts];
  const Lock lock(part.mutex);
  if (part.refs.size() >= max_per_part_) part.refs.clear();
  part.refs.insert_or_assign(key, ref);
}

std::size_t SeriesCache::size() const {
  std::size_t n = 0;
  for (const Part& part : parts_) {
    const Lock lock(part.mutex);
    n += part.refs.size();
  }
  return n;
}

}  // namespace drover::ingest
