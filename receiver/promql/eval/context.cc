#include "receiver/promql/eval/context.h"

namespace drover::promql {

Status SampleBudget::TooMany() {
  return Fail(ErrorCode::kExhausted,
              "query processing would load too many samples into memory in query execution");
}

Status SampleBudget::Hold(std::size_t n) {
  held_ += n;
  if (held_ > peak_) peak_ = held_;
  return held_ > max_ ? TooMany() : Status();
}

Status Context::Continue() const {
  if (stop.stop_requested()) {
    return Fail(ErrorCode::kCancelled, "query was canceled in expression evaluation");
  }
  if (clock.Mono() > deadline) {
    return Fail(ErrorCode::kUnavailable, "query timed out in expression evaluation");
  }
  return {};
}

}  // namespace drover::promql
