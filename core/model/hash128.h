// 128 bits of hash that stand for a text where keeping the text itself would cost too much: two
// different ones share it about once in 10^19 pairs of a million series. Not against an adversary.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace drover {

struct Hash128 {
  std::uint64_t low = 0;
  std::uint64_t high = 0;
  bool operator==(const Hash128&) const = default;
};
// XXH3; stable within a build, not stored.
Hash128 HashText128(std::string_view text);

struct Hash128Hash {
  std::size_t operator()(const Hash128& hash) const noexcept { return hash.low; }
};

}  // namespace drover
