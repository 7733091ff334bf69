#include "core/compression/snappy.h"

#include <snappy.h>

namespace drover::compression {
namespace {

// A copy element of three bytes yields at most 64: a block that declares more than that cannot be
// whole, so its declared size is not believed.
constexpr std::size_t kMaxRatio = 64;

}  // namespace

void SnappyCompress(std::string_view in, std::string& out) {
  out.resize(snappy::MaxCompressedLength(in.size()));
  std::size_t size = 0;
  snappy::RawCompress(in.data(), in.size(), out.data(), &size);
  out.resize(size);
}

Status SnappyUncompress(std::string_view in, std::size_t max_bytes, std::string& out) {
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(in.data(), in.size(), &size)) {
    out.clear();
    return Fail(ErrorCode::kInvalid, "snappy: corrupt input");
  }
  if (size > max_bytes) {
    out.clear();
    return Fail(ErrorCode::kExhausted, "snappy: decoded size " + std::to_string(size) +
                                           " is above the limit of " + std::to_string(max_bytes));
  }
  if (size / kMaxRatio > in.size()) {
    out.clear();
    return Fail(ErrorCode::kInvalid, "snappy: corrupt input");
  }
  out.resize(size);
  if (!snappy::RawUncompress(in.data(), in.size(), out.data())) {
    out.clear();
    return Fail(ErrorCode::kInvalid, "snappy: corrupt input");
  }
  return {};
}

}  // namespace drover::compression
