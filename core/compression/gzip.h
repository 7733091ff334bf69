// gzip (RFC 1952) as HTTP bodies carry it, streamed: feed pieces, take what came out.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace drover::compression {

// One thread at a time. Several members after one another count as one body.
class GzipReader {
 public:
  explicit GzipReader(std::uint64_t max_bytes);
  ~GzipReader();
  // Appends what `in` decodes to. kExhausted when the total passes the limit (nothing more is
  // decoded then), kInvalid when the stream is broken.
  Status Feed(std::string_view in, std::string& out);
  // True after the end of a member: the body may end here.
  bool AtEnd() const;
  // Ready for another body; keeps its memory.
  void Reset();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// One thread at a time.
class GzipWriter {
 public:
  explicit GzipWriter(int level = 6);
  ~GzipWriter();
  void Feed(std::string_view in, std::string& out);  // appends; may hold some back
  void Finish(std::string& out);                     // the rest; then ready for another body

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// Whole bodies; both replace `out`. Errors as GzipReader's; kInvalid too when `in` stops early.
void GzipCompress(std::string_view in, std::string& out, int level = 6);
Status GzipUncompress(std::string_view in, std::uint64_t max_bytes, std::string& out);

}  // namespace drover::compression
