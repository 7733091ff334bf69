#include "receiver/freshness/freshness.h"

#include <vector>

#include "core/os/durable_file.h"

namespace drover::freshness {

class Freshness::Watch final : public Appender {
 public:
  Watch(Freshness& owner, std::unique_ptr<Appender> inner)
      : owner_(owner), inner_(std::move(inner)), up_(owner.up_series()) {}

  Result<SeriesRef> Append(SeriesRef ref, const Labels& labels, std::int64_t t_ms,
                           double value) override {
    auto taken = inner_->Append(ref, labels, t_ms, value);
    if (!taken) return taken;
    if (labels.empty()) {
      if (const auto at = up_->find(*taken); at != up_->end()) {
        seen_.push_back({at->second, t_ms, value});
      }
    } else if (labels.Get(kMetricName) == "up") {
      seen_.push_back({labels, t_ms, value});
      if (!up_->contains(*taken)) learned_.emplace_back(*taken, labels);
    }
    return taken;
  }
  Status AppendMetadata(const MetricMetadata& metadata) override {
    return inner_->AppendMetadata(metadata);
  }
  Status Commit() override {
    Status result = inner_->Commit();
    if (result) {
      const std::int64_t now = ToMs(owner_.clock_.Now());
      for (const auto& s : seen_) owner_.targets_.Seen(s.labels, s.t_ms, s.value, now);
    }
    // Also after a failure: the sender knows the number already and need not give labels again.
    owner_.Learn(learned_);
    Forget();
    up_ = owner_.up_series();
    return result;
  }
  void Rollback() override {
    inner_->Rollback();
    owner_.Learn(learned_);
    Forget();
  }
  ~Watch() override { owner_.Learn(learned_); }

 private:
  struct Seen {
    Labels labels;
    std::int64_t t_ms;
    double value;
  };
  void Forget() {
    seen_.clear();
    learned_.clear();
  }

  Freshness& owner_;
  const std::unique_ptr<Appender> inner_;
  std::shared_ptr<const UpSeries> up_;
  std::vector<Seen> seen_;
  std::vector<std::pair<SeriesRef, Labels>> learned_;
};

Freshness::Freshness(Appendable& store, Clock& clock, FileSystem& fs, std::string path,
                     const Logger& log, FreshnessOptions options)
    : store_(store),
      clock_(clock),
      fs_(fs),
      path_(std::move(path)),
      log_(log),
      options_(options),
      up_(std::make_shared<UpSeries>()) {
  std::string bytes;
  if (const Status read = fs_.ReadFile(path_, bytes); !read) {
    if (read.error().code() != ErrorCode::kNotFound) {
      log_.Warn("cannot read the freshness state", {{"err", read.error().message()}});
    }
  } else if (const Status decoded = targets_.Decode(bytes); !decoded) {
    log_.Warn("freshness state set aside", {{"err", decoded.error().message()}});
    (void)fs_.Rename(path_, path_ + ".damaged");
  }
  if (options_.save_interval.count() > 0) {
    thread_ = std::jthread([this](std::stop_token stop) { Run(stop); });
  }
}

Freshness::~Freshness() {
  if (thread_.joinable()) {
    thread_.request_stop();
    thread_.join();
  }
  (void)Save();
}

std::unique_ptr<Appender> Freshness::NewAppender() {
  return std::make_unique<Watch>(*this, store_.NewAppender());
}

std::shared_ptr<const Freshness::UpSeries> Freshness::up_series() const {
  const Lock lock(up_mutex_);
  return up_;
}

void Freshness::Learn(const std::vector<std::pair<SeriesRef, Labels>>& learned) {
  if (learned.empty()) return;
  const Lock lock(up_mutex_);
  auto grown = std::make_shared<UpSeries>(*up_);
  for (const auto& [ref, labels] : learned) grown->insert_or_assign(ref, labels);
  up_ = std::move(grown);
}

Status Freshness::Save() {
  const Lock lock(save_mutex_);
  targets_.DropBefore(ToMs(clock_.Now()) - options_.keep.count());
  const std::uint64_t changes = targets_.changes();
  if (changes == saved_changes_) return {};
  DROVER_CHECK(WriteFileDurably(fs_, path_, targets_.Encode()));
  saved_changes_ = changes;
  return {};
}

void Freshness::Run(std::stop_token stop) {
  bool failed = false;
  while (clock_.SleepFor(options_.save_interval, stop)) {
    const Status saved = Save();
    if (!saved && !failed) {
      log_.Warn("cannot save the freshness state", {{"err", saved.error().message()}});
    }
    failed = !saved;
  }
}

}  // namespace drover::freshness
