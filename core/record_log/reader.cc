#include "core/record_log/reader.h"

#include <algorithm>

#include "core/base/bytes.h"
#include "core/base/crc32c.h"
#include "core/compression/snappy.h"

namespace drover::record_log {

Reader::Reader(FileSystem& fs, std::string folder, Position from, ReaderOptions options)
    : fs_(fs), folder_(std::move(folder)), options_(options), position_(from) {}

Result<bool> Reader::OpenNext() {
  DROVER_TRY(const auto segments, ListSegments(fs_, folder_));
  const std::uint64_t wanted = file_ == nullptr ? position_.segment : position_.segment + 1;
  const auto at = std::lower_bound(segments.begin(), segments.end(), wanted);
  if (at == segments.end() || (end_ && *at > end_->segment)) return false;
  auto opened = fs_.Open(folder_ + "/" + SegmentName(*at), OpenMode::kRead);
  if (!opened) return Fail(std::move(opened).error());
  file_ = std::move(*opened);
  if (*at != position_.segment) position_ = {*at, 0};
  offset_ = position_.offset;
  window_.clear();
  assembling_ = skipping_ = false;
  return true;
}

Result<std::string_view> Reader::Page() {
  const std::uint64_t page_end = (offset_ / kPageBytes + 1) * kPageBytes;
  if (offset_ < window_offset_ || page_end > window_offset_ + window_.size()) {
    window_offset_ = offset_ / kPageBytes * kPageBytes;
    std::uint64_t n = std::max(options_.window_bytes, kPageBytes);
    if (end_ && end_->segment == position_.segment) {
      n = std::min(n, end_->offset > window_offset_ ? end_->offset - window_offset_ : 0);
    }
    DROVER_CHECK(file_->ReadAt(window_offset_, n, window_));
  }
  const std::uint64_t end = std::min(page_end, window_offset_ + window_.size());
  if (offset_ >= end) return std::string_view();
  return std::string_view(window_).substr(offset_ - window_offset_, end - offset_);
}

void Reader::CountCorrupt(std::uint64_t bytes) {
  if (stats_.corrupt++ == 0) stats_.first_corrupt = {position_.segment, offset_};
  stats_.skipped_bytes += bytes;
}

Reader::Step Reader::SkipPage(std::size_t rest_of_page) {
  CountCorrupt(rest_of_page + (assembling_ ? parts_.size() : 0));
  offset_ += rest_of_page;
  assembling_ = false;
  skipping_ = true;
  return Step::kAgain;
}

Reader::Step Reader::Finish(std::uint8_t flag) {
  assembling_ = false;
  record_ = parts_;
  Status unpacked;
  if ((flag & kSnappyFlag) != 0) {
    unpacked = compression::SnappyUncompress(parts_, options_.max_record_bytes, unpacked_);
    record_ = unpacked_;
  } else if ((flag & kZstdFlag) != 0) {
    unpacked = zstd_.Decompress(parts_, options_.max_record_bytes, unpacked_);
    record_ = unpacked_;
  }
  if (!unpacked) {
    CountCorrupt(parts_.size());
    return Step::kAgain;
  }
  position_.offset = offset_;
  ++stats_.records;
  return Step::kRecord;
}

Result<Reader::Step> Reader::ReadFragment() {
  DROVER_TRY(const std::string_view page, Page());
  tail_bytes_ = offset_ + page.size() - position_.offset;
  if (page.empty()) return Step::kEndOfSegment;
  const std::size_t page_left = kPageBytes - offset_ % kPageBytes;
  if (page_left < kHeaderBytes || (page[0] & kTypeMask) == kEmpty) {
    if (page.find_first_not_of('\0') != std::string_view::npos) return SkipPage(page.size());
    if (page.size() < page_left) return Step::kEndOfSegment;
    offset_ += page.size();
    return Step::kAgain;
  }
  if (page.size() < kHeaderBytes) return Step::kEndOfSegment;
  Cursor cursor(page);
  const std::uint8_t head = cursor.Byte();
  const std::size_t length = cursor.BigEndian<std::uint16_t>();
  const auto crc = cursor.BigEndian<std::uint32_t>();
  const std::uint8_t type = head & kTypeMask;
  const std::uint8_t flag = head & static_cast<std::uint8_t>(~kTypeMask);
  const bool known = type <= kLast && (flag == 0 || flag == kSnappyFlag || flag == kZstdFlag);
  if (!known || kHeaderBytes + length > page_left) return SkipPage(page.size());
  if (kHeaderBytes + length > page.size()) return Step::kEndOfSegment;
  const std::string_view data = cursor.Take(length);
  if (Crc32c(data) != crc) return SkipPage(page.size());

  const bool begins = type == kFull || type == kFirst;
  if (begins && assembling_) {  // the record before never ended
    CountCorrupt(parts_.size());
    assembling_ = false;
  }
  if (!begins && !assembling_) {
    if (!skipping_) CountCorrupt(length);
    skipping_ = true;
    offset_ += kHeaderBytes + length;
    return Step::kAgain;
  }
  if (begins) {
    parts_.clear();
    skipping_ = false;
  }
  if (parts_.size() + length > options_.max_record_bytes) return SkipPage(page.size());
  parts_ += data;
  assembling_ = true;
  offset_ += kHeaderBytes + length;
  stats_.bytes += kHeaderBytes + length;
  return type == kFull || type == kLast ? Finish(flag) : Step::kAgain;
}

Result<bool> Reader::Next() {
  if (file_ == nullptr) {
    DROVER_TRY(const bool opened, OpenNext());
    if (!opened) return false;
  }
  for (;;) {
    DROVER_TRY(const Step step, ReadFragment());
    if (step == Step::kRecord) return true;
    if (step == Step::kAgain) continue;
    // Whole pages of zeros behind the last record are padding, not a torn record.
    const bool torn = tail_bytes_ > 0 && !skipping_;
    DROVER_TRY(const bool opened, OpenNext());
    if (!opened) {
      // The tail may be the writer's next record: read it again when asked again.
      assembling_ = false;
      offset_ = position_.offset;
      window_.clear();
      return false;
    }
    if (torn) ++stats_.torn;
  }
}

Result<std::uint64_t> Repair(FileSystem& fs, const std::string& folder) {
  DROVER_TRY(const auto segments, ListSegments(fs, folder));
  if (segments.empty()) return std::uint64_t{0};
  Reader reader(fs, folder, {segments.back(), 0});
  for (;;) {
    DROVER_TRY(const bool more, reader.Next());
    if (!more) break;
  }
  if (reader.tail_bytes() == 0) return std::uint64_t{0};
  DROVER_TRY(const auto file,
             fs.Open(folder + "/" + SegmentName(segments.back()), OpenMode::kAppend));
  DROVER_CHECK(file->Truncate(reader.position().offset));
  DROVER_CHECK(file->Sync());
  return reader.tail_bytes();
}

}  // namespace drover::record_log
