// A log that a test reads.
#pragma once

#include <string>

#include "core/base/log.h"
#include "core/base/mutex.h"

namespace drover::testing {

// Thread-safe.
class MemoryLog final : public LogSink {
 public:
  void Write(std::string_view line) override {
    Lock lock(mutex_);
    text_ += line;
  }
  std::string text() const {
    Lock lock(mutex_);
    return text_;
  }

 private:
  mutable Mutex mutex_;
  std::string text_ GUARDED_BY(mutex_);
};

}  // namespace drover::testing
