#include "core/model/hash128.h"

#include <xxhash.h>

namespace drover {

Hash128 HashText128(std::string_view text) {
  const XXH128_hash_t hash = XXH3_128bits(text.data(), text.size());
  return {hash.low64, hash.high64};
}

}  // namespace drover
