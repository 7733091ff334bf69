// Integers to and from bytes: big and little endian, varints (base 128, least significant group
// first) and zigzag. Readers never pass the end: a Cursor that runs out turns bad and stays so.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace drover {

template <typename T>
void AppendBigEndian(std::string& out, T v) {
  for (int shift = static_cast<int>(sizeof(T)) * 8 - 8; shift >= 0; shift -= 8) {
    out += static_cast<char>(static_cast<std::uint64_t>(v) >> shift);
  }
}
template <typename T>
void AppendLittleEndian(std::string& out, T v) {
  char raw[sizeof(T)];
  std::memcpy(raw, &v, sizeof(T));
  out.append(raw, sizeof(T));
}
inline void AppendUvarint(std::string& out, std::uint64_t v) {
  while (v >= 0x80) {
    out += static_cast<char>(v | 0x80);
    v >>= 7;
  }
  out += static_cast<char>(v);
}
inline std::uint64_t ZigZag(std::int64_t v) {
  return (static_cast<std::uint64_t>(v) << 1) ^ static_cast<std::uint64_t>(v >> 63);
}
inline std::int64_t UnZigZag(std::uint64_t v) {
  return static_cast<std::int64_t>(v >> 1) ^ -static_cast<std::int64_t>(v & 1);
}
inline void AppendVarint(std::string& out, std::int64_t v) { AppendUvarint(out, ZigZag(v)); }
inline void AppendBytes(std::string& out, std::string_view bytes) {  // length, then the bytes
  AppendUvarint(out, bytes.size());
  out += bytes;
}

// Reads from the front of bytes it does not own. After a short read ok() is false and all reads
// return zero; check once at the end.
class Cursor {
 public:
  explicit Cursor(std::string_view bytes) : rest_(bytes) {}

  bool ok() const { return ok_; }
  bool empty() const { return rest_.empty(); }
  std::string_view rest() const { return rest_; }

  template <typename T>
  T BigEndian() {
    if (rest_.size() < sizeof(T)) return Bad(), T{};
    std::uint64_t v = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i) v = v << 8 | static_cast<std::uint8_t>(rest_[i]);
    rest_.remove_prefix(sizeof(T));
    return static_cast<T>(v);
  }
  template <typename T>
  T LittleEndian() {
    if (rest_.size() < sizeof(T)) return Bad(), T{};
    T v;
    std::memcpy(&v, rest_.data(), sizeof(T));
    rest_.remove_prefix(sizeof(T));
    return v;
  }
  std::uint8_t Byte() { return LittleEndian<std::uint8_t>(); }
  double F64() { return std::bit_cast<double>(BigEndian<std::uint64_t>()); }
  std::uint64_t Uvarint();
  std::int64_t Varint() { return UnZigZag(Uvarint()); }
  std::string_view Take(std::size_t n) {
    if (rest_.size() < n) return Bad(), std::string_view();
    const std::string_view taken = rest_.substr(0, n);
    rest_.remove_prefix(n);
    return taken;
  }
  std::string_view Bytes() {  // what AppendBytes wrote
    const std::uint64_t n = Uvarint();
    if (n > rest_.size()) return Bad(), std::string_view();
    return Take(n);
  }

 private:
  void Bad() {
    ok_ = false;
    rest_ = {};
  }

  std::string_view rest_;
  bool ok_ = true;
};

}  // namespace drover
