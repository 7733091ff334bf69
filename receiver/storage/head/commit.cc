// Group commit: the first of the waiting appenders leads; it writes what all wait with, in one
// write and at most one fsync, and applies it to memory under one lock.
#include <mutex>
#include <shared_mutex>

#include "receiver/storage/head/head_impl.h"

namespace drover::storage {

std::unique_ptr<CommitBatch> Head::Impl::TakeBatch() {
  const Lock lock(batches_mutex_);
  if (batches_.empty()) return std::make_unique<CommitBatch>();
  auto batch = std::move(batches_.back());
  batches_.pop_back();
  return batch;
}

void Head::Impl::GiveBack(std::unique_ptr<CommitBatch> batch) {
  constexpr std::size_t kKept = 8;
  constexpr std::size_t kKeptSamples = 20'000;
  batch->Clear();
  if (batch->samples.capacity() > kKeptSamples) return;
  const Lock lock(batches_mutex_);
  if (batches_.size() < kKept) batches_.push_back(std::move(batch));
}

Result<Head::Impl::Found> Head::Impl::FindOrCreate(const Labels& labels) {
  const auto found = [this](std::uint32_t id) { return Found{id, store_.Get(id)->generation}; };
  {
    const std::shared_lock held(lock_);
    if (const auto id = store_.Find(labels)) return found(*id);
  }
  const std::unique_lock held(lock_);
  if (const auto id = store_.Find(labels)) return found(*id);
  if (store_.stats().series >= options_.max_series) {
    return Fail(ErrorCode::kExhausted, "limit of series reached");
  }
  const std::uint32_t id = store_.Create(labels);
  unlogged_series_.push_back(id);
  metrics_.series_created.Add();
  return found(id);
}

Result<bool> Head::Impl::CheckSample(Series& series, std::int64_t now_ms, std::int64_t t_ms,
                                     double value) {
  if (t_ms > now_ms + options_.future_limit.count()) {
    metrics_.out_of_bounds.Add();
    return Fail(ErrorCode::kInvalid, "out of bounds: timestamp is too far in the future");
  }
  if (t_ms > std::atomic_ref(series.last_t).load(std::memory_order_relaxed)) [[likely]] {
    if (t_ms >= now_ms - options_.retention.count()) return true;
    metrics_.too_old.Add();
    return Fail(ErrorCode::kInvalid, "too old sample");
  }
  const std::shared_lock held(lock_);
  switch (store_.CheckOld(series, t_ms, value)) {
    case Applied::kStored:
    case Applied::kRepeated:
      return false;
    case Applied::kOutOfOrder:
      break;
    case Applied::kDifferentValue:
      metrics_.duplicate.Add();
      return Fail(ErrorCode::kInvalid, "duplicate sample for timestamp");
  }
  metrics_.out_of_order.Add();
  return Fail(ErrorCode::kInvalid, "out of order sample");
}

void Head::Impl::Lead() {
  const Lock lock(commit_mutex_);
  commit_done_.Wait(commit_mutex_, [this]() NO_THREAD_SAFETY_ANALYSIS { return !leading_; });
  leading_ = true;
}

void Head::Impl::Unlead() {
  {
    const Lock lock(commit_mutex_);
    leading_ = false;
  }
  commit_done_.NotifyAll();
}

Status Head::Impl::Commit(CommitBatch& batch) {
  if (!batch.metadata.empty()) {
    const Lock lock(metadata_mutex_);
    for (MetricMetadata& metadata : batch.metadata) {
      const bool known = metadata_.contains(metadata.family);
      if (known || metadata_.size() < options_.max_metadata)
        metadata_.insert_or_assign(metadata.family, std::move(metadata));
    }
  }
  if (batch.samples.empty()) return {};
  batch.record = batch.encoder.Encode(batch.samples);
  std::vector<CommitBatch*> group;
  {
    const Lock lock(commit_mutex_);
    waiting_.push_back(&batch);
    commit_done_.Wait(commit_mutex_,
                      [&]() NO_THREAD_SAFETY_ANALYSIS { return batch.done || !leading_; });
    if (batch.done) return std::move(batch.result);
    leading_ = true;
    group.swap(waiting_);
  }
  CommitGroup(group);
  {
    const Lock lock(commit_mutex_);
    for (CommitBatch* member : group) member->done = true;
    leading_ = false;
  }
  commit_done_.NotifyAll();
  return std::move(batch.result);
}

bool Head::Impl::SeriesGone(const CommitBatch& batch) const {
  if (batch.epoch == removals_.load(std::memory_order_acquire)) return false;
  for (std::size_t i = 0; i < batch.samples.size(); ++i) {
    if (store_.Get(batch.samples[i].id)->generation != batch.generations[i]) return true;
  }
  return false;
}

void Head::Impl::CommitGroup(const std::vector<CommitBatch*>& group) {
  std::vector<CommitBatch*> good;
  for (CommitBatch* batch : group) {
    if (SeriesGone(*batch)) {
      batch->result = Fail(ErrorCode::kUnavailable, "a series was dropped meanwhile");
    } else {
      good.push_back(batch);
    }
  }
  if (Status logged = LogGroup(good); !logged) {
    metrics_.log_failures.Add();
    if (!log_failed_) log_.Error("cannot write the head log", {{"err", logged.error().message()}});
    log_failed_ = true;
    for (CommitBatch* batch : good) batch->result = logged;
    return;
  }
  if (log_failed_) log_.Info("the head log can be written again");
  log_failed_ = false;
  const Status durable = options_.fsync == FsyncPolicy::kAlways ? Sync() : Status();
  // Also what is not durable: it is in the log, and memory must not differ from what a replay
  // gives.
  ApplyGroup(good);
  if (!durable) {
    for (CommitBatch* batch : good) batch->result = durable;
  }
}

Status Head::Impl::LogGroup(const std::vector<CommitBatch*>& group) {
  constexpr std::size_t kSeriesPerRecord = 1000;
  constexpr std::size_t kRecordBytes = 4 << 20;  // and no more of labels, but for one series
  std::vector<std::uint32_t> fresh;
  std::vector<std::size_t> ends;
  series_records_.clear();
  {
    std::shared_lock held(lock_);
    if (!unlogged_series_.empty()) {
      held.unlock();
      const std::unique_lock alone(lock_);
      fresh.swap(unlogged_series_);
    }
  }
  if (!fresh.empty()) {
    const std::shared_lock held(lock_);
    for (std::size_t at = 0; at < fresh.size();) {
      std::size_t count = 0;
      std::size_t bytes = 0;
      while (count < kSeriesPerRecord && at + count < fresh.size() && bytes < kRecordBytes)
        bytes += store_.LabelsOf(*store_.Get(fresh[at + count++])).bytes().size();
      EncodeSeriesRecord(store_, fresh.data() + at, count, series_records_);
      ends.push_back(series_records_.size());
      at += count;
    }
  }
  std::vector<std::string_view> records;
  std::size_t start = 0;
  for (const std::size_t end : ends) {
    records.push_back(std::string_view(series_records_).substr(start, end - start));
    start = end;
  }
  for (const CommitBatch* batch : group) records.push_back(batch->record);
  if (Status written = writer_->Append(records); !written) {
    const std::unique_lock held(lock_);
    unlogged_series_.insert(unlogged_series_.end(), fresh.begin(), fresh.end());
    return written;
  }
  log_bytes_.store(writer_->appended_bytes());
  return {};
}

void Head::Impl::ApplyGroup(const std::vector<CommitBatch*>& group) {
  std::uint64_t counts[4] = {};
  {
    const std::unique_lock held(lock_);
    for (const CommitBatch* batch : group) {
      const std::vector<LoggedSample>& samples = batch->samples;
      for (std::size_t i = 0; i < samples.size(); ++i) {
        // A sample touches its series and the end of its chunk: both are cold.
        if (i + 12 < samples.size()) {
          const char* next = reinterpret_cast<const char*>(store_.Get(samples[i + 12].id));
          __builtin_prefetch(next, 1);
          __builtin_prefetch(next + 64, 1);
        }
        if (i + 5 < samples.size()) {
          const Series* next = store_.Get(samples[i + 5].id);
          __builtin_prefetch(next->open_bytes.get(), 1);
          __builtin_prefetch(next->open_bytes.get() + (next->open.bits >> 3), 1);
        }
        Series& series = *store_.Get(samples[i].id);
        ++counts[static_cast<int>(store_.Apply(series, samples[i].t_ms, samples[i].value))];
      }
    }
  }
  metrics_.appended.Add(static_cast<double>(counts[static_cast<int>(Applied::kStored)]));
  // Those were in order when they were appended: another commit came between.
  metrics_.out_of_order.Add(static_cast<double>(counts[static_cast<int>(Applied::kOutOfOrder)]));
  metrics_.duplicate.Add(static_cast<double>(counts[static_cast<int>(Applied::kDifferentValue)]));
}

}  // namespace drover::storage
