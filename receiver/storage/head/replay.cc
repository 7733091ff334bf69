// Start: the newest checkpoint, then the log behind it.
#include <charconv>

#include "core/record_log/reader.h"
#include "receiver/storage/head/head_impl.h"

namespace drover::storage {
namespace {

constexpr std::string_view kCheckpointPrefix = "checkpoint.";
constexpr std::uint32_t kMaxId = 1 << 26;

std::uint64_t FolderBytes(const FileSystem& fs, const std::string& folder, std::uint64_t from) {
  std::uint64_t bytes = 0;
  const auto segments = record_log::ListSegments(fs, folder);
  if (!segments) return 0;
  for (const std::uint64_t segment : *segments) {
    if (segment < from) continue;
    const auto info = fs.Stat(folder + "/" + record_log::SegmentName(segment));
    if (info) bytes += info->size_bytes;
  }
  return bytes;
}

}  // namespace

std::optional<std::uint64_t> Head::Impl::NewestCheckpoint() const {
  std::optional<std::uint64_t> newest;
  const auto names = fs_.List(folder_);
  if (!names) return newest;
  for (const std::string& name : *names) {
    if (!name.starts_with(kCheckpointPrefix)) continue;
    std::uint64_t number = 0;
    const char* end = name.data() + name.size();
    const auto [at, error] = std::from_chars(name.data() + kCheckpointPrefix.size(), end, number);
    if (error == std::errc() && at == end) newest = std::max(newest.value_or(0), number);
  }
  return newest;
}

Status Head::Impl::Replay(const OnProgress& tell) {
  const MonoTime start = clock_.Mono();
  DROVER_CHECK(fs_.MakeDirs(folder_));
  DROVER_CHECK(fs_.RemoveAll(folder_ + "/checkpoint.tmp"));
  const auto checkpoint = NewestCheckpoint();
  ReplayProgress progress;
  progress.bytes_total = FolderBytes(fs_, folder_, checkpoint.value_or(0));
  if (checkpoint) {
    progress.bytes_total +=
        FolderBytes(fs_, folder_ + "/checkpoint." + record_log::SegmentName(*checkpoint), 0);
    DROVER_CHECK(ReadCheckpoint(*checkpoint, progress, tell));
  }
  // What a broken checkpoint lost may still be in older segments.
  const bool whole = checkpoint && !replay_.incomplete_checkpoint;
  DROVER_CHECK(ReadLog(whole ? *checkpoint : 0, progress, tell));
  DropOld();
  replay_.series = store_.stats().series;

  record_log::WriterOptions options;
  options.segment_bytes = options_.segment_bytes;
  options.first_segment = checkpoint.value_or(1);
  DROVER_TRY(writer_, record_log::Writer::Open(fs_, folder_, options));
  // The log that is there already counts.
  checkpoint_at_bytes_ =
      options_.checkpoint_log_bytes - std::min(options_.checkpoint_log_bytes, replayed_log_bytes_);

  metrics_.replay_seconds.Set(std::chrono::duration<double>(clock_.Mono() - start).count());
  metrics_.log_corruptions.Add(static_cast<double>(replay_.corrupt));
  if (replay_.corrupt > 0 || replay_.incomplete_checkpoint || replay_.unknown_series > 0) {
    keep_damaged_ = true;
    log_.Warn("the head log had broken places; the rest was read, damaged segments are kept aside",
              {{"places", replay_.corrupt},
               {"samples_without_series", replay_.unknown_series},
               {"checkpoint_incomplete", replay_.incomplete_checkpoint}});
  }
  if (replay_.torn_bytes > 0) {
    log_.Info("cut off the unfinished end of the head log", {{"bytes", replay_.torn_bytes}});
  }
  // A good state of its own, so that the next start meets neither the broken places nor all this
  // log again.
  if (keep_damaged_) {
    if (Status written = Checkpoint({}); !written) {
      log_.Warn("no checkpoint after replay", {{"err", written.error().message()}});
    }
  }
  UpdateGauges();
  return {};
}

Status Head::Impl::ReadCheckpoint(std::uint64_t number, ReplayProgress& progress,
                                  const OnProgress& tell) {
  record_log::Reader reader(fs_, folder_ + "/checkpoint." + record_log::SegmentName(number));
  std::uint64_t states = 0;
  bool ended = false;
  for (;;) {
    DROVER_TRY(const bool more, reader.Next());
    if (!more) break;
    Cursor cursor(reader.record());
    const auto type = static_cast<LogRecord>(cursor.Byte());
    if (type == LogRecord::kSeriesState) {
      ++states;
      if (!RestoreSeriesState(cursor, store_)) ++replay_.corrupt;
    } else if (type == LogRecord::kEnd) {
      ended = cursor.Uvarint() == states;
    }
    if (tell && states % 4096 == 0) {
      progress.bytes_done = reader.stats().bytes;
      tell(progress);
    }
  }
  replay_.corrupt += reader.stats().corrupt;
  replay_.incomplete_checkpoint = !ended;
  progress.bytes_done = reader.stats().bytes;
  return {};
}

Status Head::Impl::ReadLog(std::uint64_t from, ReplayProgress& progress, const OnProgress& tell) {
  record_log::Reader reader(fs_, folder_, {from, 0});
  const std::uint64_t before = progress.bytes_done;
  for (;;) {
    DROVER_TRY(const bool more, reader.Next());
    if (!more) break;
    ReplayRecord(reader.record());
    if (tell && reader.stats().records % 1024 == 0) {
      progress.bytes_done = before + reader.stats().bytes;
      progress.samples = replay_.samples;
      tell(progress);
    }
  }
  replay_.corrupt += reader.stats().corrupt;
  replayed_log_bytes_ = reader.stats().bytes;
  if (reader.tail_bytes() > 0) {
    DROVER_TRY(replay_.torn_bytes, record_log::Repair(fs_, folder_));
  }
  if (tell) {
    progress.bytes_done = progress.bytes_total;
    progress.samples = replay_.samples;
    tell(progress);
  }
  return {};
}

void Head::Impl::ReplayRecord(std::string_view record) {
  if (record.empty()) return;
  const auto type = static_cast<LogRecord>(record[0]);
  if (type == LogRecord::kSeries) {
    Cursor cursor(record.substr(1));
    const std::uint64_t n = cursor.Uvarint();
    for (std::uint64_t i = 0; i < n; ++i) {
      const std::uint64_t id = cursor.Uvarint();
      const Labels labels = Labels::FromBytes(std::string(cursor.Bytes()));
      if (!cursor.ok() || id >= kMaxId || labels.empty()) {
        ++replay_.corrupt;
        return;
      }
      store_.CreateAt(static_cast<std::uint32_t>(id), labels);
    }
  } else if (type == LogRecord::kSamples) {
    if (!decoder_.Decode(record.substr(1), replayed_)) {
      ++replay_.corrupt;
      return;
    }
    for (std::size_t i = 0; i < replayed_.size(); ++i) {
      if (i + 8 < replayed_.size() && replayed_[i + 8].id < kMaxId) {
        __builtin_prefetch(store_.Get(replayed_[i + 8].id), 1);
      }
      const LoggedSample& sample = replayed_[i];
      Series* series = sample.id < kMaxId ? store_.Get(sample.id) : nullptr;
      if (series == nullptr || series->generation == 0) {
        ++replay_.unknown_series;
        continue;
      }
      ++replay_.samples;
      // Not newer: the checkpoint has it, or the head refused it then.
      if (sample.t_ms > series->last_t) store_.Apply(*series, sample.t_ms, sample.value);
    }
  } else {
    ++replay_.corrupt;
  }
}

}  // namespace drover::storage
