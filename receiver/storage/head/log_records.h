// Records of the head's log (docs/formats/head_log.md).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "core/compression/zstd.h"
#include "receiver/storage/head/series_store.h"

namespace drover::storage {

enum class LogRecord : std::uint8_t { kSeries = 1, kSamples = 2, kSeriesState = 3, kEnd = 4 };

struct LoggedSample {
  std::uint32_t id = 0;
  std::int64_t t_ms = 0;
  double value = 0;
};

// Appends one series record.
void EncodeSeriesRecord(const SeriesStore& store, const std::uint32_t* ids, std::size_t count,
                        std::string& out);

// Packs samples into one record in buffers it uses again. One thread at a time.
class SampleRecordEncoder {
 public:
  // Until the next call.
  std::string_view Encode(const std::vector<LoggedSample>& samples);

 private:
  compression::ZstdCompressor zstd_;
  std::string columns_;
  std::string packed_;
};

class SampleRecordDecoder {
 public:
  // `body` is the record behind its type byte. kCorrupt when it does not hold what it says.
  Status Decode(std::string_view body, std::vector<LoggedSample>& out);

 private:
  compression::ZstdDecompressor zstd_;
  std::string columns_;
};

// Appends a series state record, type byte included.
void EncodeSeriesState(const SeriesStore& store, std::uint32_t id, std::string& out);
Status RestoreSeriesState(Cursor& body, SeriesStore& store);

}  // namespace drover::storage
