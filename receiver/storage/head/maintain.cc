// What the head does beside appends: fsync at an interval, checkpoints, retention.
#include <algorithm>
#include <limits>
#include <mutex>
#include <shared_mutex>

#include "receiver/storage/head/head_impl.h"

namespace drover::storage {

HeadMetrics::HeadMetrics(Registry& r)
    : appended(r.AddCounter("prometheus_tsdb_head_samples_appended_total",
                            "Total number of appended samples.", {{"type", "float"}})),
      out_of_order(r.AddCounter("prometheus_tsdb_out_of_order_samples_total",
                                "Total number of out of order samples ingestion failed attempts.",
                                {{"type", "float"}})),
      duplicate(r.AddCounter("drover_head_duplicate_samples_total",
                             "Samples refused because their time has another value already.")),
      out_of_bounds(r.AddCounter("prometheus_tsdb_out_of_bound_samples_total",
                                 "Total number of out of bound samples ingestion failed attempts.",
                                 {{"type", "float"}})),
      too_old(r.AddCounter("prometheus_tsdb_too_old_samples_total",
                           "Total number of samples refused for being before the retention.",
                           {{"type", "float"}})),
      series_created(r.AddCounter("prometheus_tsdb_head_series_created_total",
                                  "Total number of series created in the head.")),
      series_removed(r.AddCounter("prometheus_tsdb_head_series_removed_total",
                                  "Total number of series removed in the head.")),
      log_failures(r.AddCounter("prometheus_tsdb_wal_writes_failed_total",
                                "Total number of write ahead log writes that failed.")),
      log_corruptions(r.AddCounter("prometheus_tsdb_wal_corruptions_total",
                                   "Total number of WAL corruptions.")),
      checkpoints(r.AddCounter("prometheus_tsdb_checkpoint_creations_total",
                               "Total number of checkpoint creations attempted.")),
      checkpoint_failures(r.AddCounter("prometheus_tsdb_checkpoint_creations_failed_total",
                                       "Total number of checkpoint creations that failed.")),
      sync_failures(r.AddCounter("drover_head_log_fsync_failures_total",
                                 "Total number of fsyncs of the head log that failed.")),
      series(r.AddGauge("prometheus_tsdb_head_series", "Total number of series in the head.")),
      chunks(r.AddGauge("prometheus_tsdb_head_chunks", "Total number of chunks in the head.")),
      min_time(
          r.AddGauge("prometheus_tsdb_head_min_time_seconds", "Minimum time bound of the head.")),
      lowest_time(r.AddGauge("prometheus_tsdb_lowest_timestamp_seconds",
                             "Lowest timestamp value stored in the database.")),
      max_time(
          r.AddGauge("prometheus_tsdb_head_max_time_seconds", "Maximum timestamp of the head.")),
      log_bytes(r.AddGauge("drover_head_log_written_bytes",
                           "Bytes written to the head log since the start.")),
      replay_seconds(r.AddGauge("prometheus_tsdb_data_replay_duration_seconds",
                                "Time taken to replay the data on disk.")) {}

Head::Impl::Impl(FileSystem& fs, std::string folder, Clock& clock, const Logger& log,
                 Registry& registry, HeadOptions options)
    : fs_(fs),
      folder_(std::move(folder)),
      clock_(clock),
      log_(log),
      options_(options),
      metrics_(registry) {}

Head::Impl::~Impl() { (void)Close(); }

Status Head::Impl::Close() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  if (writer_ == nullptr || options_.fsync == FsyncPolicy::kNever) return {};
  return Sync();
}

void Head::Impl::StartThread() {
  if (options_.maintenance_interval.count() == 0) return;
  thread_ = std::jthread([this](std::stop_token stop) { Maintain(stop); });
}

void Head::Impl::Maintain(std::stop_token stop) {
  MonoTime retention_at = clock_.Mono() + options_.maintenance_interval;
  bool checkpoint_failed = false;  // said already
  while (clock_.SleepFor(options_.sync_interval, stop)) {
    if (options_.fsync == FsyncPolicy::kInterval && synced_bytes_.load() != log_bytes_.load())
      (void)Sync();
    if (!durable() || log_bytes_.load() >= checkpoint_at_bytes_) {
      if (Status written = Checkpoint(stop); !written) {
        if (written.error().code() == ErrorCode::kCancelled) return;
        if (!checkpoint_failed)
          log_.Warn("checkpoint failed", {{"err", written.error().message()}});
        checkpoint_failed = true;
        checkpoint_at_bytes_ = log_bytes_.load() + options_.checkpoint_log_bytes / 4;
      } else {
        checkpoint_failed = false;
      }
    }
    if (clock_.Mono() >= retention_at) {
      DropOld();
      retention_at = clock_.Mono() + options_.maintenance_interval;
    }
    UpdateGauges();
  }
}

Status Head::Impl::Sync() {
  const std::uint64_t bytes = log_bytes_.load();
  if (Status synced = writer_->Sync(); !synced) {
    metrics_.sync_failures.Add();
    if (failed_syncs_.fetch_add(1) == mended_syncs_.load()) {
      log_.Error("fsync of the head log failed: a checkpoint is written as soon as it can be",
                 {{"err", synced.error().message()}});
    }
    return Fail(ErrorCode::kUnavailable, synced.error().message());
  }
  if (!durable()) {
    return Fail(ErrorCode::kUnavailable,
                "an fsync of the head log failed and no checkpoint could be written since");
  }
  synced_bytes_.store(bytes);
  return {};
}

HeadStats Head::Impl::Stats() const {
  HeadStats out;
  const std::shared_lock held(lock_);
  const StoreStats& in = store_.stats();
  out.series = in.series;
  out.chunks = in.chunks;
  out.samples = in.samples;
  out.min_t = in.min_t == kNoTime ? 0 : in.min_t;
  out.max_t = in.max_t == kNoTime ? 0 : in.max_t;
  out.chunk_bytes = in.chunk_bytes;
  out.symbols = store_.symbols().size();
  out.log_bytes = log_bytes_.load();
  return out;
}

void Head::Impl::UpdateGauges() {
  const HeadStats stats = Stats();
  metrics_.series.Set(static_cast<double>(stats.series));
  metrics_.chunks.Set(static_cast<double>(stats.chunks));
  metrics_.min_time.Set(static_cast<double>(stats.min_t) / 1e3);
  metrics_.lowest_time.Set(static_cast<double>(stats.min_t) / 1e3);
  metrics_.max_time.Set(static_cast<double>(stats.max_t) / 1e3);
  metrics_.log_bytes.Set(static_cast<double>(stats.log_bytes));
}

std::vector<std::uint32_t> Head::Impl::Matching(const std::vector<Matcher>& matchers,
                                                std::int64_t min_t, std::int64_t max_t) const {
  std::vector<std::uint32_t> ids = MatchingSeries(store_, matchers).ToVector();
  std::erase_if(ids, [&](std::uint32_t id) {
    const Series& series = *store_.Get(id);
    const std::int64_t first = series.MinTime();
    return first == kNoTime || first > max_t || series.last_t < min_t;
  });
  return ids;
}

void Head::Impl::DropOld() {
  constexpr std::uint32_t kSlice = 4096;  // series per lock
  const std::int64_t cutoff = ToMs(clock_.Now()) - options_.retention.count();
  std::int64_t min_t = std::numeric_limits<std::int64_t>::max();
  Lead();  // nothing is between its check and its log meanwhile
  std::uint64_t removed = 0;
  for (std::uint32_t id = 0;;) {
    const std::unique_lock held(lock_);
    const std::uint32_t end = std::min(id + kSlice, store_.slots());
    for (; id < end; ++id) {
      Series& series = *store_.Get(id);
      if (series.generation == 0) continue;
      if (!store_.DropBefore(series, cutoff)) {
        min_t = std::min(min_t, series.MinTime());
        continue;
      }
      // A series without samples may belong to an appender that has not committed yet.
      const bool fresh = series.last_t == kNoTime && !series.was_empty;
      series.was_empty = true;
      if (fresh) continue;
      std::erase(unlogged_series_, id);
      store_.Remove(id);
      removals_.fetch_add(1, std::memory_order_release);
      ++removed;
    }
    if (id >= store_.slots()) {
      store_.SetMinTime(min_t == std::numeric_limits<std::int64_t>::max() ? kNoTime : min_t);
      break;
    }
  }
  Unlead();
  metrics_.series_removed.Add(static_cast<double>(removed));
}

Status Head::Impl::WriteCheckpoint(const std::string& folder, const std::stop_token& stop) {
  constexpr std::uint32_t kSlice = 64;              // series per lock and write
  constexpr std::uint64_t kSyncEach = 16ULL << 20;  // bytes: whoever stops waits for one at most
  DROVER_CHECK(fs_.RemoveAll(folder));
  DROVER_TRY(const auto writer, record_log::Writer::Open(fs_, folder, {}));
  std::string bytes;
  std::vector<std::size_t> ends;
  std::uint64_t states = 0;
  std::uint64_t synced = 0;
  for (std::uint32_t id = 0;;) {
    if (stop.stop_requested()) return Fail(ErrorCode::kCancelled, "checkpoint given up");
    if (writer->appended_bytes() - synced >= kSyncEach) {
      DROVER_CHECK(writer->Sync());
      synced = writer->appended_bytes();
    }
    bytes.clear();
    ends.clear();
    {
      const std::shared_lock held(lock_);
      if (id >= store_.slots()) break;
      const std::uint32_t end = std::min(id + kSlice, store_.slots());
      for (; id < end; ++id) {
        if (store_.Get(id)->generation == 0) continue;
        EncodeSeriesState(store_, id, bytes);
        ends.push_back(bytes.size());
      }
    }
    std::vector<std::string_view> records;
    std::size_t start = 0;
    for (const std::size_t end : ends) {
      records.push_back(std::string_view(bytes).substr(start, end - start));
      start = end;
    }
    states += records.size();
    DROVER_CHECK(writer->Append(records));
  }
  bytes.assign(1, static_cast<char>(LogRecord::kEnd));
  AppendUvarint(bytes, states);
  DROVER_CHECK(writer->Append(bytes));
  checkpoint_at_bytes_ =
      log_bytes_.load() + std::max(options_.checkpoint_log_bytes, writer->appended_bytes());
  return writer->Sync();
}

Status Head::Impl::MoveAside(const std::string& name) {
  const std::string aside = folder_ + "/damaged";
  DROVER_CHECK(fs_.MakeDirs(aside));
  DROVER_CHECK(fs_.RemoveAll(aside + "/" + name));  // of an earlier damage
  return fs_.Rename(folder_ + "/" + name, aside + "/" + name);
}

Status Head::Impl::RemoveLogBefore(std::uint64_t segment) {
  if (keep_damaged_) {
    DROVER_TRY(const auto segments, record_log::ListSegments(fs_, folder_));
    for (const std::uint64_t old : segments) {
      if (old >= segment) break;
      DROVER_CHECK(MoveAside(record_log::SegmentName(old)));
    }
    keep_damaged_ = false;
  }
  return writer_->RemoveBefore(segment);
}

Status Head::Impl::Checkpoint(const std::stop_token& stop) {
  const Lock one_at_a_time(checkpoint_mutex_);
  metrics_.checkpoints.Add();
  const auto count_failure = [this](Status status) {
    if (!status && status.error().code() != ErrorCode::kCancelled)
      metrics_.checkpoint_failures.Add();
    return status;
  };
  const std::string temporary = folder_ + "/checkpoint.tmp";
  // What is in the log before the cut is in memory; what comes behind it is replayed.
  Lead();
  const auto segment = writer_->Cut();
  Unlead();
  if (!segment) return count_failure(Fail(segment.error()));
  const std::uint64_t mends = failed_syncs_.load();
  if (Status written = WriteCheckpoint(temporary, stop); !written) {
    (void)fs_.RemoveAll(temporary);
    return count_failure(std::move(written));
  }
  const std::string name = "checkpoint." + record_log::SegmentName(*segment);
  DROVER_CHECK(count_failure(fs_.SyncDir(temporary)));
  DROVER_CHECK(count_failure(fs_.Rename(temporary, folder_ + "/" + name)));
  DROVER_CHECK(count_failure(fs_.SyncDir(folder_)));
  DROVER_TRY(const auto names, fs_.List(folder_));
  for (const std::string& old : names) {
    if (!old.starts_with("checkpoint.") || old == name) continue;
    if (replay_.incomplete_checkpoint && keep_damaged_) {
      DROVER_CHECK(count_failure(MoveAside(old)));
    } else {
      DROVER_CHECK(count_failure(fs_.RemoveAll(folder_ + "/" + old)));
    }
  }
  if (mended_syncs_.exchange(mends) != mends) {
    log_.Info("the head log is durable again");
  }
  return count_failure(RemoveLogBefore(*segment));
}

}  // namespace drover::storage
