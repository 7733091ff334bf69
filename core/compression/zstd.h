// Zstandard frames (RFC 8878) for files of our own; level 1 unless a caller knows better: on sample
// data level 3 was larger and slower.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace drover::compression {

// Keeps the working memory (about 1 MB) between calls. One thread at a time.
class ZstdCompressor {
 public:
  explicit ZstdCompressor(int level = 1);
  ~ZstdCompressor();
  // Replaces `out`. The frame carries the size of `in`.
  void Compress(std::string_view in, std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One thread at a time.
class ZstdDecompressor {
 public:
  ZstdDecompressor();
  ~ZstdDecompressor();
  // Replaces `out` with the content of the one frame `in`, which must state its size. kExhausted
  // when that is above `max_bytes` (checked before allocating), kInvalid when the frame is broken.
  Status Decompress(std::string_view in, std::size_t max_bytes, std::string& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace drover::compression
