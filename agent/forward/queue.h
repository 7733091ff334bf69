// The blocks of one endpoint that were not yet acknowledged, on disk (docs/formats/agent_queue.md).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/mutex.h"
#include "core/base/result.h"
#include "core/os/file_system.h"
#include "core/record_log/reader.h"
#include "core/record_log/writer.h"

namespace drover::agent::forward {

enum class BlockKind : std::uint8_t { kSamples = 1, kMetadata = 2 };

struct Block {
  BlockKind kind = BlockKind::kSamples;
  TimePoint created{};
  std::uint64_t samples = 0;
  std::string body;  // as it goes on the wire
};

struct QueueOptions {
  std::uint64_t max_bytes = 1ULL << 30;  // 0: no cap
  Millis max_age{0};                     // 0: no cap
  bool sync_always = false;              // fsync before Append returns
};

struct QueueStats {
  std::uint64_t bytes = 0;  // in the log, behind the cursor
  std::uint64_t blocks = 0;
  std::uint64_t samples = 0;
  std::optional<TimePoint> oldest;
  std::map<std::string, std::uint64_t>
      dropped_samples;  // by reason: bytes, age, disk_full, corrupt, unknown
  std::uint64_t dropped_blocks = 0;
  std::uint64_t failed_syncs = 0;
};

// Thread-safe; Next and Done are for one consumer.
class Queue {
 public:
  // Opens or creates the folder, repairs a torn tail, finds the cursor. `fs`, `clock` and `log`
  // outlive it.
  static Result<std::unique_ptr<Queue>> Open(FileSystem& fs, std::string folder,
                                             QueueOptions options, const Clock& clock,
                                             const Logger& log);

  // On success the block is with the operating system and will be sent; that it could not be synced
  // (sync_always) is said and counted, no error. kExhausted: the disk is full; the block is lost
  // and counted ("disk_full").
  Status Append(const Block& block);

  // The oldest block, waiting for one until `stop` (then nullopt). The same block again until Done.
  std::optional<Block> Next(std::stop_token stop);
  // The block that Next gave is settled: sent, or refused for good. Moves the cursor. An error,
  // said by the queue: the cursor is not on the disk, and after a restart the block is sent again.
  Status Done();
  // Whether the caps dropped the block that Next gave: it is counted as lost, and Done is next.
  bool overtaken() const;
  // Counts the samples of the block that Next gave as lost.
  void CountDropped(const std::string& reason, std::uint64_t samples);

  // Now and then: fsync of what is new, and the age cap, which the block that Next gave falls under
  // too. A failure is said once, by the queue.
  Status Maintain(bool sync);

  QueueStats stats() const;

 private:
  Queue(FileSystem& fs, std::string folder, QueueOptions options, const Clock& clock,
        const Logger& log);
  Status OpenCursor() REQUIRES(mutex_);
  Status CountPending() REQUIRES(mutex_);
  Status SaveCursor() REQUIRES(mutex_);
  Status WriteCursor() REQUIRES(mutex_);
  void RemoveSettled() REQUIRES(mutex_);   // segments behind the cursor
  void SettleSegments() REQUIRES(mutex_);  // nothing waits: those behind the reader, too
  bool ReadNext() REQUIRES(mutex_);        // into current_
  bool TooOld() const REQUIRES(mutex_);
  void Settle() REQUIRES(mutex_);  // current_ is behind the cursor
  void EnforceBytes() REQUIRES(mutex_);
  void NoteSync(const Status& synced) REQUIRES(mutex_);
  // Says what starts and what ends to fail.
  void Note(bool& failing, const Status& status, std::string_view trouble) REQUIRES(mutex_);
  Status EnforceAge() REQUIRES(mutex_);
  void Drop(const std::string& reason, std::uint64_t samples) REQUIRES(mutex_);

  FileSystem& fs_;
  const std::string folder_;
  const QueueOptions options_;
  const Clock& clock_;
  const Logger& log_;

  mutable Mutex mutex_;
  CondVar arrived_;
  std::unique_ptr<record_log::Writer> writer_ GUARDED_BY(mutex_);
  std::unique_ptr<record_log::Reader> reader_ GUARDED_BY(mutex_);
  std::unique_ptr<File> cursor_file_ GUARDED_BY(mutex_);
  std::uint64_t cursor_bytes_ GUARDED_BY(mutex_) = 0;
  record_log::Position cursor_ GUARDED_BY(mutex_);
  std::uint64_t first_segment_ GUARDED_BY(mutex_) = 0;
  std::map<std::uint64_t, std::uint64_t> segment_bytes_ GUARDED_BY(mutex_);
  std::optional<Block> current_ GUARDED_BY(mutex_);
  bool handed_out_ GUARDED_BY(mutex_) = false;  // current_ is with the consumer
  bool overtaken_ GUARDED_BY(mutex_) = false;   // and was dropped meanwhile
  bool disk_full_ GUARDED_BY(mutex_) = false;
  bool sync_fails_ GUARDED_BY(mutex_) = false;
  bool cursor_fails_ GUARDED_BY(mutex_) = false;
  bool remove_fails_ GUARDED_BY(mutex_) = false;
  std::uint64_t corrupt_seen_ GUARDED_BY(mutex_) = 0;
  QueueStats stats_ GUARDED_BY(mutex_);
};

}  // namespace drover::agent::forward
