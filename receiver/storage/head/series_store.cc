#include "receiver/storage/head/series_store.h"

#include <algorithm>
#include <bit>
#include <cassert>
#include <cstring>

#include "core/base/bytes.h"

namespace drover::storage {
namespace {

// As Prometheus cuts chunks (tsdb/head_append.go): about 120 samples, never over a 2 h boundary.
constexpr std::int64_t kChunkRangeMs = 7'200'000;
constexpr std::uint16_t kPredictAt = 30;
constexpr std::uint16_t kMaxSamples = 240;
constexpr std::uint32_t kMaxBytes = 1005;
constexpr std::uint32_t kBufferStep = 64;

std::int64_t RangeEnd(std::int64_t t) {
  std::int64_t start = t / kChunkRangeMs * kChunkRangeMs;
  if (start > t) start -= kChunkRangeMs;
  return start + kChunkRangeMs;
}

std::int64_t PredictCut(std::int64_t start, std::int64_t current, std::int64_t end) {
  const double n =
      static_cast<double>(end - start) / (static_cast<double>(current - start + 1) * 4);
  if (n <= 1) return end;
  return start + (end - start) / static_cast<std::int64_t>(n);
}

template <typename T>
void Publish(T& field, T value) {
  std::atomic_ref<T>(field).store(value, std::memory_order_relaxed);
}

}  // namespace

SeriesStore::SeriesStore() : pages_(std::make_unique<std::atomic<Series*>[]>(kMaxPages)) {}
SeriesStore::~SeriesStore() {
  for (std::size_t page = 0; page < kMaxPages; ++page) delete[] pages_[page].load();
}

bool SeriesStore::Equal(const Series& series, const Labels& labels) const {
  const Symbol* symbol = series.labels.get();
  const Symbol* end = symbol + 2 * series.label_count;
  for (const LabelView& label : labels) {
    if (symbol == end || symbols_[symbol[0]] != label.name || symbols_[symbol[1]] != label.value) {
      return false;
    }
    symbol += 2;
  }
  return symbol == end;
}

std::optional<std::uint32_t> SeriesStore::Find(const Labels& labels) const {
  const std::uint64_t hash = labels.Hash();
  const auto at = by_hash_.find(hash);
  if (at == by_hash_.end()) return std::nullopt;
  if (Equal(*Get(at->second), labels)) return at->second;
  const auto [first, last] = collisions_.equal_range(hash);
  for (auto it = first; it != last; ++it) {
    if (Equal(*Get(it->second), labels)) return it->second;
  }
  return std::nullopt;
}

void SeriesStore::EnsureSlot(std::uint32_t id) {
  const std::size_t page = id / kPageSlots;
  assert(page < kMaxPages);
  if (pages_[page].load(std::memory_order_relaxed) == nullptr) {
    pages_[page].store(new Series[kPageSlots], std::memory_order_release);
  }
  slots_ = std::max(slots_, id + 1);
}

void SeriesStore::Fill(std::uint32_t id, const Labels& labels) {
  assert(!labels.empty());
  Series& series = *Get(id);
  const std::size_t count = labels.size();
  series.labels = std::make_unique_for_overwrite<Symbol[]>(2 * count);
  series.label_count = static_cast<std::uint32_t>(count);
  Symbol* out = series.labels.get();
  for (const LabelView& label : labels) {
    const Symbol name = *out++ = symbols_.Intern(label.name);
    const Symbol value = *out++ = symbols_.Intern(label.value);
    postings_.Add(name, value, id);
  }
  all_.Add(id);
  if (const auto [at, fresh] = by_hash_.try_emplace(labels.Hash(), id); !fresh) {
    collisions_.emplace(labels.Hash(), id);
  }
  Publish(series.generation, next_generation_++);
  ++stats_.series;
  ++created_;
}

std::uint32_t SeriesStore::Create(const Labels& labels) {
  std::uint32_t id = slots_;
  if (!free_.empty()) {
    id = free_.back();
    free_.pop_back();
  }
  EnsureSlot(id);
  Fill(id, labels);
  return id;
}

void SeriesStore::CreateAt(std::uint32_t id, const Labels& labels) {
  const std::uint32_t before = slots_;
  EnsureSlot(id);
  for (std::uint32_t skipped = before; skipped < id; ++skipped) free_.push_back(skipped);
  if (id < before) {
    if (Get(id)->generation != 0) {
      if (Equal(*Get(id), labels)) return;
      Remove(id);
    }
    // Rare: only replay gives a freed slot a definite owner.
    std::erase(free_, id);
  }
  if (const auto other = Find(labels)) {  // the log re-created it under a new id
    Remove(*other);
  }
  Fill(id, labels);
}

void SeriesStore::Remove(std::uint32_t id) {
  Series& series = *Get(id);
  DropBefore(series, std::numeric_limits<std::int64_t>::max());
  const std::uint64_t hash = LabelsOf(series).Hash();
  for (std::uint32_t i = 0; i < series.label_count; ++i) {
    postings_.Remove(series.labels[2 * i], series.labels[2 * i + 1], id);
  }
  all_.Remove(id);
  const auto [first, last] = collisions_.equal_range(hash);
  if (const auto at = by_hash_.find(hash); at->second == id) {
    if (first == last) {
      by_hash_.erase(at);
    } else {
      at->second = first->second;
      collisions_.erase(first);
    }
  } else {
    for (auto it = first; it != last; ++it) {
      if (it->second == id) {
        collisions_.erase(it);
        break;
      }
    }
  }
  Publish(series.generation, std::uint32_t{0});
  Publish(series.last_t, kNoTime);
  series.open_bytes.reset();
  series.open_capacity = 0;
  series.labels.reset();
  series.label_count = 0;
  series.was_empty = false;
  series.closed = {};
  free_.push_back(id);
  --stats_.series;
  ++removed_;
}

void SeriesStore::Cut(Series& series) {
  const std::string_view bytes = series.OpenChunk();
  series.closed.push_back({series.open_min_t, series.open.t_ms, arena_.Add(bytes),
                           static_cast<std::uint32_t>(bytes.size())});
  stats_.chunk_bytes += bytes.size();
  series.open = {};
}

Applied SeriesStore::Apply(Series& series, std::int64_t t_ms, double value) {
  if (t_ms <= series.last_t) [[unlikely]] {
    return CheckOld(series, t_ms, value);
  }
  XorState& open = series.open;
  if (open.samples == kPredictAt) {
    series.cut_t = PredictCut(series.open_min_t, open.t_ms, series.cut_t);
  }
  if (open.samples > 0 &&
      (t_ms >= series.cut_t || open.samples >= kMaxSamples || open.size_bytes() > kMaxBytes)) {
    Cut(series);
  }
  if (open.samples == 0) {
    series.open_min_t = t_ms;
    series.cut_t = RangeEnd(t_ms);
    ++stats_.chunks;
  }
  const std::uint32_t wanted = open.size_bytes() + kXorSpareBytes;
  if (wanted > series.open_capacity) [[unlikely]] {
    const std::uint32_t capacity = (wanted + kBufferStep - 1) / kBufferStep * kBufferStep;
    auto grown = std::make_unique_for_overwrite<std::uint8_t[]>(capacity);
    if (open.samples > 0) std::memcpy(grown.get(), series.open_bytes.get(), open.size_bytes());
    series.open_bytes = std::move(grown);
    series.open_capacity = capacity;
  }
  XorAppend(open, series.open_bytes.get(), t_ms, value);
  Publish(series.last_t, t_ms);
  Publish(series.last_value, open.value);
  ++stats_.samples;
  if (stats_.min_t == kNoTime || t_ms < stats_.min_t) stats_.min_t = t_ms;
  stats_.max_t = std::max(stats_.max_t, t_ms);
  return Applied::kStored;
}

Applied SeriesStore::CheckOld(const Series& series, std::int64_t t_ms, double value) const {
  const auto bits = std::bit_cast<std::uint64_t>(value);
  if (t_ms == series.last_t) {
    return bits == series.last_value ? Applied::kRepeated : Applied::kDifferentValue;
  }
  SampleColumns there;
  if (!Samples(series, t_ms, t_ms, there) || there.size() == 0) return Applied::kOutOfOrder;
  return std::bit_cast<std::uint64_t>(there.value[0]) == bits ? Applied::kRepeated
                                                              : Applied::kDifferentValue;
}

void SeriesStore::RestoreClosed(Series& series, std::int64_t min_t, std::int64_t max_t,
                                std::string_view bytes) {
  series.closed.push_back(
      {min_t, max_t, arena_.Add(bytes), static_cast<std::uint32_t>(bytes.size())});
  stats_.chunk_bytes += bytes.size();
  stats_.samples += XorCount(bytes);
  ++stats_.chunks;
  if (stats_.min_t == kNoTime || min_t < stats_.min_t) stats_.min_t = min_t;
  stats_.max_t = std::max(stats_.max_t, max_t);
}

void SeriesStore::RestoreOpen(Series& series, const XorState& state, std::int64_t min_t,
                              std::int64_t cut_t, std::string_view bytes) {
  series.open = state;
  series.open_min_t = min_t;
  series.cut_t = cut_t;
  series.open_capacity = static_cast<std::uint32_t>(bytes.size()) + kXorSpareBytes;
  series.open_bytes = std::make_unique_for_overwrite<std::uint8_t[]>(series.open_capacity);
  std::memcpy(series.open_bytes.get(), bytes.data(), bytes.size());
  stats_.samples += state.samples;
  ++stats_.chunks;
  if (stats_.min_t == kNoTime || min_t < stats_.min_t) stats_.min_t = min_t;
  stats_.max_t = std::max(stats_.max_t, state.t_ms);
}

bool SeriesStore::DropBefore(Series& series, std::int64_t t_ms) {
  std::size_t gone = 0;
  while (gone < series.closed.size() && series.closed[gone].max_t < t_ms) {
    const ClosedChunk& chunk = series.closed[gone++];
    stats_.chunk_bytes -= chunk.size;
    stats_.samples -= XorCount({chunk.bytes, chunk.size});
    --stats_.chunks;
    arena_.Release(chunk.bytes, chunk.size);
  }
  series.closed.erase(series.closed.begin(),
                      series.closed.begin() + static_cast<std::ptrdiff_t>(gone));
  if (series.open.samples > 0 && series.open.t_ms < t_ms) {
    stats_.samples -= series.open.samples;
    --stats_.chunks;
    series.open = {};
  }
  return series.closed.empty() && series.open.samples == 0;
}

Labels SeriesStore::LabelsOf(const Series& series) const {
  std::string bytes;
  for (std::uint32_t i = 0; i < 2 * series.label_count; ++i) {
    AppendBytes(bytes, symbols_[series.labels[i]]);
  }
  return Labels::FromBytes(std::move(bytes));
}

int SeriesStore::CompareLabels(const Series& a, const Series& b) const {
  const std::uint32_t n = 2 * std::min(a.label_count, b.label_count);
  for (std::uint32_t i = 0; i < n; ++i) {
    if (a.labels[i] == b.labels[i]) continue;
    return symbols_[a.labels[i]].compare(symbols_[b.labels[i]]);
  }
  return static_cast<int>(a.label_count) - static_cast<int>(b.label_count);
}

Status SeriesStore::Samples(const Series& series, std::int64_t min_t, std::int64_t max_t,
                            SampleColumns& out) const {
  auto chunk = std::partition_point(series.closed.begin(), series.closed.end(),
                                    [&](const ClosedChunk& c) { return c.max_t < min_t; });
  for (; chunk != series.closed.end() && chunk->min_t <= max_t; ++chunk) {
    DROVER_CHECK(XorDecode({chunk->bytes, chunk->size}, min_t, max_t, out));
  }
  if (series.open.samples > 0 && series.open_min_t <= max_t && series.open.t_ms >= min_t) {
    DROVER_CHECK(XorDecode(series.OpenChunk(), min_t, max_t, out));
  }
  return {};
}

}  // namespace drover::storage
