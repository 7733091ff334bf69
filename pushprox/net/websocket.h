// Frames of the WebSocket protocol (RFC 6455 section 5) as they come and go. Strict: extensions,
// text and wrong masking are errors.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace drover::pushprox {

enum class Opcode : std::uint8_t {
  kContinuation = 0,
  kText = 1,
  kBinary = 2,
  kClose = 8,
  kPing = 9,
  kPong = 10,
};

inline constexpr std::size_t kMaxControlBytes = 125;

// Which end sent a frame: clients mask, servers do not.
enum class FrameFrom { kClient, kServer };

// A whole message, or a control frame. `payload` lives until Next is called again.
struct WebSocketMessage {
  Opcode opcode = Opcode::kBinary;  // kBinary, kClose, kPing or kPong
  std::string_view payload;
};

// Takes frames apart. Holds nothing between messages. One thread at a time.
class WebSocketReader {
 public:
  WebSocketReader(FrameFrom from, std::size_t max_message) : from_(from), max_(max_message) {}

  // The next message of `bytes`, which lose what was taken. Nothing: all were taken and more are
  // needed. kInvalid for what the protocol forbids and for a message over its limit: the reader
  // must not be used any more.
  Result<std::optional<WebSocketMessage>> Next(std::string_view& bytes);

 private:
  Status TakeHeader(std::string_view& bytes);
  Status ReadHeader();
  std::size_t HeaderBytes() const;
  void Unmask(char* at, std::size_t size);

  const FrameFrom from_;
  bool final_ = false;        // of the frame at hand
  bool in_frame_ = false;     // its header is complete
  bool in_message_ = false;   // fragments came, the last did not
  bool handed_out_ = false;   // what message_ or control_ hold
  std::uint8_t opcode_ = 0;   // of the frame at hand
  std::uint8_t have_ = 0;     // bytes of header_
  std::uint8_t mask_at_ = 0;  // which byte of the mask is next
  std::array<char, 14> header_{};
  std::array<char, 4> mask_{};
  const std::size_t max_;
  std::size_t left_ = 0;  // of the payload at hand
  std::string message_;
  std::string control_;
};

// Appends one whole frame; its payload is `first` and then `second`. A client's is masked with
// random bytes.
void AppendFrame(std::string& out, FrameFrom from, Opcode opcode, std::string_view first,
                 std::string_view second = {});

}  // namespace drover::pushprox
