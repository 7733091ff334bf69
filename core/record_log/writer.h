// Appends records to a record log (docs/formats/record_log.md).
//
//   DROVER_TRY(auto log, Writer::Open(fs, "head_log", {}));
//   DROVER_CHECK(log->Append(record));   // with the operating system: survives a kill
//   DROVER_CHECK(log->Sync());           // on the disk: survives a power cut
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/compression/zstd.h"
#include "core/os/file_system.h"
#include "core/record_log/format.h"

namespace drover::record_log {

struct WriterOptions {
  std::uint64_t segment_bytes = 128 << 20;  // a segment is closed before a record would pass it
  Compression compression = Compression::kNone;
  std::uint64_t first_segment = 1;  // number of the first, if the folder has none as high
};

// One thread at a time, but for Sync, which any thread may call beside the others. `fs` outlives
// it.
class Writer {
 public:
  // Creates the folder if needed and a new segment behind the existing ones.
  static Result<std::unique_ptr<Writer>> Open(FileSystem& fs, std::string folder,
                                              WriterOptions options);

  // All records or none, in one write. kExhausted: disk full; nothing was left behind and a later
  // call may succeed. kInvalid: a record above kMaxRecordBytes, which no reader would take.
  Status Append(std::span<const std::string_view> records);
  Status Append(std::string_view record) { return Append(std::span(&record, 1)); }

  // Everything appended before the call. After an error what was appended since the last success
  // must be taken as lost in a power cut.
  Status Sync();

  // Closes the segment and starts the next; answers its number.
  Result<std::uint64_t> Cut();
  // Deletes the segments with numbers below; never the current one.
  Status RemoveBefore(std::uint64_t segment);

  Position position() const { return {segment_.load(), size_}; }
  std::uint64_t appended_bytes() const { return appended_bytes_; }  // since Open, with framing

 private:
  Writer(FileSystem& fs, std::string folder, WriterOptions options);
  Status OpenSegment(std::uint64_t segment);
  Status Write();  // frames_ to the file, or nothing
  std::string_view Compress(std::string_view record, std::uint8_t& flag);
  void Frame(std::string_view record, std::uint8_t flag);

  FileSystem& fs_;
  const std::string folder_;
  const WriterOptions options_;
  compression::ZstdCompressor zstd_;

  std::atomic<std::uint64_t> segment_ = 0;
  std::uint64_t size_ = 0;    // of the segment's whole frames
  std::uint64_t staged_ = 0;  // size_ with frames_
  bool torn_ = false;         // the file has bytes behind size_ that could not be cut off
  std::uint64_t appended_bytes_ = 0;
  std::string frames_;  // reused
  std::string packed_;  // reused

  Mutex sync_mutex_;  // one Sync after another: the later must not overtake what the first took.
                      // Before mutex_
  Mutex mutex_;
  std::shared_ptr<File> file_ GUARDED_BY(mutex_);
  std::vector<std::shared_ptr<File>> unsynced_ GUARDED_BY(mutex_);  // closed segments
  bool new_name_ GUARDED_BY(mutex_) = false;                        // of a segment, not durable yet
};

}  // namespace drover::record_log
