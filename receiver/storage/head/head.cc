#include "receiver/storage/head/head.h"

#include <algorithm>
#include <mutex>
#include <shared_mutex>

#include "receiver/storage/head/head_impl.h"

namespace drover::storage {

class Head::HeadAppender final : public Appender {
 public:
  explicit HeadAppender(Impl& head)
      : head_(head), batch_(head.TakeBatch()), now_ms_(ToMs(head.clock_.Now())) {}
  ~HeadAppender() override { head_.GiveBack(std::move(batch_)); }

  Result<SeriesRef> Append(SeriesRef ref, const Labels& labels, std::int64_t t_ms,
                           double value) override {
    if (batch_->samples.empty()) batch_->epoch = head_.removals_.load(std::memory_order_acquire);
    std::uint32_t id = 0;
    std::uint32_t generation = 0;
    Series* series = nullptr;
    if (ref != 0) {
      id = static_cast<std::uint32_t>(ref) - 1;
      generation = static_cast<std::uint32_t>(ref >> 32);
      series = head_.store_.Get(id);
      if (series == nullptr || GenerationOf(*series) != generation) series = nullptr;
    }
    if (series == nullptr) {
      if (labels.empty()) {
        return Fail(ref != 0 ? ErrorCode::kNotFound : ErrorCode::kInvalid, "empty label set");
      }
      DROVER_TRY(const auto found, head_.FindOrCreate(labels));
      id = found.id;
      generation = found.generation;
      series = head_.store_.Get(id);
    }
    DROVER_TRY(const bool take, head_.CheckSample(*series, now_ms_, t_ms, value));
    if (take) {
      batch_->samples.push_back({id, t_ms, value});
      batch_->generations.push_back(generation);
    }
    return static_cast<SeriesRef>(generation) << 32 | (id + 1);
  }
  Status AppendMetadata(const MetricMetadata& metadata) override {
    batch_->metadata.push_back(metadata);
    return {};
  }
  Status Commit() override {
    Status result = head_.Commit(*batch_);
    batch_->Clear();
    return result;
  }
  void Rollback() override { batch_->Clear(); }

 private:
  static std::uint32_t GenerationOf(Series& series) {
    return std::atomic_ref(series.generation).load(std::memory_order_acquire);
  }

  Impl& head_;
  std::unique_ptr<CommitBatch> batch_;
  const std::int64_t now_ms_;
};

Head::Head(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Head::~Head() = default;

Result<std::unique_ptr<Head>> Head::Open(FileSystem& fs, std::string folder, Clock& clock,
                                         const Logger& log, Registry& registry, HeadOptions options,
                                         OnProgress progress) {
  auto impl = std::make_unique<Impl>(fs, std::move(folder), clock, log, registry, options);
  if (Status replayed = impl->Replay(progress); !replayed) {
    return Fail(std::move(replayed).error().With("head log"));
  }
  impl->StartThread();
  return std::unique_ptr<Head>(new Head(std::move(impl)));
}

std::unique_ptr<Appender> Head::NewAppender() { return std::make_unique<HeadAppender>(*impl_); }

Result<std::unique_ptr<SeriesSet>> Head::Select(const std::vector<Matcher>& matchers,
                                                std::int64_t min_t, std::int64_t max_t,
                                                const SelectHints&) const {
  std::vector<SelectedSeries> selected;
  {
    const std::shared_lock held(impl_->lock_);
    auto ids = impl_->Matching(matchers, min_t, max_t);
    impl_->order_.Sort(impl_->store_, ids);
    selected.reserve(ids.size());
    for (const std::uint32_t id : ids) {
      const Series& series = *impl_->store_.Get(id);
      selected.push_back({id, series.generation, series.last_t});
    }
  }
  return MakeSeriesSet(impl_->lock_, impl_->store_, std::move(selected), min_t, max_t);
}

Result<std::vector<std::string>> Head::LabelNames(const std::vector<Matcher>& matchers,
                                                  std::int64_t min_t, std::int64_t max_t) const {
  std::vector<std::string> names;
  const std::shared_lock held(impl_->lock_);
  const SeriesStore& store = impl_->store_;
  std::vector<Symbol> symbols;
  for (const std::uint32_t id : impl_->Matching(matchers, min_t, max_t)) {
    const Series& series = *store.Get(id);
    for (std::uint32_t i = 0; i < series.label_count; ++i) symbols.push_back(series.labels[2 * i]);
    if (symbols.size() > 10'000) {
      std::sort(symbols.begin(), symbols.end());
      symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
    }
  }
  std::sort(symbols.begin(), symbols.end());
  symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
  for (const Symbol symbol : symbols) names.emplace_back(store.symbols()[symbol]);
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::vector<std::string>> Head::LabelValues(std::string_view name,
                                                   const std::vector<Matcher>& matchers,
                                                   std::int64_t min_t, std::int64_t max_t) const {
  std::vector<std::string> values;
  const std::shared_lock held(impl_->lock_);
  const SeriesStore& store = impl_->store_;
  const auto wanted = store.symbols().Find(name);
  if (!wanted) return values;
  std::vector<Symbol> symbols;
  for (const std::uint32_t id : impl_->Matching(matchers, min_t, max_t)) {
    const Series& series = *store.Get(id);
    for (std::uint32_t i = 0; i < series.label_count; ++i) {
      if (series.labels[2 * i] == *wanted) symbols.push_back(series.labels[2 * i + 1]);
    }
  }
  std::sort(symbols.begin(), symbols.end());
  symbols.erase(std::unique(symbols.begin(), symbols.end()), symbols.end());
  for (const Symbol symbol : symbols) values.emplace_back(store.symbols()[symbol]);
  std::sort(values.begin(), values.end());
  return values;
}

std::vector<MetricMetadata> Head::Metadata() const {
  const Lock lock(impl_->metadata_mutex_);
  std::vector<MetricMetadata> all;
  for (const auto& [family, metadata] : impl_->metadata_) all.push_back(metadata);
  return all;
}

HeadStats Head::stats() const { return impl_->Stats(); }
const ReplayReport& Head::replay() const { return impl_->replay_; }
Status Head::Sync() { return impl_->Sync(); }
Status Head::Checkpoint(const std::stop_token& stop) { return impl_->Checkpoint(stop); }
Status Head::Close() { return impl_->Close(); }
void Head::DropOld() { impl_->DropOld(); }

}  // namespace drover::storage
