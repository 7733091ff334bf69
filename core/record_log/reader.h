// Reads a record log (docs/formats/record_log.md) from a position on, past what is broken.
//
//   Reader reader(fs, "head_log");
//   for (;;) {
//     DROVER_TRY(const bool more, reader.Next());
//     if (!more) break;
//     Use(reader.record());
//   }
//   if (reader.stats().corrupt > 0) …
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/compression/zstd.h"
#include "core/os/file_system.h"
#include "core/record_log/format.h"

namespace drover::record_log {

struct ReadStats {
  std::uint64_t records = 0;
  std::uint64_t bytes = 0;          // of segments read, with framing
  std::uint64_t corrupt = 0;        // places where bytes were broken; each may have cost records
  std::uint64_t skipped_bytes = 0;  // passed over at those places
  std::uint64_t torn = 0;           // closed segments that end inside a record
  Position first_corrupt;           // of the first of those places
};

struct ReaderOptions {
  std::size_t max_record_bytes = kMaxRecordBytes;  // a larger one is corrupt
  std::size_t window_bytes = 1 << 20;              // read at once; at least a page
};

// One thread at a time. `fs` outlives it.
class Reader {
 public:
  Reader(FileSystem& fs, std::string folder, Position from = {}, ReaderOptions options = {});

  // False at the end; call again after a writer has added more. Errors are the file system's.
  Result<bool> Next();
  // Until the next Next().
  std::string_view record() const { return record_; }
  // Behind the record; where another reader can go on.
  Position position() const { return position_; }
  const ReadStats& stats() const { return stats_; }

  // Nothing at or behind `end` is read: a writer's position(), so that a reader beside it never
  // sees half a write.
  void SetEnd(Position end) { end_ = end; }

  // Bytes behind position() in the last segment that are no whole record: a torn tail, or none.
  std::uint64_t tail_bytes() const { return tail_bytes_; }

 private:
  enum class Step { kRecord, kAgain, kEndOfSegment };
  Result<bool> OpenNext();  // the first segment, or the one after
  // Bytes at offset_, up to the end of its page; fewer at the end of the segment.
  Result<std::string_view> Page();
  Result<Step> ReadFragment();
  Step SkipPage(std::size_t rest_of_page);
  Step Finish(std::uint8_t flag);
  void CountCorrupt(std::uint64_t bytes);

  FileSystem& fs_;
  const std::string folder_;
  const ReaderOptions options_;
  std::optional<Position> end_;
  compression::ZstdDecompressor zstd_;

  std::unique_ptr<File> file_;
  Position position_;         // behind the last record
  std::uint64_t offset_ = 0;  // of the next fragment
  std::string window_;        // bytes of the file from window_offset_
  std::uint64_t window_offset_ = 0;
  bool assembling_ = false;
  bool skipping_ = false;  // a broken record's further fragments
  std::string parts_;
  std::string unpacked_;
  std::string_view record_;
  std::uint64_t tail_bytes_ = 0;
  ReadStats stats_;
};

// Cuts off the torn tail of the last segment, if there is one; answers the bytes cut. Reads that
// segment.
Result<std::uint64_t> Repair(FileSystem& fs, const std::string& folder);

}  // namespace drover::record_log
