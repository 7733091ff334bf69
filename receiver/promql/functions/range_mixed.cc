#include "receiver/promql/functions/range_mixed.h"

#include <algorithm>
#include <array>

#include "receiver/promql/histogram/arithmetic.h"
#include "receiver/promql/histogram/buckets.h"

namespace drover::promql {
namespace {

double Seconds(std::int64_t ms) { return static_cast<double>(ms) / 1000; }

class Mixed {
 public:
  Mixed(MixedCall& call, const FloatWindow& w, const HistogramPtr* h) : call_(call), w_(w), h_(h) {
    for (std::size_t i = 0; i < w.n; ++i) (h[i] ? histograms_ : floats_) += 1;
  }

  Point Run() {
    const std::string_view name = call_.function;
    if (histograms_ == 0) return OverFloats();
    if (name == "rate") return Rate(true, true);
    if (name == "increase") return Rate(true, false);
    if (name == "delta") return Rate(false, false);
    if (name == "irate" || name == "idelta") return Instant(name == "irate");
    if (name == "sum_over_time" || name == "avg_over_time") return Sum(name == "avg_over_time");
    if (name == "resets" || name == "changes") return Count(name == "resets");
    if (name == "first_over_time") return {h_[0] ? 0 : w_.v[0], h_[0]};
    if (name == "last_over_time") return {h_[w_.n - 1] ? 0 : w_.v[w_.n - 1], h_[w_.n - 1]};
    if (name == "count_over_time" || name == "present_over_time" ||
        name == "ts_of_first_over_time" || name == "ts_of_last_over_time") {
      return {call_.kernel(w_), nullptr};
    }
    if (floats_ == 0) return Point::None();
    Note(false,
         "ignored histograms in a range containing both floats and histograms for metric "
         "name ");
    return OverFloats();
  }

 private:
  // The kernel over a copy of the floats.
  Point OverFloats() {
    std::vector<std::int64_t> times;
    std::vector<double> values;
    for (std::size_t i = 0; i < w_.n; ++i) {
      if (h_[i]) continue;
      times.push_back(w_.t[i]);
      values.push_back(w_.v[i]);
    }
    std::vector<std::uint32_t> drops;
    for (std::size_t i = 1; i < values.size(); ++i) {
      if (values[i] < values[i - 1]) drops.push_back(static_cast<std::uint32_t>(i));
    }
    FloatWindow w = w_;
    w.t = times.data();
    w.v = values.data();
    w.n = values.size();
    w.drops = drops.data();
    w.drop_count = drops.size();
    w.drop_base = 0;
    const double v = call_.kernel(w);
    call_.float_results = call_.float_results || !IsAbsent(v);
    return {v, nullptr};
  }

  void Note(bool warning, std::string body) {
    AppendGoQuoted(body, call_.labels.Get(kMetricName));
    Annotations& annotations = call_.evaluator.context().annotations;
    if (warning) {
      annotations.Warn(call_.where, std::move(body));
    } else {
      annotations.Info(call_.where, std::move(body));
    }
  }
  Point Warned(std::string body) {
    Note(true, std::move(body));
    return Point::None();
  }

  // False (with a warning) when exponential and custom buckets are mixed.
  bool OneKind(std::size_t from = 0) {
    for (std::size_t i = from; i < w_.n; ++i) {
      if (h_[i]->UsesCustomBuckets() == h_[from]->UsesCustomBuckets()) continue;
      Note(true,
           "vector contains a mix of histograms with exponential and custom buckets schemas "
           "for metric name ");
      return false;
    }
    return true;
  }

  void CheckHints(bool counter, std::size_t from = 0) {
    for (std::size_t i = from; i < w_.n; ++i) {
      const bool gauge = h_[i]->counter_reset_hint == CounterResetHint::kGauge;
      if (gauge == !counter) continue;
      Note(true, counter ? "this native histogram metric is not a counter: "
                         : "this native histogram metric is not a gauge: ");
      return;
    }
  }

  void AddNote(const AddNotes& notes, const char* what) {
    if (!notes.reconciled_bounds) return;
    call_.evaluator.context().annotations.Info(
        call_.where, std::string("mismatched custom buckets were reconciled during ") + what);
  }

  Point Rate(bool counter, bool per_second) {
    if (w_.n < 2) return Point::None();
    if (floats_ > 0) return Warned("encountered a mix of histograms and floats for metric name ");
    // A reset right after the first sample makes it count as empty: it is neither taken off nor
    // added, so that its buckets do not matter.
    const bool first_reset = counter && DetectReset(*h_[0], *h_[1]);
    if (!OneKind(first_reset ? 1 : 0)) return Point::None();
    CheckHints(counter);
    std::int32_t schema = h_[w_.n - 1]->schema;
    for (std::size_t i = first_reset ? 1 : 0; i < w_.n; ++i) {
      schema = std::min(schema, h_[i]->schema);
    }
    FloatHistogram first = *h_[0];
    FloatHistogram sum = *h_[w_.n - 1];
    ReduceTo(sum, schema);
    AddNotes notes;
    if (!first_reset) {
      ReduceTo(first, schema);
      sum = Add(sum, first, -1, notes);
    }
    for (std::size_t i = 2; counter && i < w_.n; ++i) {
      if (DetectReset(*h_[i - 1], *h_[i])) sum = Add(sum, *h_[i - 1], 1, notes);
    }
    AddNote(notes, "subtraction");
    double to_start = Seconds(w_.t[0] - w_.begin);
    double to_end = Seconds(w_.end - w_.t[w_.n - 1]);
    const double sampled = Seconds(w_.t[w_.n - 1] - w_.t[0]);
    const double mean_distance = sampled / static_cast<double>(w_.n - 1);
    if (to_start >= mean_distance * 1.1) to_start = mean_distance / 2;
    if (counter && sum.count > 0 && first.count >= 0) {
      to_start = std::min(to_start, sampled * (first.count / sum.count));
    }
    if (to_end >= mean_distance * 1.1) to_end = mean_distance / 2;
    double factor = (sampled + to_start + to_end) / sampled;
    if (per_second) factor /= Seconds(w_.end - w_.begin);
    return Gauge(Multiplied(sum, factor));
  }

  static Point Gauge(FloatHistogram h) {
    h.counter_reset_hint = CounterResetHint::kGauge;
    Compact(h);
    return Point::Of(std::move(h));
  }

  Point Instant(bool rate) {
    if (w_.n < 2) return Point::None();
    const std::size_t last = w_.n - 1;
    const HistogramPtr& b = h_[last];
    const HistogramPtr& a = h_[last - 1];
    if (!a && !b) return OverLastFloats();
    if (!a || !b) return Warned("encountered a mix of histograms and floats for metric name ");
    if (!OneKind(last - 1)) return Point::None();
    CheckHints(rate, last - 1);
    const std::int64_t distance = w_.t[last] - w_.t[last - 1];
    if (distance == 0) return Point::None();
    FloatHistogram difference = *b;
    if (!rate || !DetectReset(*a, *b)) {
      AddNotes notes;
      difference = Add(*b, *a, -1, notes);
      AddNote(notes, "subtraction");
    }
    return Gauge(rate ? Divided(difference, Seconds(distance)) : std::move(difference));
  }

  Point OverLastFloats() {
    FloatWindow w = w_;
    w.t += w_.n - 2;
    w.v += w_.n - 2;
    w.n = 2;
    const double v = call_.kernel(w);
    call_.float_results = call_.float_results || !IsAbsent(v);
    return {v, nullptr};
  }

  Point Sum(bool average) {
    if (floats_ > 0) return Warned("encountered a mix of histograms and floats for metric name ");
    if (!OneKind()) return Point::None();
    HistogramSum sum;
    for (std::size_t i = 0; i < w_.n; ++i) sum.Add(*h_[i]);
    if (sum.notes.conflicting_resets) {
      call_.evaluator.context().annotations.Warn(
          call_.where, "conflicting counter resets during histogram aggregation");
    }
    AddNote(sum.notes, "aggregation");
    return Point::Of(average ? Divided(sum.sum, sum.n) : std::move(sum.sum));
  }

  Point Count(bool resets) {
    double n = 0;
    for (std::size_t i = 1; i < w_.n; ++i) {
      if (static_cast<bool>(h_[i]) != static_cast<bool>(h_[i - 1])) {
        ++n;
      } else if (h_[i]) {
        n += resets ? DetectReset(*h_[i - 1], *h_[i]) : !SameHistogram(*h_[i - 1], *h_[i]);
      } else if (resets) {
        n += w_.v[i] < w_.v[i - 1];
      } else {
        n += w_.v[i] != w_.v[i - 1] && !(w_.v[i] != w_.v[i] && w_.v[i - 1] != w_.v[i - 1]);
      }
    }
    return {n, nullptr};
  }

  MixedCall& call_;
  const FloatWindow& w_;
  const HistogramPtr* h_;
  std::size_t floats_ = 0;
  std::size_t histograms_ = 0;
};

}  // namespace

Point OverMixed(MixedCall& call, const FloatWindow& w, const HistogramPtr* h) {
  return Mixed(call, w, h).Run();
}

}  // namespace drover::promql
