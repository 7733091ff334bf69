#include "pushprox/protocol/body.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace drover::pushprox {
namespace {

constexpr unsigned kMaxDigits = 12;     // of a chunk's size: 256 TiB
constexpr unsigned kMaxIgnored = 8192;  // of extensions and trailers in one body

int HexValue(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

}  // namespace

BodyDecoder::BodyDecoder(Framing framing, std::uint64_t length) : left_(length) {
  switch (framing) {
    case Framing::kNone:
      break;
    case Framing::kLength:
      state_ = length > 0 ? State::kPayload : State::kDone;
      break;
    case Framing::kChunked:
      state_ = State::kSize;
      left_ = 0;
      break;
    case Framing::kToEnd:
      state_ = State::kToEnd;
      break;
  }
}

Result<std::size_t> BodyDecoder::Feed(std::string_view bytes, const Sink& sink) {
  std::size_t at = 0;
  while (at < bytes.size() && state_ != State::kDone) {
    if (state_ == State::kToEnd) {
      const std::string_view all = bytes.substr(at);
      at = bytes.size();
      sink(all);
      return at;
    }
    if (state_ != State::kPayload && state_ != State::kChunk) {
      DROVER_CHECK(TakeChunkByte(bytes[at++]));
      continue;
    }
    const std::string_view piece = bytes.substr(
        at, static_cast<std::size_t>(std::min<std::uint64_t>(left_, bytes.size() - at)));
    at += piece.size();
    left_ -= piece.size();
    if (left_ == 0) state_ = state_ == State::kPayload ? State::kDone : State::kChunkEnd;
    if (!sink(piece)) return at;
  }
  return at;
}

Status BodyDecoder::TakeChunkByte(char c) {
  const auto bad = [] { return Fail(ErrorCode::kInvalid, "malformed chunk"); };
  switch (state_) {
    case State::kSize:
      if (const int digit = HexValue(c); digit >= 0) {
        if (++digits_ > kMaxDigits) return bad();
        left_ = left_ * 16 + static_cast<unsigned>(digit);
        return {};
      }
      if (digits_ == 0) return bad();
      if (c == '\r') {
        state_ = State::kSizeEnd;
        return {};
      }
      if (c != ';' && c != ' ' && c != '\t') return bad();
      state_ = State::kExtension;
      return {};
    case State::kExtension:
      if (++ignored_ > kMaxIgnored || c == '\n') return bad();
      if (c == '\r') state_ = State::kSizeEnd;
      return {};
    case State::kSizeEnd:
      if (c != '\n') return bad();
      state_ = left_ > 0 ? State::kChunk : State::kTrailer;
      digits_ = 0;
      return {};
    case State::kChunkEnd:
      if (c == '\r' && digits_ == 0) {
        digits_ = 1;
        return {};
      }
      if (c != '\n' || digits_ == 0) return bad();
      digits_ = 0;
      state_ = State::kSize;
      return {};
    case State::kTrailer:
      if (++ignored_ > kMaxIgnored) return bad();
      if (c == '\n') {
        if (trailer_line_ == 0) state_ = State::kDone;
        trailer_line_ = 0;
      } else if (c != '\r') {
        ++trailer_line_;
      }
      return {};
    default:
      return bad();
  }
}

bool BodyDecoder::End() {
  if (state_ == State::kToEnd) state_ = State::kDone;
  return done();
}

void AppendBody(std::string& out, Framing framing, std::string_view payload) {
  if (framing != Framing::kChunked) {
    out.append(payload);
    return;
  }
  if (payload.empty()) return;
  std::array<char, 20> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), payload.size(), 16);
  out.append(digits.data(), static_cast<std::size_t>(end.ptr - digits.data())).append("\r\n");
  out.append(payload).append("\r\n");
}

std::string_view BodyEnd(Framing framing) {
  return framing == Framing::kChunked ? "0\r\n\r\n" : "";
}

}  // namespace drover::pushprox
