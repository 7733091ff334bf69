// The series in memory: labels, postings, chunks. No locks, no files: the head around it has them.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include <boost/unordered/unordered_flat_map.hpp>

#include "core/model/labels.h"
#include "core/series/queryable.h"
#include "receiver/storage/chunk/xor.h"
#include "receiver/storage/head/chunk_arena.h"
#include "receiver/storage/head/postings.h"
#include "receiver/storage/head/symbols.h"

namespace drover::storage {

inline constexpr std::int64_t kNoTime = std::numeric_limits<std::int64_t>::min();

struct ClosedChunk {
  std::int64_t min_t = 0;
  std::int64_t max_t = 0;
  const char* bytes = nullptr;  // in the arena
  std::uint32_t size = 0;
};

// Fields marked (*) are also read without a lock, through atomic_ref, to refuse a sample early.
struct Series {
  std::uint32_t generation = 0;  // (*) 0: the slot is free; a new number for each new series
  std::uint32_t open_capacity = 0;
  std::int64_t last_t = kNoTime;  // (*)
  std::uint64_t last_value = 0;   // (*) bits
  XorState open;
  std::int64_t open_min_t = 0;
  std::int64_t cut_t = 0;  // a sample from here on begins a new chunk
  std::unique_ptr<std::uint8_t[]> open_bytes;
  std::unique_ptr<Symbol[]> labels;  // name, value, name, value …, names ascending
  std::vector<ClosedChunk> closed;   // by time
  std::uint32_t label_count = 0;
  bool was_empty = false;  // had no sample at the last sweep

  std::string_view OpenChunk() const {
    return {reinterpret_cast<const char*>(open_bytes.get()),
            open.samples == 0 ? 0 : open.size_bytes()};
  }
  std::int64_t MinTime() const {
    return !closed.empty() ? closed.front().min_t : open.samples > 0 ? open_min_t : kNoTime;
  }
};

enum class Applied { kStored, kRepeated, kOutOfOrder, kDifferentValue };

struct StoreStats {
  std::uint64_t series = 0;
  std::uint64_t chunks = 0;   // closed and open
  std::uint64_t samples = 0;  // in memory
  std::int64_t min_t = kNoTime;
  std::int64_t max_t = kNoTime;
  std::uint64_t chunk_bytes = 0;  // of closed chunks
  std::uint64_t symbols = 0;
  std::uint64_t symbol_bytes = 0;
};

// Const functions need the head's lock shared, others exclusive; Get needs none.
class SeriesStore {
 public:
  SeriesStore();
  ~SeriesStore();

  std::optional<std::uint32_t> Find(const Labels& labels) const;
  // Not there yet, and not empty.
  std::uint32_t Create(const Labels& labels);
  // For replay: gives the slot to these labels whatever was in it; nothing when they are there.
  void CreateAt(std::uint32_t id, const Labels& labels);
  void Remove(std::uint32_t id);

  // Null when no such slot ever was. Addresses stay.
  Series* Get(std::uint32_t id) const {
    const std::size_t page = id / kPageSlots;
    if (page >= kMaxPages) return nullptr;
    Series* slots = pages_[page].load(std::memory_order_acquire);
    return slots == nullptr ? nullptr : slots + id % kPageSlots;
  }
  std::uint32_t slots() const { return slots_; }  // ids are below

  Applied Apply(Series& series, std::int64_t t_ms, double value);
  // Of a sample that is not newer than the last: is it there already?
  Applied CheckOld(const Series& series, std::int64_t t_ms, double value) const;
  // Gives a checkpoint's chunks to a fresh series.
  void RestoreClosed(Series& series, std::int64_t min_t, std::int64_t max_t,
                     std::string_view bytes);
  void RestoreOpen(Series& series, const XorState& state, std::int64_t min_t, std::int64_t cut_t,
                   std::string_view bytes);
  // Drops chunks that end before `t_ms`; true when the series has none left.
  bool DropBefore(Series& series, std::int64_t t_ms);

  Labels LabelsOf(const Series& series) const;
  int CompareLabels(const Series& a, const Series& b) const;
  Status Samples(const Series& series, std::int64_t min_t, std::int64_t max_t,
                 SampleColumns& out) const;

  const SymbolTable& symbols() const { return symbols_; }
  const Postings& postings() const { return postings_; }
  const IdSet& all() const { return all_; }
  const StoreStats& stats() const { return stats_; }
  void SetMinTime(std::int64_t t_ms) { stats_.min_t = t_ms; }
  std::uint64_t created() const { return created_; }
  std::uint64_t removed() const { return removed_; }

 private:
  static constexpr std::size_t kPageSlots = 1024;
  static constexpr std::size_t kMaxPages = 1 << 16;  // 64 M series

  bool Equal(const Series& series, const Labels& labels) const;
  void Fill(std::uint32_t id, const Labels& labels);
  void Cut(Series& series);
  void EnsureSlot(std::uint32_t id);

  SymbolTable symbols_;
  Postings postings_;
  IdSet all_;
  ChunkArena arena_;
  std::unique_ptr<std::atomic<Series*>[]> pages_;
  std::uint32_t slots_ = 0;
  std::uint32_t next_generation_ = 1;
  std::vector<std::uint32_t> free_;
  boost::unordered_flat_map<std::uint64_t, std::uint32_t> by_hash_;
  std::unordered_multimap<std::uint64_t, std::uint32_t> collisions_;  // of 64-bit hashes
  StoreStats stats_;
  std::uint64_t created_ = 0;
  std::uint64_t removed_ = 0;
};

}  // namespace drover::storage
