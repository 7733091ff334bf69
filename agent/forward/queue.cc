#include "agent/forward/queue.h"

#include <algorithm>
#include <array>

#include "core/base/bytes.h"
#include "core/base/crc32c.h"
#include "core/os/durable_file.h"

namespace drover::agent::forward {
namespace {

constexpr std::size_t kCursorEntryBytes = 20;
constexpr std::uint64_t kCursorFileBytes = 64 << 10;
constexpr std::uint64_t kLargestSegment = 16 << 20;
constexpr std::uint64_t kSmallestSegment = 256 << 10;

std::string EncodeCursor(record_log::Position position) {
  std::string entry;
  AppendBigEndian(entry, position.segment);
  AppendBigEndian(entry, position.offset);
  AppendBigEndian(entry, Crc32c(entry));
  return entry;
}

// The last good entry; `good` is where it ends.
std::optional<record_log::Position> DecodeCursor(std::string_view file, std::size_t& good) {
  for (std::size_t n = file.size() / kCursorEntryBytes; n > 0; --n) {
    const std::string_view entry = file.substr((n - 1) * kCursorEntryBytes, kCursorEntryBytes);
    Cursor cursor(entry);
    record_log::Position position;
    position.segment = cursor.BigEndian<std::uint64_t>();
    position.offset = cursor.BigEndian<std::uint64_t>();
    if (cursor.BigEndian<std::uint32_t>() == Crc32c(entry.substr(0, 16))) {
      good = n * kCursorEntryBytes;
      return position;
    }
  }
  good = 0;
  return std::nullopt;
}

std::string EncodeHeader(const Block& block) {
  std::string header;
  header += static_cast<char>(block.kind);
  AppendBigEndian(header, static_cast<std::uint64_t>(ToMs(block.created)));
  AppendUvarint(header, block.samples);
  return header;
}

// kInvalid for a record that is no block this program knows.
Result<Block> DecodeBlock(std::string_view record, bool with_body) {
  Cursor cursor(record);
  Block block;
  const std::uint8_t kind = cursor.Byte();
  block.created = FromMs(cursor.BigEndian<std::int64_t>());
  block.samples = cursor.Uvarint();
  if (!cursor.ok() || (kind != 1 && kind != 2))
    return Fail(ErrorCode::kInvalid, "unknown block in the queue");
  block.kind = static_cast<BlockKind>(kind);
  if (with_body) block.body = cursor.rest();
  return block;
}

std::uint64_t SegmentBytes(std::uint64_t max_bytes) {
  if (max_bytes == 0) return kLargestSegment;
  return std::clamp(max_bytes / 16, kSmallestSegment, kLargestSegment);
}

}  // namespace

Queue::Queue(FileSystem& fs, std::string folder, QueueOptions options, const Clock& clock,
             const Logger& log)
    : fs_(fs), folder_(std::move(folder)), options_(options), clock_(clock), log_(log) {}

Result<std::unique_ptr<Queue>> Queue::Open(FileSystem& fs, std::string folder, QueueOptions options,
                                           const Clock& clock, const Logger& log) {
  std::unique_ptr<Queue> queue(new Queue(fs, std::move(folder), options, clock, log));
  Lock lock(queue->mutex_);
  DROVER_CHECK(fs.MakeDirs(queue->folder_));
  DROVER_TRY(const std::uint64_t torn, record_log::Repair(fs, queue->folder_));
  if (torn > 0)
    log.Warn("cut a torn tail off the queue", {{"queue", queue->folder_}, {"bytes", torn}});
  DROVER_CHECK(queue->OpenCursor());
  DROVER_CHECK(queue->CountPending());
  record_log::WriterOptions writer;
  writer.segment_bytes = SegmentBytes(options.max_bytes);
  // A power cut may have taken segments that the cursor has seen: a number behind it is not reused.
  writer.first_segment = queue->cursor_.segment + 1;
  DROVER_TRY(queue->writer_, record_log::Writer::Open(fs, queue->folder_, writer));
  queue->first_segment_ = queue->segment_bytes_.empty() ? queue->writer_->position().segment
                                                        : queue->segment_bytes_.begin()->first;
  queue->reader_ = std::make_unique<record_log::Reader>(fs, queue->folder_, queue->cursor_);
  queue->reader_->SetEnd(queue->writer_->position());
  return queue;
}

Status Queue::OpenCursor() {
  const std::string path = folder_ + "/cursor";
  std::string text;
  if (const Status read = fs_.ReadFile(path, text);
      !read && read.error().code() != ErrorCode::kNotFound)
    return read;
  std::size_t good = 0;
  const auto position = DecodeCursor(text, good);
  if (!text.empty() && !position)
    log_.Warn("the queue's cursor is broken: everything in the queue is sent again",
              {{"queue", folder_}});
  cursor_ = position.value_or(record_log::Position{});
  DROVER_TRY(cursor_file_, fs_.Open(path, OpenMode::kAppend));
  // Cutting, unlike writing, also works on a full disk.
  if (good < text.size()) DROVER_CHECK(cursor_file_->Truncate(good));
  cursor_bytes_ = good;
  return {};
}

Status Queue::CountPending() {
  DROVER_TRY(const auto segments, record_log::ListSegments(fs_, folder_));
  for (const std::uint64_t segment : segments) {
    DROVER_TRY(const FileInfo info, fs_.Stat(folder_ + "/" + record_log::SegmentName(segment)));
    segment_bytes_[segment] = info.size_bytes;
  }
  record_log::Reader reader(fs_, folder_, cursor_);
  for (;;) {
    DROVER_TRY(const bool more, reader.Next());
    if (!more) break;
    const auto block = DecodeBlock(reader.record(), false);
    if (!block) continue;
    ++stats_.blocks;
    stats_.bytes += reader.record().size();
    if (block->kind == BlockKind::kSamples) stats_.samples += block->samples;
    if (!stats_.oldest) stats_.oldest = block->created;
  }
  if (stats_.blocks > 0) {
    log_.Info("found unsent blocks", {{"queue", folder_},
                                      {"blocks", stats_.blocks},
                                      {"samples", stats_.samples},
                                      {"bytes", stats_.bytes}});
  }
  return {};
}

Status Queue::Append(const Block& block) {
  std::string record = EncodeHeader(block);
  record += block.body;
  Lock lock(mutex_);
  if (const Status written = writer_->Append(record); !written) {
    if (block.kind == BlockKind::kSamples) Drop("disk_full", block.samples);
    if (!disk_full_)
      log_.Error("the queue cannot be written: new samples are lost until it can",
                 {{"queue", folder_}, {"err", written.error().message()}});
    disk_full_ = true;
    // The blocks before wait in segments that can be deleted once they are sent.
    if (writer_->position().offset > 0) (void)writer_->Cut();  // else tried again by the next block
    reader_->SetEnd(writer_->position());
    arrived_.NotifyAll();
    return written;
  }
  if (disk_full_) log_.Info("the queue can be written again", {{"queue", folder_}});
  disk_full_ = false;
  segment_bytes_[writer_->position().segment] = writer_->position().offset;
  reader_->SetEnd(writer_->position());
  ++stats_.blocks;
  stats_.bytes += record.size();
  if (block.kind == BlockKind::kSamples) stats_.samples += block.samples;
  if (!stats_.oldest) stats_.oldest = block.created;
  arrived_.NotifyAll();
  if (options_.sync_always) NoteSync(writer_->Sync());
  EnforceBytes();
  return {};
}

// Passes over what is too old, broken or unknown.
bool Queue::ReadNext() {
  for (;;) {
    const auto more = reader_->Next();
    if (!more) {
      log_.Error("the queue cannot be read", {{"queue", folder_}, {"err", more.error().message()}});
      return false;
    }
    if (reader_->stats().corrupt > corrupt_seen_) {
      stats_.dropped_blocks += reader_->stats().corrupt - corrupt_seen_;
      log_.Error("broken bytes in the queue were passed over",
                 {{"queue", folder_}, {"places", reader_->stats().corrupt - corrupt_seen_}});
      corrupt_seen_ = reader_->stats().corrupt;
    }
    if (!*more) {
      // What was counted as waiting and never came was hidden by broken bytes.
      if (stats_.samples > 0) stats_.dropped_samples["corrupt"] += stats_.samples;
      stats_.blocks = stats_.samples = stats_.bytes = 0;
      stats_.oldest.reset();
      return false;
    }
    auto block = DecodeBlock(reader_->record(), true);
    if (!block) {
      ++stats_.dropped_blocks;
      stats_.dropped_samples["unknown"] += 0;
      continue;
    }
    current_ = std::move(*block);
    stats_.oldest = current_->created;
    if (TooOld()) {
      if (current_->kind == BlockKind::kSamples) Drop("age", current_->samples);
      Settle();
      continue;
    }
    return true;
  }
}

bool Queue::TooOld() const {
  return options_.max_age.count() > 0 && current_->created < clock_.Now() - options_.max_age;
}

void Queue::Settle() {
  const std::uint64_t size = EncodeHeader(*current_).size() + current_->body.size();
  stats_.blocks -= std::min<std::uint64_t>(stats_.blocks, 1);
  stats_.bytes -= std::min(stats_.bytes, size);
  if (current_->kind == BlockKind::kSamples)
    stats_.samples -= std::min(stats_.samples, current_->samples);
  if (stats_.blocks == 0) stats_.oldest.reset();
  current_.reset();
  cursor_ = reader_->position();
}

std::optional<Block> Queue::Next(std::stop_token stop) {
  Lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (current_ || ReadNext()) {
      handed_out_ = true;
      overtaken_ = false;
      return current_;
    }
    SettleSegments();
    const record_log::Position end = writer_->position();
    arrived_.Wait(mutex_, stop,
                  [&]() NO_THREAD_SAFETY_ANALYSIS { return writer_->position() != end; });
  }
  return std::nullopt;
}

Status Queue::Done() {
  Lock lock(mutex_);
  handed_out_ = false;
  if (!overtaken_ && current_) Settle();
  return SaveCursor();
}

// Deletes before it writes: what frees the disk must not wait for room on it. A cursor that points
// into a deleted segment is read as the begin of the next one.
Status Queue::SaveCursor() {
  RemoveSettled();
  Status written = WriteCursor();
  Note(cursor_fails_, written,
       "the queue's cursor cannot be written: after a restart blocks are sent twice");
  return written;
}

Status Queue::WriteCursor() {
  if (cursor_bytes_ >= kCursorFileBytes) {
    cursor_file_.reset();
    DROVER_CHECK(WriteFileDurably(fs_, folder_ + "/cursor", EncodeCursor(cursor_)));
    cursor_bytes_ = kCursorEntryBytes;
    DROVER_TRY(cursor_file_, fs_.Open(folder_ + "/cursor", OpenMode::kAppend));
    return {};
  }
  if (!cursor_file_) {
    DROVER_TRY(cursor_file_, fs_.Open(folder_ + "/cursor", OpenMode::kAppend));
  }
  if (const Status written = cursor_file_->Append(EncodeCursor(cursor_)); !written) {
    // A part of an entry would shift the ones behind it.
    if (const Status cut = cursor_file_->Truncate(cursor_bytes_); !cut)
      cursor_bytes_ = kCursorFileBytes;
    return written;
  }
  cursor_bytes_ += kCursorEntryBytes;
  return {};
}

void Queue::RemoveSettled() {
  if (cursor_.segment <= first_segment_) return;
  const Status removed = writer_->RemoveBefore(cursor_.segment);
  Note(remove_fails_, removed, "sent segments of the queue cannot be deleted");
  if (!removed) return;
  segment_bytes_.erase(segment_bytes_.begin(), segment_bytes_.lower_bound(cursor_.segment));
  first_segment_ = cursor_.segment;
}

void Queue::SettleSegments() {
  if (current_ || reader_->position().segment <= cursor_.segment) return;
  cursor_ = reader_->position();
  (void)SaveCursor();  // it said so
}

void Queue::Note(bool& failing, const Status& status, std::string_view trouble) {
  if (failing == !status.has_value()) return;
  failing = !status.has_value();
  if (failing) {
    log_.Error(trouble, {{"queue", folder_}, {"err", status.error().message()}});
  } else {
    log_.Info("over: " + std::string(trouble), {{"queue", folder_}});
  }
}

void Queue::NoteSync(const Status& synced) {
  if (!synced) ++stats_.failed_syncs;
  Note(sync_fails_, synced, "the queue cannot be synced: a power cut may lose what is new in it");
}

void Queue::EnforceBytes() {
  if (options_.max_bytes == 0) return;
  std::uint64_t total = 0;
  for (const auto& [segment, bytes] : segment_bytes_) total += bytes;
  if (total <= options_.max_bytes) return;
  const std::uint64_t before = stats_.samples;
  while (total > options_.max_bytes &&
         segment_bytes_.begin()->first < writer_->position().segment) {
    const std::uint64_t oldest = segment_bytes_.begin()->first;
    // Everything in it that was not sent is counted, the block under way included: its answer may
    // never come.
    while (!current_ ? ReadNext() : true) {
      if (reader_->position().segment > oldest)
        break;  // current_ is the first of the next segment: stays
      if (current_->kind == BlockKind::kSamples) Drop("bytes", current_->samples);
      overtaken_ = overtaken_ || handed_out_;
      Settle();
    }
    total -= segment_bytes_.begin()->second;
    segment_bytes_.erase(segment_bytes_.begin());
    if (cursor_.segment <= oldest) cursor_ = {oldest + 1, 0};
  }
  log_.Warn("the queue reached max_bytes: its oldest blocks were dropped",
            {{"queue", folder_}, {"samples", before - stats_.samples}});
  (void)SaveCursor();  // it said so
}

Status Queue::EnforceAge() {
  if (options_.max_age.count() == 0) return {};
  const record_log::Position before = cursor_;
  while ((current_ || ReadNext()) && TooOld()) {
    if (current_->kind == BlockKind::kSamples) Drop("age", current_->samples);
    overtaken_ = overtaken_ || handed_out_;
    Settle();
  }
  return cursor_ == before ? Status() : SaveCursor();
}

void Queue::Drop(const std::string& reason, std::uint64_t samples) {
  stats_.dropped_samples[reason] += samples;
  ++stats_.dropped_blocks;
}

bool Queue::overtaken() const {
  Lock lock(mutex_);
  return overtaken_;
}

void Queue::CountDropped(const std::string& reason, std::uint64_t samples) {
  Lock lock(mutex_);
  if (!overtaken_) Drop(reason, samples);
}

Status Queue::Maintain(bool sync) {
  Status synced;
  if (sync) {
    record_log::Writer* writer = nullptr;
    {
      Lock lock(mutex_);
      writer = writer_.get();
    }
    synced = writer->Sync();
  }
  Lock lock(mutex_);
  if (sync) NoteSync(synced);
  const Status aged = EnforceAge();
  return synced ? aged : synced;
}

QueueStats Queue::stats() const {
  Lock lock(mutex_);
  return stats_;
}

}  // namespace drover::agent::forward
