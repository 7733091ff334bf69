#include "receiver/storage/head/select.h"

#include <algorithm>
#include <shared_mutex>

namespace drover::storage {
namespace {

IdSet IdsWith(const SeriesStore& store, const Matcher& matcher, bool negate) {
  IdSet ids;
  const auto name = store.symbols().Find(matcher.name());
  if (!name) return ids;
  const Postings& postings = store.postings();
  if (matcher.type() == (negate ? MatchType::kNotEqual : MatchType::kEqual)) {
    if (const auto value = store.symbols().Find(matcher.value())) {
      postings.UnionInto(*name, *value, ids);
    }
    return ids;
  }
  const Postings::ValueSet* values = postings.Values(*name);
  if (values == nullptr) return ids;
  for (const Symbol value : *values) {
    if (matcher.Matches(store.symbols()[value]) != negate) postings.UnionInto(*name, value, ids);
  }
  return ids;
}

class HeadSeriesSet final : public SeriesSet {
 public:
  HeadSeriesSet(RwLock& lock, const SeriesStore& store, std::vector<SelectedSeries> series,
                std::int64_t min_t, std::int64_t max_t)
      : lock_(lock), store_(store), series_(std::move(series)), min_t_(min_t), max_t_(max_t) {}

  bool Next() override {
    const std::shared_lock held(lock_);
    while (++at_ <= series_.size()) {
      const Series* series = Alive();
      if (series == nullptr) continue;  // retention took it meanwhile
      labels_ = store_.LabelsOf(*series);
      return true;
    }
    --at_;
    return false;
  }
  const Labels& labels() const override { return labels_; }
  Status Samples(SampleColumns& out) override {
    out.clear();
    const std::shared_lock held(lock_);
    const Series* series = Alive();
    if (series == nullptr) return {};
    return store_.Samples(*series, min_t_, std::min(max_t_, series_[at_ - 1].last_t), out);
  }

 private:
  const Series* Alive() const {
    const Series* series = store_.Get(series_[at_ - 1].id);
    return series->generation == series_[at_ - 1].generation ? series : nullptr;
  }

  RwLock& lock_;
  const SeriesStore& store_;
  const std::vector<SelectedSeries> series_;
  const std::int64_t min_t_;
  const std::int64_t max_t_;
  std::size_t at_ = 0;  // 1 is the first
  Labels labels_;
};

}  // namespace

IdSet MatchingSeries(const SeriesStore& store, const std::vector<Matcher>& matchers) {
  // A matcher that takes "" takes series without the label as well: those that have another value
  // are taken away instead.
  std::optional<IdSet> found;
  for (const Matcher& matcher : matchers) {
    if (matcher.MatchesEmpty()) continue;
    IdSet ids = IdsWith(store, matcher, false);
    if (found) {
      found->Intersect(ids);
    } else {
      found = std::move(ids);
    }
    if (found->empty()) return std::move(*found);
  }
  if (!found) found = IdSet(store.all());
  for (const Matcher& matcher : matchers) {
    if (matcher.MatchesEmpty()) found->Subtract(IdsWith(store, matcher, true));
  }
  return std::move(*found);
}

void LabelOrder::Update(const SeriesStore& store) {
  if (created_ == store.created() && removed_ == store.removed()) return;
  const auto less = [&](std::uint32_t a, std::uint32_t b) {
    return store.CompareLabels(*store.Get(a), *store.Get(b)) < 0;
  };
  if (removed_ != store.removed()) {  // ids may have new owners: their place is unknown
    sorted_.clear();
    rank_.clear();
  }
  // What has a rank is in place; the others are sorted and merged in.
  constexpr std::uint32_t kNoRank = UINT32_MAX;
  rank_.resize(store.slots(), kNoRank);
  const auto old = static_cast<std::ptrdiff_t>(sorted_.size());
  for (const std::uint32_t id : store.all().ToVector()) {
    if (rank_[id] == kNoRank) sorted_.push_back(id);
  }
  std::sort(sorted_.begin() + old, sorted_.end(), less);
  std::inplace_merge(sorted_.begin(), sorted_.begin() + old, sorted_.end(), less);
  for (std::uint32_t i = 0; i < sorted_.size(); ++i) rank_[sorted_[i]] = i;
  created_ = store.created();
  removed_ = store.removed();
}

void LabelOrder::Sort(const SeriesStore& store, std::vector<std::uint32_t>& ids) {
  constexpr std::size_t kFew = 64;
  if (ids.size() <= kFew) {
    std::sort(ids.begin(), ids.end(), [&](std::uint32_t a, std::uint32_t b) {
      return store.CompareLabels(*store.Get(a), *store.Get(b)) < 0;
    });
    return;
  }
  const Lock lock(mutex_);
  Update(store);
  const std::uint32_t* rank = rank_.data();
  std::sort(ids.begin(), ids.end(),
            [rank](std::uint32_t a, std::uint32_t b) { return rank[a] < rank[b]; });
}

std::unique_ptr<SeriesSet> MakeSeriesSet(RwLock& lock, const SeriesStore& store,
                                         std::vector<SelectedSeries> series, std::int64_t min_t,
                                         std::int64_t max_t) {
  return std::make_unique<HeadSeriesSet>(lock, store, std::move(series), min_t, max_t);
}

}  // namespace drover::storage
