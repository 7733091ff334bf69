#include "receiver/storage/head/log_records.h"

#include <bit>
#include <cstring>

namespace drover::storage {
namespace {

constexpr std::uint8_t kPlain = 0;
constexpr std::uint8_t kZstd = 1;
constexpr std::size_t kMaxColumnBytes = 64 << 20;
constexpr std::uint8_t kHasSamples = 1;
constexpr std::uint8_t kHasOpen = 2;

// One byte nearly always: ids follow each other and times repeat.
char* PutVarint(char* out, std::int64_t v) {
  std::uint64_t u = ZigZag(v);
  for (; u >= 0x80; u >>= 7) *out++ = static_cast<char>(u | 0x80);
  *out++ = static_cast<char>(u);
  return out;
}

tl::unexpected<Error> Corrupt(const char* what) { return Fail(ErrorCode::kCorrupt, what); }

}  // namespace

void EncodeSeriesRecord(const SeriesStore& store, const std::uint32_t* ids, std::size_t count,
                        std::string& out) {
  out += static_cast<char>(LogRecord::kSeries);
  AppendUvarint(out, count);
  for (std::size_t i = 0; i < count; ++i) {
    AppendUvarint(out, ids[i]);
    AppendBytes(out, store.LabelsOf(*store.Get(ids[i])).bytes());
  }
}

std::string_view SampleRecordEncoder::Encode(const std::vector<LoggedSample>& samples) {
  const std::size_t n = samples.size();
  constexpr std::size_t kWorst = 10 + 10 + 8;
  if (columns_.size() < n * kWorst + 16) columns_.resize(n * kWorst + 16);
  char* const start = columns_.data();
  char* out = start;
  for (std::uint64_t u = n;; u >>= 7) {
    *out++ = static_cast<char>(u < 0x80 ? u : u | 0x80);
    if (u < 0x80) break;
  }
  std::int64_t id = 0;
  for (const LoggedSample& sample : samples) {
    out = PutVarint(out, static_cast<std::int64_t>(sample.id) - id);
    id = sample.id;
  }
  std::int64_t t = 0;
  for (const LoggedSample& sample : samples) {
    out = PutVarint(out, static_cast<std::int64_t>(static_cast<std::uint64_t>(sample.t_ms) -
                                                   static_cast<std::uint64_t>(t)));
    t = sample.t_ms;
  }
  for (std::size_t i = 0; i < n; ++i) {
    const auto bits = std::bit_cast<std::uint64_t>(samples[i].value);
    for (std::size_t plane = 0; plane < 8; ++plane) {
      out[plane * n + i] = static_cast<char>(bits >> (8 * plane));
    }
  }
  out += 8 * n;
  const std::string_view columns(start, static_cast<std::size_t>(out - start));
  zstd_.Compress(columns, packed_);
  const bool smaller = packed_.size() < columns.size();
  const char head[] = {static_cast<char>(LogRecord::kSamples),
                       static_cast<char>(smaller ? kZstd : kPlain)};
  if (!smaller) packed_.assign(columns);
  packed_.insert(0, head, sizeof head);
  return packed_;
}

Status SampleRecordDecoder::Decode(std::string_view body, std::vector<LoggedSample>& out) {
  out.clear();
  if (body.empty()) return Corrupt("samples record: empty");
  std::string_view columns = body.substr(1);
  if (body[0] == kZstd) {
    DROVER_CHECK(zstd_.Decompress(columns, kMaxColumnBytes, columns_));
    columns = columns_;
  } else if (body[0] != kPlain) {
    return Corrupt("samples record: unknown packing");
  }
  Cursor cursor(columns);
  const std::uint64_t n = cursor.Uvarint();
  if (n > columns.size() / 10) return Corrupt("samples record: wrong count");
  out.resize(n);
  std::uint64_t id = 0;
  for (LoggedSample& sample : out) {
    id += static_cast<std::uint64_t>(cursor.Varint());
    sample.id = static_cast<std::uint32_t>(id);
  }
  std::uint64_t t = 0;
  for (LoggedSample& sample : out) {
    t += static_cast<std::uint64_t>(cursor.Varint());
    sample.t_ms = static_cast<std::int64_t>(t);
  }
  const std::string_view planes = cursor.Take(8 * n);
  if (!cursor.ok() || !cursor.empty()) return Corrupt("samples record: wrong length");
  for (std::size_t i = 0; i < n; ++i) {
    std::uint64_t bits = 0;
    for (std::size_t plane = 0; plane < 8; ++plane) {
      bits |= static_cast<std::uint64_t>(static_cast<std::uint8_t>(planes[plane * n + i]))
              << (8 * plane);
    }
    out[i].value = std::bit_cast<double>(bits);
  }
  return {};
}

void EncodeSeriesState(const SeriesStore& store, std::uint32_t id, std::string& out) {
  const Series& series = *store.Get(id);
  const XorState& open = series.open;
  out += static_cast<char>(LogRecord::kSeriesState);
  AppendUvarint(out, id);
  AppendBytes(out, store.LabelsOf(series).bytes());
  const bool has_samples = series.last_t != kNoTime;
  out += static_cast<char>((has_samples ? kHasSamples : 0) | (open.samples > 0 ? kHasOpen : 0));
  if (has_samples) {
    AppendVarint(out, series.last_t);
    AppendLittleEndian(out, series.last_value);
  }
  if (open.samples > 0) {
    AppendVarint(out, series.open_min_t);
    AppendVarint(out, series.cut_t);
    AppendUvarint(out, open.bits);
    out += static_cast<char>(open.lead);
    out += static_cast<char>(open.trail);
    AppendVarint(out, open.delta);
    AppendBytes(out, series.OpenChunk());
  }
  AppendUvarint(out, series.closed.size());
  for (const ClosedChunk& chunk : series.closed) {
    AppendVarint(out, chunk.min_t);
    AppendUvarint(out, static_cast<std::uint64_t>(chunk.max_t - chunk.min_t));
    AppendBytes(out, {chunk.bytes, chunk.size});
  }
}

Status RestoreSeriesState(Cursor& body, SeriesStore& store) {
  const std::uint64_t id = body.Uvarint();
  const Labels labels = Labels::FromBytes(std::string(body.Bytes()));
  if (!body.ok() || id >= (1u << 26) || labels.empty()) return Corrupt("series state: labels");
  store.CreateAt(static_cast<std::uint32_t>(id), labels);
  Series& series = *store.Get(static_cast<std::uint32_t>(id));
  const std::uint8_t flags = body.Byte();
  XorState open;
  if ((flags & kHasSamples) != 0) {
    series.last_t = body.Varint();
    series.last_value = body.LittleEndian<std::uint64_t>();
  }
  std::int64_t open_min_t = 0;
  std::int64_t cut_t = 0;
  std::string_view open_bytes;
  if ((flags & kHasOpen) != 0) {
    open_min_t = body.Varint();
    cut_t = body.Varint();
    open.bits = static_cast<std::uint32_t>(body.Uvarint());
    open.lead = body.Byte();
    open.trail = body.Byte();
    open.delta = body.Varint();
    open_bytes = body.Bytes();
    open.samples = XorCount(open_bytes);
    open.t_ms = series.last_t;
    open.value = series.last_value;
    if (!body.ok() || open.size_bytes() != open_bytes.size() || open.samples == 0) {
      return Corrupt("series state: open chunk");
    }
  }
  const std::uint64_t closed = body.Uvarint();
  for (std::uint64_t i = 0; i < closed; ++i) {
    const std::int64_t min_t = body.Varint();
    const std::int64_t max_t = min_t + static_cast<std::int64_t>(body.Uvarint());
    const std::string_view bytes = body.Bytes();
    if (!body.ok() || bytes.size() < 2) return Corrupt("series state: closed chunk");
    store.RestoreClosed(series, min_t, max_t, bytes);
  }
  if (open.samples > 0) store.RestoreOpen(series, open, open_min_t, cut_t, open_bytes);
  return body.ok() ? Status() : Corrupt("series state: short");
}

}  // namespace drover::storage
