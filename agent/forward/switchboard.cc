#include "agent/forward/switchboard.h"

#include <thread>
#include <utility>

namespace drover::agent::forward {

// Keeps the forwarder alive until the scrape is committed.
class Switchboard::Held final : public Appender {
 public:
  Held(std::shared_ptr<Forwarder> forwarder, Counter& refused)
      : forwarder_(std::move(forwarder)),
        inner_(forwarder_ ? forwarder_->NewAppender() : nullptr),
        refused_(refused) {}

  Result<SeriesRef> Append(SeriesRef ref, const Labels& labels, std::int64_t t_ms,
                           double value) override {
    if (inner_) return inner_->Append(ref, labels, t_ms, value);
    ++lost_;
    return Absent();
  }
  Status AppendMetadata(const MetricMetadata& metadata) override {
    return inner_ ? inner_->AppendMetadata(metadata) : Absent();
  }
  Status Commit() override {
    if (inner_) return inner_->Commit();
    refused_.Add(static_cast<double>(std::exchange(lost_, 0)));
    return Absent();
  }
  void Rollback() override {
    lost_ = 0;
    if (inner_) inner_->Rollback();
  }

 private:
  static tl::unexpected<Error> Absent() { return Fail(ErrorCode::kUnavailable, "no forwarder"); }

  const std::shared_ptr<Forwarder> forwarder_;  // before inner_, which points into it
  const std::unique_ptr<Appender> inner_;
  Counter& refused_;
  std::uint64_t lost_ = 0;
};

Switchboard::Switchboard(Registry& registry)
    : refused_(registry.AddCounter(
          "drover_forward_refused_samples_total",
          "Samples lost because no queue was open: a reload was under way, or had failed.")) {}

std::unique_ptr<Appender> Switchboard::NewAppender() {
  return std::make_unique<Held>(forwarder(), refused_);
}

std::shared_ptr<Forwarder> Switchboard::forwarder() const {
  Lock lock(mutex_);
  return forwarder_;
}

Status Switchboard::Replace(const std::function<Result<std::shared_ptr<Forwarder>>()>& make) {
  std::shared_ptr<Forwarder> old;
  {
    Lock lock(mutex_);
    old = std::exchange(forwarder_, nullptr);
  }
  // A scrape under way may still hold it. The last reference must be this one: the new forwarder
  // opens the same folders, and the old one's threads cannot be joined from the HTTP client's. And
  // not under the lock: that thread may be on its way into NewAppender.
  while (old.use_count() > 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  old.reset();
  DROVER_TRY(auto made, make());
  Lock lock(mutex_);
  forwarder_ = std::move(made);
  return {};
}

}  // namespace drover::agent::forward
