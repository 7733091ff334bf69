#include "agent/switchboard.h"

#include <thread>

namespace drover::agent {
namespace {

// Keeps the forwarder alive until the scrape is committed.
class Held final : public Appender {
 public:
  explicit Held(std::shared_ptr<forward::Forwarder> forwarder)
      : forwarder_(std::move(forwarder)),
        inner_(forwarder_ ? forwarder_->NewAppender() : nullptr) {}

  Result<SeriesRef> Append(SeriesRef ref, const Labels& labels, std::int64_t t_ms,
                           double value) override {
    if (!inner_) return Fail(ErrorCode::kUnavailable, "no forwarder");
    return inner_->Append(ref, labels, t_ms, value);
  }
  Status AppendMetadata(const MetricMetadata& metadata) override {
    if (!inner_) return Fail(ErrorCode::kUnavailable, "no forwarder");
    return inner_->AppendMetadata(metadata);
  }
  Status Commit() override {
    if (!inner_) return Fail(ErrorCode::kUnavailable, "no forwarder");
    return inner_->Commit();
  }
  void Rollback() override {
    if (inner_) inner_->Rollback();
  }

 private:
  const std::shared_ptr<forward::Forwarder> forwarder_;  // before inner_, which points into it
  const std::unique_ptr<Appender> inner_;
};

}  // namespace

std::unique_ptr<Appender> Switchboard::NewAppender() { return std::make_unique<Held>(forwarder()); }

std::shared_ptr<forward::Forwarder> Switchboard::forwarder() const {
  Lock lock(mutex_);
  return forwarder_;
}

Status Switchboard::Replace(
    const std::function<Result<std::shared_ptr<forward::Forwarder>>()>& make) {
  Lock lock(mutex_);
  std::shared_ptr<forward::Forwarder> old = std::move(forwarder_);
  forwarder_.reset();
  // A scrape under way may still hold it; it commits within moments. The last reference must be
  // this one: the new forwarder opens the same folders, and the old one's threads cannot be joined
  // from the HTTP client's.
  while (old.use_count() > 1) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  old.reset();
  DROVER_TRY(forwarder_, make());
  return {};
}

}  // namespace drover::agent
