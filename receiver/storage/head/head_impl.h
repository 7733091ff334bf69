// Inside of the head: included by its .cc files only.
//
// Order of locks: commit_mutex_, then lock_, then LabelOrder's. Leading (one thread at a time,
// taken through commit_mutex_) is what writes the log, applies samples and removes series: so the
// log's order is the order of memory, and replay decides as the head did.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "core/base/mutex.h"
#include "core/record_log/writer.h"
#include "receiver/storage/head/head.h"
#include "receiver/storage/head/log_records.h"
#include "receiver/storage/head/rw_lock.h"
#include "receiver/storage/head/select.h"
#include "receiver/storage/head/series_store.h"

namespace drover::storage {

// What an appender gathers; kept and used again, with the memory of the packing.
struct CommitBatch {
  std::vector<LoggedSample> samples;
  std::vector<std::uint32_t> generations;  // of each sample's series when it was appended
  std::vector<MetricMetadata> metadata;
  std::uint64_t epoch = 0;  // removals seen before the first Append
  SampleRecordEncoder encoder;
  std::string_view record;

  bool done = false;
  Status result;

  void Clear() {
    samples.clear();
    generations.clear();
    metadata.clear();
    record = {};
    done = false;
    result = {};
  }
};

struct HeadMetrics {
  explicit HeadMetrics(Registry& registry);
  Counter& appended;
  Counter& out_of_order;
  Counter& duplicate;
  Counter& out_of_bounds;
  Counter& too_old;
  Counter& series_created;
  Counter& series_removed;
  Counter& log_failures;
  Counter& log_corruptions;
  Counter& checkpoints;
  Counter& checkpoint_failures;
  Counter& sync_failures;
  Gauge& series;
  Gauge& chunks;
  Gauge& min_time;
  Gauge& lowest_time;
  Gauge& max_time;
  Gauge& log_bytes;
  Gauge& replay_seconds;
};

class Head::Impl {
 public:
  Impl(FileSystem& fs, std::string folder, Clock& clock, const Logger& log, Registry& registry,
       HeadOptions options);

  ~Impl();
  Status Close();

  Status Replay(const OnProgress& progress);  // and opens the writer
  void StartThread();

  std::unique_ptr<CommitBatch> TakeBatch();
  void GiveBack(std::unique_ptr<CommitBatch> batch);
  struct Found {
    std::uint32_t id;
    std::uint32_t generation;
  };
  Result<Found> FindOrCreate(const Labels& labels);
  // False: it is there already.
  Result<bool> CheckSample(Series& series, std::int64_t now_ms, std::int64_t t_ms, double value);
  Status Commit(CommitBatch& batch);

  std::vector<std::uint32_t> Matching(const std::vector<Matcher>& matchers, std::int64_t min_t,
                                      std::int64_t max_t) const;
  Status Sync();
  Status Checkpoint(const std::stop_token& stop);
  void DropOld();
  void Maintain(std::stop_token stop);
  HeadStats Stats() const;
  void UpdateGauges();

  FileSystem& fs_;
  const std::string folder_;
  Clock& clock_;
  const Logger& log_;
  const HeadOptions options_;
  HeadMetrics metrics_;
  ReplayReport replay_;

  mutable RwLock lock_;
  SeriesStore store_;                           // under lock_
  std::vector<std::uint32_t> unlogged_series_;  // under lock_; no series record was written yet
  mutable LabelOrder order_;
  std::atomic<std::uint64_t> removals_ = 0;

  mutable Mutex metadata_mutex_;
  std::map<std::string, MetricMetadata, std::less<>> metadata_ GUARDED_BY(metadata_mutex_);

 private:
  void Lead();
  void Unlead();
  void CommitGroup(const std::vector<CommitBatch*>& group);
  Status LogGroup(const std::vector<CommitBatch*>& group);
  void ApplyGroup(const std::vector<CommitBatch*>& group);
  bool SeriesGone(const CommitBatch& batch) const;

  std::optional<std::uint64_t> NewestCheckpoint() const;
  Status ReadCheckpoint(std::uint64_t number, ReplayProgress& progress, const OnProgress& tell);
  Status ReadLog(std::uint64_t from, ReplayProgress& progress, const OnProgress& tell);
  void ReplayRecord(std::string_view record);
  Status WriteCheckpoint(const std::string& folder, const std::stop_token& stop);
  Status MoveAside(const std::string& name);  // to damaged/
  Status RemoveLogBefore(std::uint64_t segment);

  std::unique_ptr<record_log::Writer> writer_;  // the leader's; Sync by anyone
  std::atomic<std::uint64_t> log_bytes_ = 0;
  std::atomic<std::uint64_t> synced_bytes_ = 0;
  std::uint64_t checkpoint_at_bytes_ = 0;  // of log_bytes_
  // After a failed fsync what it covered may be lost in a power cut though later ones succeed. A
  // checkpoint mends that: it writes everything anew.
  std::atomic<std::uint64_t> failed_syncs_ = 0;
  std::atomic<std::uint64_t> mended_syncs_ = 0;
  bool durable() const { return failed_syncs_.load() == mended_syncs_.load(); }
  std::uint64_t replayed_log_bytes_ = 0;
  bool keep_damaged_ = false;
  bool log_failed_ = false;  // the leader's: so that a full disk is said once
  SampleRecordDecoder decoder_;
  std::vector<LoggedSample> replayed_;
  std::string series_records_;

  Mutex commit_mutex_;
  CondVar commit_done_;
  std::vector<CommitBatch*> waiting_ GUARDED_BY(commit_mutex_);
  bool leading_ GUARDED_BY(commit_mutex_) = false;

  Mutex batches_mutex_;
  std::vector<std::unique_ptr<CommitBatch>> batches_ GUARDED_BY(batches_mutex_);

  Mutex checkpoint_mutex_;
  std::jthread thread_;  // last
};

}  // namespace drover::storage
