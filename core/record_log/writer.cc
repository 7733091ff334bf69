#include "core/record_log/writer.h"

#include <algorithm>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/crc32c.h"
#include "core/compression/snappy.h"

namespace drover::record_log {

Writer::Writer(FileSystem& fs, std::string folder, WriterOptions options)
    : fs_(fs), folder_(std::move(folder)), options_(options) {}

Result<std::unique_ptr<Writer>> Writer::Open(FileSystem& fs, std::string folder,
                                             WriterOptions options) {
  DROVER_CHECK(fs.MakeDirs(folder));
  DROVER_TRY(const auto segments, ListSegments(fs, folder));
  std::unique_ptr<Writer> writer(new Writer(fs, std::move(folder), options));
  DROVER_CHECK(writer->OpenSegment(
      std::max(writer->options_.first_segment, segments.empty() ? 1 : segments.back() + 1)));
  return writer;
}

Status Writer::OpenSegment(std::uint64_t segment) {
  const std::string path = folder_ + "/" + SegmentName(segment);
  auto opened = fs_.Open(path, OpenMode::kCreate);
  if (!opened) return Fail(std::move(opened).error());
  Lock lock(mutex_);
  if (file_ != nullptr) unsynced_.push_back(std::move(file_));
  file_ = std::move(*opened);
  segment_ = segment;
  size_ = 0;
  torn_ = false;
  new_name_ = true;  // Sync makes it durable: not here, where appends wait
  return {};
}

Result<std::uint64_t> Writer::Cut() {
  DROVER_CHECK(OpenSegment(segment_ + 1));
  return segment_;
}

std::string_view Writer::Compress(std::string_view record, std::uint8_t& flag) {
  flag = 0;
  switch (options_.compression) {
    case Compression::kNone:
      return record;
    case Compression::kSnappy:
      compression::SnappyCompress(record, packed_);
      flag = kSnappyFlag;
      break;
    case Compression::kZstd:
      zstd_.Compress(record, packed_);
      flag = kZstdFlag;
      break;
  }
  if (packed_.size() < record.size()) return packed_;
  flag = 0;
  return record;
}

void Writer::Frame(std::string_view record, std::uint8_t flag) {
  const std::size_t before = frames_.size();
  const auto at = [&] { return (staged_ + frames_.size() - before) % kPageBytes; };
  for (bool first = true; first || !record.empty(); first = false) {
    std::size_t left = kPageBytes - at();
    if (left < kHeaderBytes) {
      frames_.append(left, '\0');
      left = kPageBytes;
    }
    const std::string_view part = record.substr(0, left - kHeaderBytes);
    record.remove_prefix(part.size());
    const FragmentType type =
        first ? (record.empty() ? kFull : kFirst) : (record.empty() ? kLast : kMiddle);
    frames_ += static_cast<char>(type | flag);
    AppendBigEndian(frames_, static_cast<std::uint16_t>(part.size()));
    AppendBigEndian(frames_, Crc32c(part));
    frames_ += part;
    // A first fragment without data may stand at a page's end; the rest follows.
  }
  staged_ += frames_.size() - before;
}

Status Writer::Write() {
  if (frames_.empty()) return {};
  std::shared_ptr<File> file;
  {
    Lock lock(mutex_);
    file = file_;
  }
  if (Status written = file->Append(frames_); !written) {
    torn_ = !file->Truncate(size_).has_value();
    return written;
  }
  size_ += frames_.size();
  appended_bytes_ += frames_.size();
  return {};
}

Status Writer::Append(std::span<const std::string_view> records) {
  // The records of one call go to one segment, so that one write or one truncation does for all.
  std::size_t worst = 0;
  for (const std::string_view record : records) {
    if (record.size() > kMaxRecordBytes) {
      return Fail(ErrorCode::kInvalid, "a record of " + std::to_string(record.size()) +
                                           " bytes is too large for the log");
    }
    worst += record.size() + 2 * kHeaderBytes;
  }
  worst += worst / 1024;  // headers of further pages
  if (torn_ || (size_ > 0 && size_ + worst > options_.segment_bytes)) {
    DROVER_CHECK(OpenSegment(segment_ + 1));
  }
  frames_.clear();
  staged_ = size_;
  for (const std::string_view record : records) {
    std::uint8_t flag = 0;
    const std::string_view packed = Compress(record, flag);
    Frame(packed, flag);
  }
  Status written = Write();
  constexpr std::size_t kKeptCapacity = 4 << 20;
  if (frames_.capacity() > kKeptCapacity) frames_ = std::string();
  return written;
}

Status Writer::Sync() {
  Lock one_at_a_time(sync_mutex_);
  std::vector<std::shared_ptr<File>> files;
  bool new_name = false;
  {
    Lock lock(mutex_);
    files = std::move(unsynced_);
    unsynced_.clear();
    files.push_back(file_);
    new_name = std::exchange(new_name_, false);
  }
  Status result;
  if (new_name) {
    result = fs_.SyncDir(folder_);
    if (!result) {
      Lock lock(mutex_);
      new_name_ = true;
    }
  }
  for (const auto& file : files) {
    if (Status synced = file->Sync(); !synced && result) result = std::move(synced);
  }
  return result;
}

Status Writer::RemoveBefore(std::uint64_t segment) {
  DROVER_TRY(const auto segments, ListSegments(fs_, folder_));
  for (const std::uint64_t old : segments) {
    if (old < std::min(segment, segment_.load())) {
      DROVER_CHECK(fs_.Remove(folder_ + "/" + SegmentName(old)));
    }
  }
  return fs_.SyncDir(folder_);
}

}  // namespace drover::record_log
