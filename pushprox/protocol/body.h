// The body of an HTTP/1.x message as it passes through: decoded from one framing, written in
// another, never kept.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "pushprox/protocol/head.h"

namespace drover::pushprox {

// Takes the framing off. Not thread-safe.
class BodyDecoder {
 public:
  BodyDecoder() = default;  // of no body
  BodyDecoder(Framing framing, std::uint64_t length);

  // Hands payload to `sink` in pieces and answers how many bytes of `bytes` it took: all, or up to
  // the end of the body, or up to where `sink` answered false ("no more for now"). kInvalid for
  // broken chunks. A piece handed out counts as taken.
  using Sink = std::function<bool(std::string_view)>;
  Result<std::size_t> Feed(std::string_view bytes, const Sink& sink);

  bool done() const { return state_ == State::kDone; }
  // What carries the message has ended: true when that is where the body ends too.
  bool End();

 private:
  enum class State {
    kDone,
    kPayload,
    kToEnd,
    kSize,
    kExtension,
    kSizeEnd,
    kChunk,
    kChunkEnd,
    kTrailer
  };
  Status TakeChunkByte(char c);

  State state_ = State::kDone;
  std::uint64_t left_ = 0;     // of the payload or the chunk
  unsigned digits_ = 0;        // of the chunk's size
  unsigned ignored_ = 0;       // bytes of extensions and trailers: bounded
  unsigned trailer_line_ = 0;  // bytes of the trailer's line so far
};

// Appends `payload` framed: as it is, or as one chunk.
void AppendBody(std::string& out, Framing framing, std::string_view payload);
// What ends a body: "0\r\n\r\n" for chunks, nothing for others.
std::string_view BodyEnd(Framing framing);

}  // namespace drover::pushprox
