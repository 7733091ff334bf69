#include "core/compression/zstd.h"

#include <cassert>

#include <zstd.h>

namespace drover::compression {

struct ZstdCompressor::State {
  explicit State(int l) : level(l), context(ZSTD_createCCtx()) {}
  ~State() { ZSTD_freeCCtx(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  int level;
  ZSTD_CCtx* context;
};

ZstdCompressor::ZstdCompressor(int level) : state_(std::make_unique<State>(level)) {}
ZstdCompressor::~ZstdCompressor() = default;

void ZstdCompressor::Compress(std::string_view in, std::string& out) {
  out.resize(ZSTD_compressBound(in.size()));
  const std::size_t size = ZSTD_compressCCtx(state_->context, out.data(), out.size(), in.data(),
                                             in.size(), state_->level);
  assert(!ZSTD_isError(size));  // the only reason would be too small an output
  out.resize(size);
}

struct ZstdDecompressor::State {
  State() : context(ZSTD_createDCtx()) {}
  ~State() { ZSTD_freeDCtx(context); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  ZSTD_DCtx* context;
};

ZstdDecompressor::ZstdDecompressor() : state_(std::make_unique<State>()) {}
ZstdDecompressor::~ZstdDecompressor() = default;

Status ZstdDecompressor::Decompress(std::string_view in, std::size_t max_bytes, std::string& out) {
  const unsigned long long declared = ZSTD_getFrameContentSize(in.data(), in.size());
  if (declared == ZSTD_CONTENTSIZE_ERROR || declared == ZSTD_CONTENTSIZE_UNKNOWN) {
    out.clear();
    return Fail(ErrorCode::kInvalid, "zstd: no frame, or one without its size");
  }
  if (declared > max_bytes) {
    out.clear();
    return Fail(ErrorCode::kExhausted, "zstd: decoded size " + std::to_string(declared) +
                                           " is above the limit of " + std::to_string(max_bytes));
  }
  out.resize(declared);
  const std::size_t size =
      ZSTD_decompressDCtx(state_->context, out.data(), out.size(), in.data(), in.size());
  if (ZSTD_isError(size) || size != declared) {
    out.clear();
    return Fail(ErrorCode::kInvalid, "zstd: corrupt input");
  }
  return {};
}

}  // namespace drover::compression
