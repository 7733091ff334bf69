// What samples are appended to stays the same object while a reload replaces the forwarder behind
// it.
#pragma once

#include <functional>
#include <memory>

#include "agent/forward/forwarder.h"
#include "core/base/mutex.h"
#include "core/metrics/registry.h"
#include "core/series/appender.h"

namespace drover::agent::forward {

// Thread-safe; Replace is for one thread at a time.
class Switchboard final : public Appendable {
 public:
  // `registry` outlives it. Counts samples that came while there was no forwarder.
  explicit Switchboard(Registry& registry);

  // Never waits. Without a forwarder everything is refused with kUnavailable, and counted as lost
  // when it is committed.
  std::unique_ptr<Appender> NewAppender() override;
  std::shared_ptr<Forwarder> forwarder() const;

  // Destroys the old forwarder, then makes the new one (both use the queues' folders). Waits for
  // the appenders of the old one; meanwhile, and after an error, there is none.
  Status Replace(const std::function<Result<std::shared_ptr<Forwarder>>()>& make);

 private:
  class Held;
  Counter& refused_;
  mutable Mutex mutex_;
  std::shared_ptr<Forwarder> forwarder_ GUARDED_BY(mutex_);
};

}  // namespace drover::agent::forward
