#include "receiver/storage/chunk/xor.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace drover::storage {
namespace {

std::uint64_t BigEndian64(std::uint64_t v) {
  return std::endian::native == std::endian::little ? __builtin_bswap64(v) : v;
}

// `v` has no bits above `n`; 1 <= n <= 64.
void Put(std::uint8_t* buffer, std::uint32_t& bits, std::uint64_t v, std::uint32_t n) {
  const std::uint32_t used = bits & 7;
  if (used + n > 64) {
    const std::uint32_t second = n - 32;
    Put(buffer, bits, v >> second, 32);
    Put(buffer, bits, v & ((std::uint64_t{1} << second) - 1), second);
    return;
  }
  std::uint8_t* at = buffer + (bits >> 3);
  std::uint64_t word = (v << (64 - n)) >> used;
  if (used != 0) word |= static_cast<std::uint64_t>(*at) << 56;
  word = BigEndian64(word);
  std::memcpy(at, &word, 8);
  bits += n;
}

void PutUvarint(std::uint8_t* buffer, std::uint32_t& bits, std::uint64_t v) {
  for (; v >= 0x80; v >>= 7) Put(buffer, bits, (v & 0x7F) | 0x80, 8);
  Put(buffer, bits, v, 8);
}

void PutTime(std::uint8_t* buffer, std::uint32_t& bits, std::int64_t dod) {
  const auto u = static_cast<std::uint64_t>(dod);
  if (dod == 0) {
    Put(buffer, bits, 0, 1);
  } else if (dod >= -8191 && dod <= 8192) {
    Put(buffer, bits, std::uint64_t{0b10} << 14 | (u & 0x3FFF), 16);
  } else if (dod >= -65535 && dod <= 65536) {
    Put(buffer, bits, std::uint64_t{0b110} << 17 | (u & 0x1FFFF), 20);
  } else if (dod >= -524287 && dod <= 524288) {
    Put(buffer, bits, std::uint64_t{0b1110} << 20 | (u & 0xFFFFF), 24);
  } else {
    Put(buffer, bits, 0b1111, 4);
    Put(buffer, bits, u, 64);
  }
}

void PutValue(XorState& s, std::uint8_t* buffer, std::uint64_t value) {
  const std::uint64_t x = value ^ s.value;
  if (x == 0) {
    Put(buffer, s.bits, 0, 1);
    return;
  }
  const auto lead = static_cast<std::uint32_t>(std::min(std::countl_zero(x), 31));
  const auto trail = static_cast<std::uint32_t>(std::countr_zero(x));
  if (s.lead != XorState::kNoWindow && lead >= s.lead && trail >= s.trail) {
    Put(buffer, s.bits, 0b10, 2);
    Put(buffer, s.bits, x >> s.trail, 64u - s.lead - s.trail);
    return;
  }
  const std::uint32_t width = 64 - lead - trail;
  Put(buffer, s.bits, std::uint64_t{0b11} << 11 | lead << 6 | (width & 63), 13);
  Put(buffer, s.bits, x >> trail, width);
  s.lead = static_cast<std::uint8_t>(lead);
  s.trail = static_cast<std::uint8_t>(trail);
}

class BitReader {
 public:
  explicit BitReader(std::string_view bytes) : bytes_(bytes), end_(bytes.size() * 8) {}
  bool ok() const { return at_ <= end_; }

  // The next 57 bits or more at the top; zeros behind the end.
  std::uint64_t Peek() const {
    const std::size_t byte = at_ >> 3;
    std::uint64_t word = 0;
    if (byte + 8 <= bytes_.size()) [[likely]] {
      std::memcpy(&word, bytes_.data() + byte, 8);
    } else if (byte < bytes_.size()) {
      std::memcpy(&word, bytes_.data() + byte, bytes_.size() - byte);
    }
    return BigEndian64(word) << (at_ & 7);
  }
  void Drop(std::uint32_t n) { at_ += n; }
  std::uint64_t Take(std::uint32_t n) {  // 1 <= n <= 64
    if (n > 56) {
      const std::uint64_t high = Take(n - 32);
      return high << 32 | Take(32);
    }
    const std::uint64_t v = Peek() >> (64 - n);
    at_ += n;
    return v;
  }
  std::uint64_t Uvarint() {
    std::uint64_t v = 0;
    for (std::uint32_t shift = 0; shift < 64; shift += 7) {
      const std::uint64_t byte = Take(8);
      v |= (byte & 0x7F) << shift;
      if (byte < 0x80) break;
    }
    return v;
  }

 private:
  std::string_view bytes_;
  std::size_t at_ = 0;
  std::size_t end_;
};

// The asymmetric signed field: 2^(n-1) itself is positive.
std::int64_t Signed(std::uint64_t u, std::uint32_t n) {
  const std::uint64_t half = std::uint64_t{1} << (n - 1);
  return u > half ? static_cast<std::int64_t>(u) - static_cast<std::int64_t>(half << 1)
                  : static_cast<std::int64_t>(u);
}

std::int64_t TakeTime(BitReader& in) {
  const std::uint64_t head = in.Peek();
  if (head >> 63 == 0) {
    in.Drop(1);
    return 0;
  }
  const int ones = std::countl_one(head);
  if (ones == 1) {
    in.Drop(16);
    return Signed(head >> 48 & 0x3FFF, 14);
  }
  if (ones == 2) {
    in.Drop(20);
    return Signed(head >> 44 & 0x1FFFF, 17);
  }
  if (ones == 3) {
    in.Drop(24);
    return Signed(head >> 40 & 0xFFFFF, 20);
  }
  in.Drop(4);
  return static_cast<std::int64_t>(in.Take(64));
}

}  // namespace

void XorAppend(XorState& s, std::uint8_t* buffer, std::int64_t t_ms, double value) {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  const std::int64_t delta = static_cast<std::int64_t>(static_cast<std::uint64_t>(t_ms) -
                                                       static_cast<std::uint64_t>(s.t_ms));
  if (s.samples == 0) {
    s.bits = 16;
    PutUvarint(buffer, s.bits,
               static_cast<std::uint64_t>(t_ms) << 1 ^ static_cast<std::uint64_t>(t_ms >> 63));
    Put(buffer, s.bits, bits, 64);
  } else {
    if (s.samples == 1) {
      PutUvarint(buffer, s.bits, static_cast<std::uint64_t>(delta));
    } else {
      PutTime(buffer, s.bits, delta - s.delta);
    }
    PutValue(s, buffer, bits);
    s.delta = delta;
  }
  s.t_ms = t_ms;
  s.value = bits;
  ++s.samples;
  buffer[0] = static_cast<std::uint8_t>(s.samples >> 8);
  buffer[1] = static_cast<std::uint8_t>(s.samples);
}

std::uint16_t XorCount(std::string_view chunk) {
  if (chunk.size() < 2) return 0;
  return static_cast<std::uint16_t>(static_cast<std::uint8_t>(chunk[0]) << 8 |
                                    static_cast<std::uint8_t>(chunk[1]));
}

Status XorDecode(std::string_view chunk, std::int64_t min_t, std::int64_t max_t,
                 SampleColumns& out) {
  const auto corrupt = [] { return Fail(ErrorCode::kCorrupt, "XOR chunk ends too early"); };
  if (chunk.size() < 2) return corrupt();
  BitReader in(chunk);
  const auto count = static_cast<std::uint32_t>(in.Take(16));
  std::uint64_t t = 0;
  std::uint64_t delta = 0;
  std::uint64_t value = 0;
  std::uint32_t lead = 0;
  std::uint32_t trail = 0;
  for (std::uint32_t i = 0; i < count; ++i) {
    if (i == 0) {
      const std::uint64_t zigzag = in.Uvarint();
      t = zigzag >> 1 ^ (~(zigzag & 1) + 1);
      value = in.Take(64);
    } else {
      delta = i == 1 ? in.Uvarint() : delta + static_cast<std::uint64_t>(TakeTime(in));
      t += delta;
      const std::uint64_t head = in.Peek();
      if (head >> 63 == 0) {
        in.Drop(1);
      } else {
        in.Drop(2);
        if ((head >> 62 & 1) != 0) {
          lead = static_cast<std::uint32_t>(head >> 57 & 31);
          std::uint32_t width = static_cast<std::uint32_t>(head >> 51 & 63);
          if (width == 0) width = 64;
          if (lead + width > 64) return corrupt();
          trail = 64 - lead - width;
          in.Drop(11);
        }
        value ^= in.Take(64 - lead - trail) << trail;
      }
    }
    if (!in.ok()) return corrupt();
    const auto at = static_cast<std::int64_t>(t);
    if (at > max_t) return {};
    if (at < min_t) continue;
    out.t_ms.push_back(at);
    out.value.push_back(std::bit_cast<double>(value));
  }
  return {};
}

}  // namespace drover::storage
