// The newest samples: in a log on disk before they are acknowledged, in memory as compressed chunks
// for queries. Survives kill -9 with all it acknowledged, a power cut with what its fsync policy
// says.
//
//   auto head = Head::Open(fs, clock, log, registry, {});       // replays the log
//   auto appender = (*head)->NewAppender();
//   const auto ref = appender->Append(0, labels, t_ms, value);  // keep it for the next sample
//   DROVER_CHECK(appender->Commit());                           // logged, then visible, as one
//
// A series keeps its samples in time order. The same (time, value) again is a success, so a request
// may be sent twice; errors of Append, constant texts so that callers can count by them:
//   out of order sample                                      older than the series' last sample
//   duplicate sample for timestamp                           another value at a time that has one
//   too old sample                                           before the retention
//   out of bounds: timestamp is too far in the future        above now + 10 min
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/metrics/registry.h"
#include "core/os/file_system.h"
#include "core/series/appender.h"
#include "core/series/queryable.h"

namespace drover::storage {

enum class FsyncPolicy {
  kNever,     // the operating system writes when it likes; a kill loses nothing
  kInterval,  // every sync_interval: a power cut loses that much
  kAlways,    // before each acknowledgement, one fsync for all commits that wait
};

struct HeadOptions {
  Millis retention = std::chrono::hours(24);  // chunks that end before are dropped
  FsyncPolicy fsync = FsyncPolicy::kInterval;
  Millis sync_interval = std::chrono::seconds(1);
  Millis future_limit = std::chrono::minutes(10);
  std::uint32_t max_series = 20'000'000;
  std::size_t max_metadata = 200'000;  // families; those that come later have no metadata
  std::uint64_t segment_bytes = 128 << 20;
  // A checkpoint is written when the log has grown by this, or by the size of the last checkpoint
  // if that is more, so that checkpoints at most double what is written.
  std::uint64_t checkpoint_log_bytes = 64 << 20;
  Millis maintenance_interval = std::chrono::seconds(60);  // retention; 0: no thread at all
};

struct ReplayProgress {
  std::uint64_t bytes_done = 0;
  std::uint64_t bytes_total = 0;
  std::uint64_t samples = 0;
};

// What Open found. Anything but samples and series being above zero was also logged once.
struct ReplayReport {
  std::uint64_t series = 0;
  std::uint64_t samples = 0;         // of the log; chunks of the checkpoint not counted
  std::uint64_t corrupt = 0;         // broken places passed over; their segments are kept aside
  std::uint64_t torn_bytes = 0;      // cut off at the end: never acknowledged, or not synced
  std::uint64_t unknown_series = 0;  // samples whose series record was lost
  bool incomplete_checkpoint = false;
};

struct HeadStats {
  std::uint64_t series = 0;
  std::uint64_t chunks = 0;
  std::uint64_t samples = 0;
  std::int64_t min_t = 0;  // 0 and 0 when empty
  std::int64_t max_t = 0;
  std::uint64_t chunk_bytes = 0;
  std::uint64_t symbols = 0;
  std::uint64_t log_bytes = 0;  // written since Open
};

// Thread-safe. What it is given outlives it; its appenders and series sets go before it.
class Head final : public Appendable, public Queryable {
 public:
  using OnProgress = std::function<void(const ReplayProgress&)>;
  // `folder` below `fs` holds the log (docs/formats/head_log.md). Errors are the file system's:
  // broken content is passed over and reported.
  static Result<std::unique_ptr<Head>> Open(FileSystem& fs, std::string folder, Clock& clock,
                                            const Logger& log, Registry& registry,
                                            HeadOptions options, OnProgress progress = nullptr);
  ~Head() override;

  // Append with a `ref` of before and empty labels answers kNotFound when the series is gone.
  // Commit: kExhausted (disk full: nothing was taken), kUnavailable (fsync failed, now or earlier
  // and no checkpoint was written since; or the series went meanwhile: send again).
  std::unique_ptr<Appender> NewAppender() override;

  Result<std::unique_ptr<SeriesSet>> Select(const std::vector<Matcher>& matchers,
                                            std::int64_t min_t, std::int64_t max_t,
                                            const SelectHints& hints) const override;
  Result<std::vector<std::string>> LabelNames(const std::vector<Matcher>& matchers,
                                              std::int64_t min_t,
                                              std::int64_t max_t) const override;
  Result<std::vector<std::string>> LabelValues(std::string_view name,
                                               const std::vector<Matcher>& matchers,
                                               std::int64_t min_t,
                                               std::int64_t max_t) const override;

  // Newest metadata of each family, by name. In memory only: senders repeat it.
  std::vector<MetricMetadata> Metadata() const;

  HeadStats stats() const;
  const ReplayReport& replay() const;

  // What its thread does now and then; for tests and shutdown.
  // kUnavailable after any failed fsync until a checkpoint has written everything anew.
  Status Sync();
  Status Checkpoint(const std::stop_token& stop = {});  // kCancelled when stopped: nothing changed
  void DropOld();                                       // by retention
  // Ends the thread and makes all of the log durable. Nothing may be committed afterwards.
  Status Close();

 private:
  class Impl;
  class HeadAppender;
  explicit Head(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace drover::storage
