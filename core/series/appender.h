// How samples enter a store or a queue. One Appender is one scrape, request or rule evaluation:
// what Append took becomes visible to readers, whole, at Commit; Rollback (or destruction) drops
// it.
#pragma once

#include <cstdint>
#include <memory>

#include "core/base/result.h"
#include "core/model/labels.h"
#include "core/model/sample.h"

namespace drover {

// A store's number for a series; 0 is "not known yet". Valid as long as the store says (a head may
// forget a series: Append then answers with a new one).
using SeriesRef = std::uint64_t;

// One thread at a time.
class Appender {
 public:
  virtual ~Appender() = default;

  // `ref` from an earlier answer skips the look-up of `labels`, which must still be given. Errors
  // concern this sample only; the appender goes on:
  //   kInvalid: out of order, too old, too far ahead, a different value at the same time, bad
  //   labels kExhausted: a series or sample limit
  virtual Result<SeriesRef> Append(SeriesRef ref, const Labels& labels, std::int64_t t_ms,
                                   double value) = 0;
  virtual Status AppendMetadata(const MetricMetadata& metadata) = 0;
  // kExhausted: disk full; kUnavailable: closed. Nothing was taken then, by one queue at least.
  virtual Status Commit() = 0;
  virtual void Rollback() = 0;
};

// Thread-safe.
class Appendable {
 public:
  virtual ~Appendable() = default;
  virtual std::unique_ptr<Appender> NewAppender() = 0;
};

}  // namespace drover
