// Evaluates PromQL over a Queryable.
//
//   Engine engine({}, clock);
//   DROVER_TRY(const Query query, engine.Parse("sum(rate(x_total[5m]))"));
//   DROVER_TRY(const QueryResult result, engine.Instant(storage, query, clock.Now()));
//
// A range query is evaluated node by node over all its steps at once: samples of a series are
// decoded once, and functions are loops over arrays.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/series/queryable.h"
#include "receiver/promql/parser.h"
#include "receiver/promql/value.h"

namespace drover::promql {

struct EngineOptions {
  Millis lookback_delta = std::chrono::minutes(5);
  Millis default_subquery_step = std::chrono::minutes(1);  // at first: SetDefaultSubqueryStep
  Millis timeout = std::chrono::minutes(2);
  std::size_t max_samples = 50'000'000;
  // Names are dropped at the very end instead of by each function
  // (--enable-feature=promql-delayed-name-removal).
  bool delayed_name_removal = false;
  // __type__ and __unit__ go where the name goes (--enable-feature=type-and-unit-labels).
  bool type_and_unit_labels = false;
  ParserOptions parser;
};

// Immutable; shared by as many evaluations as one likes.
struct Query {
  std::string text;
  std::shared_ptr<const Expr> expr;
};

struct QueryParams {
  std::optional<Millis> lookback_delta;
  std::optional<Millis> timeout;  // only shortens the engine's
  std::stop_token stop;
  std::size_t limit = 0;  // most series answered, a warning tells of more; 0: all
};

// Thread-safe.
class Engine {
 public:
  Engine(const EngineOptions& options, const Clock& clock)
      : options_(options),
        clock_(&clock),
        subquery_step_ms_(options.default_subquery_step.count()) {}

  // With the features of the options.
  Result<Query> Parse(std::string_view text) const;

  // Errors: kInvalid and kExhausted (too many samples) are upstream's "execution" (422), with its
  // texts; kUnavailable is a timeout (503), kCancelled the stop token (499); kUnsupported what this
  // engine lacks; others come from `storage`.
  Result<QueryResult> Instant(const Queryable& storage, const Query& query, TimePoint t,
                              const QueryParams& params = {}) const;
  // Steps start, start + step … <= end; step > 0, end >= start. The value is always a Matrix.
  // kInvalid also for a query that is neither scalar nor instant vector.
  Result<QueryResult> Range(const Queryable& storage, const Query& query, TimePoint start,
                            TimePoint end, Millis step, const QueryParams& params = {}) const;

  const EngineOptions& options() const { return options_; }
  // global.evaluation_interval, which a reload may change. Holds for queries that begin after.
  void SetDefaultSubqueryStep(Millis step) { subquery_step_ms_ = step.count(); }

 private:
  const EngineOptions options_;
  const Clock* const clock_;
  std::atomic<std::int64_t> subquery_step_ms_;
};

}  // namespace drover::promql
