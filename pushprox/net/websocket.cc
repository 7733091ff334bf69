#include "pushprox/net/websocket.h"

#include <algorithm>
#include <cstring>

#include <openssl/rand.h>

#include "core/base/bytes.h"

namespace drover::pushprox {
namespace {

constexpr std::uint8_t kFinal = 0x80;
constexpr std::uint8_t kReserved = 0x70;
constexpr std::uint8_t kOpcode = 0x0f;
constexpr std::uint8_t kMasked = 0x80;
constexpr std::uint8_t kLength16 = 126;
constexpr std::uint8_t kLength64 = 127;

tl::unexpected<Error> Bad(std::string why) { return Fail(ErrorCode::kInvalid, std::move(why)); }

bool IsControl(std::uint8_t opcode) { return opcode >= 8; }

void Xor(char* at, std::size_t size, const std::array<char, 4>& mask, std::size_t phase) {
  std::array<char, 8> turned{};
  for (std::size_t i = 0; i < turned.size(); ++i) turned[i] = mask[(phase + i) % mask.size()];
  std::uint64_t key = 0;
  std::memcpy(&key, turned.data(), sizeof key);
  constexpr std::size_t kWords = 8;  // at once: the compiler makes wide ones of them
  for (std::array<std::uint64_t, kWords> words; size >= sizeof words;
       size -= sizeof words, at += sizeof words) {
    std::memcpy(words.data(), at, sizeof words);
    for (std::uint64_t& word : words) word ^= key;
    std::memcpy(at, words.data(), sizeof words);
  }
  for (; size >= sizeof key; size -= sizeof key, at += sizeof key) {
    std::uint64_t word = 0;
    std::memcpy(&word, at, sizeof word);
    word ^= key;
    std::memcpy(at, &word, sizeof word);
  }
  for (std::size_t i = 0; i < size; ++i) at[i] = static_cast<char>(at[i] ^ turned[i]);
}

}  // namespace

std::size_t WebSocketReader::HeaderBytes() const {
  if (have_ < 2) return 2;
  const std::uint8_t second = static_cast<std::uint8_t>(header_[1]);
  const std::uint8_t length = second & 0x7f;
  return 2U +
         (length == kLength16   ? 2U
          : length == kLength64 ? 8U
                                : 0U) +
         ((second & kMasked) != 0 ? 4U : 0U);
}

Status WebSocketReader::TakeHeader(std::string_view& bytes) {
  for (std::size_t need = HeaderBytes(); have_ < need && !bytes.empty(); need = HeaderBytes()) {
    const std::size_t n = std::min(need - have_, bytes.size());
    std::memcpy(header_.data() + have_, bytes.data(), n);
    have_ = static_cast<std::uint8_t>(have_ + n);
    bytes.remove_prefix(n);
  }
  if (have_ < HeaderBytes()) return {};
  return ReadHeader();
}

Status WebSocketReader::ReadHeader() {
  Cursor in(std::string_view(header_.data(), have_));
  const std::uint8_t first = in.Byte();
  const std::uint8_t second = in.Byte();
  std::uint64_t length = second & 0x7f;
  if (length == kLength16) {
    length = in.BigEndian<std::uint16_t>();
    if (length < kLength16) return Bad("length of a frame not in its shortest form");
  } else if (length == kLength64) {
    length = in.BigEndian<std::uint64_t>();
    if (length <= 0xffff) return Bad("length of a frame not in its shortest form");
  }
  final_ = (first & kFinal) != 0;
  opcode_ = first & kOpcode;
  if ((first & kReserved) != 0) return Bad("reserved bits of a frame are set");
  if (((second & kMasked) != 0) != (from_ == FrameFrom::kClient))
    return Bad(from_ == FrameFrom::kClient ? "frame without mask" : "masked frame");
  if (IsControl(opcode_)) {
    if (opcode_ > static_cast<std::uint8_t>(Opcode::kPong)) return Bad("unknown control frame");
    if (!final_) return Bad("control frame in fragments");
    if (length > kMaxControlBytes) return Bad("control frame over 125 bytes");
  } else {
    if (opcode_ == static_cast<std::uint8_t>(Opcode::kText)) return Bad("text message");
    if (opcode_ > static_cast<std::uint8_t>(Opcode::kBinary)) return Bad("unknown kind of frame");
    if (in_message_ != (opcode_ == static_cast<std::uint8_t>(Opcode::kContinuation)))
      return Bad(in_message_ ? "message within a message" : "continuation of nothing");
    if (length > max_ || message_.size() + length > max_) return Bad("message over its limit");
  }
  if (from_ == FrameFrom::kClient) std::memcpy(mask_.data(), header_.data() + have_ - 4, 4);
  left_ = static_cast<std::size_t>(length);
  mask_at_ = 0;
  in_frame_ = true;
  have_ = 0;
  return {};
}

Result<std::optional<WebSocketMessage>> WebSocketReader::Next(std::string_view& bytes) {
  using Found = std::optional<WebSocketMessage>;
  if (handed_out_) {
    handed_out_ = false;
    std::string& was = IsControl(opcode_) ? control_ : message_;
    was.clear();
    if (bytes.empty()) std::string().swap(was);
  }
  for (;;) {
    if (!in_frame_) {
      DROVER_CHECK(TakeHeader(bytes));
      if (!in_frame_) return Found();
      const bool whole = opcode_ == static_cast<std::uint8_t>(Opcode::kBinary) && final_;
      if (whole && from_ == FrameFrom::kServer && bytes.size() >= left_) {
        const std::string_view payload = bytes.substr(0, left_);
        bytes.remove_prefix(left_);
        in_frame_ = false;
        return Found({Opcode::kBinary, payload});
      }
    }
    std::string& to = IsControl(opcode_) ? control_ : message_;
    const std::size_t n = std::min(left_, bytes.size());
    to.append(bytes.substr(0, n));
    bytes.remove_prefix(n);
    left_ -= n;
    if (from_ == FrameFrom::kClient) Unmask(to.data() + to.size() - n, n);
    if (left_ > 0) return Found();
    in_frame_ = false;
    if (!IsControl(opcode_)) in_message_ = !final_;
    if (!final_) continue;
    handed_out_ = true;
    const Opcode what = IsControl(opcode_) ? static_cast<Opcode>(opcode_) : Opcode::kBinary;
    return Found({what, to});
  }
}

void WebSocketReader::Unmask(char* at, std::size_t size) {
  Xor(at, size, mask_, mask_at_);
  mask_at_ = static_cast<std::uint8_t>((mask_at_ + size) % mask_.size());
}

void AppendFrame(std::string& out, FrameFrom from, Opcode opcode, std::string_view first,
                 std::string_view second) {
  const std::size_t size = first.size() + second.size();
  const std::uint8_t masked = from == FrameFrom::kClient ? kMasked : 0;
  out += static_cast<char>(kFinal | static_cast<std::uint8_t>(opcode));
  if (size < kLength16) {
    out += static_cast<char>(masked | size);
  } else if (size <= 0xffff) {
    out += static_cast<char>(masked | kLength16);
    AppendBigEndian(out, static_cast<std::uint16_t>(size));
  } else {
    out += static_cast<char>(masked | kLength64);
    AppendBigEndian(out, static_cast<std::uint64_t>(size));
  }
  std::array<char, 4> mask{};
  if (masked != 0) {
    ::RAND_bytes(reinterpret_cast<unsigned char*>(mask.data()), static_cast<int>(mask.size()));
    out.append(mask.data(), mask.size());
  }
  const std::size_t at = out.size();
  out.append(first).append(second);
  if (masked != 0) Xor(out.data() + at, size, mask, 0);
}

}  // namespace drover::pushprox
