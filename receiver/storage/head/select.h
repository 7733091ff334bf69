// Finds series in the store by matchers and hands them out in label order.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/series/queryable.h"
#include "receiver/storage/head/rw_lock.h"
#include "receiver/storage/head/series_store.h"

namespace drover::storage {

// Ids of series that all matchers take. The lock is held.
IdSet MatchingSeries(const SeriesStore& store, const std::vector<Matcher>& matchers);

// Keeps the label order of all series, so that a query over many does not sort them again. New
// series are merged in when asked for. Thread-safe; the store's lock is held shared by the caller.
class LabelOrder {
 public:
  void Sort(const SeriesStore& store, std::vector<std::uint32_t>& ids);

 private:
  void Update(const SeriesStore& store) REQUIRES(mutex_);

  Mutex mutex_;
  std::uint64_t created_ GUARDED_BY(mutex_) = 0;
  std::uint64_t removed_ GUARDED_BY(mutex_) = 0;
  std::vector<std::uint32_t> sorted_ GUARDED_BY(mutex_);
  std::vector<std::uint32_t> rank_ GUARDED_BY(mutex_);  // by id
};

// What a Select saw: later samples of these series are not shown, so all of a commit or nothing.
struct SelectedSeries {
  std::uint32_t id = 0;
  std::uint32_t generation = 0;
  std::int64_t last_t = 0;
};

// `lock` and `store` outlive it.
std::unique_ptr<SeriesSet> MakeSeriesSet(RwLock& lock, const SeriesStore& store,
                                         std::vector<SelectedSeries> series, std::int64_t min_t,
                                         std::int64_t max_t);

}  // namespace drover::storage
