#include "core/compression/gzip.h"

#include <algorithm>
#include <cassert>
#include <limits>

#include <zlib.h>

namespace drover::compression {
namespace {

constexpr int kWindowBits = 15 + 16;  // zlib's way to say: gzip header and trailer
constexpr std::size_t kStep = 64 << 10;

void SetInput(z_stream& z, std::string_view& in) {
  const auto n = std::min<std::size_t>(in.size(), std::numeric_limits<uInt>::max());
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(in.data()));
  z.avail_in = static_cast<uInt>(n);
  in.remove_prefix(n);
}

// Gives the stream kStep bytes behind `out`; Taken() cuts off what it left.
struct OutputStep {
  OutputStep(z_stream& stream, std::string& o) : z(stream), out(o), start(o.size()) {
    out.resize(start + kStep);
    z.next_out = reinterpret_cast<Bytef*>(out.data() + start);
    z.avail_out = static_cast<uInt>(kStep);
  }
  std::size_t Taken() {
    const std::size_t n = kStep - z.avail_out;
    out.resize(start + n);
    return n;
  }
  z_stream& z;
  std::string& out;
  std::size_t start;
};

}  // namespace

struct GzipReader::State {
  explicit State(std::uint64_t max) : max_bytes(max) {
    const int result = inflateInit2(&z, kWindowBits);
    assert(result == Z_OK);  // out of memory
  }
  ~State() { inflateEnd(&z); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;

  z_stream z{};
  std::uint64_t max_bytes;
  std::uint64_t got = 0;
  bool at_end = false;
};

GzipReader::GzipReader(std::uint64_t max_bytes) : state_(std::make_unique<State>(max_bytes)) {}
GzipReader::~GzipReader() = default;
bool GzipReader::AtEnd() const { return state_->at_end; }

void GzipReader::Reset() {
  inflateReset(&state_->z);
  state_->got = 0;
  state_->at_end = false;
}

Status GzipReader::Feed(std::string_view in, std::string& out) {
  State& s = *state_;
  z_stream& z = s.z;
  z.avail_in = 0;
  for (;;) {
    if (z.avail_in == 0) {
      if (in.empty()) return {};
      SetInput(z, in);
    }
    if (s.at_end) {  // a further member
      inflateReset(&z);
      s.at_end = false;
    }
    // All output of this input, before more is asked for.
    for (;;) {
      OutputStep step(z, out);
      const int result = inflate(&z, Z_NO_FLUSH);
      s.got += step.Taken();
      if (s.got > s.max_bytes) {
        return Fail(ErrorCode::kExhausted,
                    "gzip: decoded size is above the limit of " + std::to_string(s.max_bytes));
      }
      if (result == Z_STREAM_END) {
        s.at_end = true;
        break;
      }
      if (result == Z_BUF_ERROR) break;  // wants more input
      if (result != Z_OK) {
        return Fail(ErrorCode::kInvalid,
                    std::string("gzip: ") + (z.msg != nullptr ? z.msg : "corrupt input"));
      }
      if (z.avail_out > 0 && z.avail_in == 0) break;
    }
  }
}

struct GzipWriter::State {
  explicit State(int level) {
    const int result = deflateInit2(&z, level, Z_DEFLATED, kWindowBits, 8, Z_DEFAULT_STRATEGY);
    assert(result == Z_OK);
  }
  ~State() { deflateEnd(&z); }
  State(const State&) = delete;
  State& operator=(const State&) = delete;
  z_stream z{};
};

GzipWriter::GzipWriter(int level) : state_(std::make_unique<State>(level)) {}
GzipWriter::~GzipWriter() = default;

void GzipWriter::Feed(std::string_view in, std::string& out) {
  z_stream& z = state_->z;
  while (!in.empty()) {
    SetInput(z, in);
    while (z.avail_in > 0) {
      OutputStep step(z, out);
      deflate(&z, Z_NO_FLUSH);
      step.Taken();
    }
  }
}

void GzipWriter::Finish(std::string& out) {
  z_stream& z = state_->z;
  z.avail_in = 0;
  for (int result = Z_OK; result != Z_STREAM_END;) {
    OutputStep step(z, out);
    result = deflate(&z, Z_FINISH);
    step.Taken();
  }
  deflateReset(&z);
}

void GzipCompress(std::string_view in, std::string& out, int level) {
  out.clear();
  GzipWriter writer(level);
  writer.Feed(in, out);
  writer.Finish(out);
}

Status GzipUncompress(std::string_view in, std::uint64_t max_bytes, std::string& out) {
  out.clear();
  GzipReader reader(max_bytes);
  DROVER_CHECK(reader.Feed(in, out));
  if (!reader.AtEnd()) return Fail(ErrorCode::kInvalid, "gzip: unexpected end of input");
  return {};
}

}  // namespace drover::compression
