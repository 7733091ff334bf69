#include <cmath>
#include <cstdio>

#include "receiver/promql/eval/window.h"
#include "receiver/promql/functions/extended.h"
#include "receiver/promql/functions/range_kernels.h"
#include "receiver/promql/functions/range_mixed.h"
#include "receiver/promql/functions/table.h"
#include "receiver/promql/signatures.h"

namespace drover::promql {
namespace {

enum Traits : unsigned {
  kPlain = 0,
  kKeepsName = 1,
  kNeedsDrops = 2,
  kCounter = 4,  // complains about names that are not a counter's
};

bool LooksLikeCounter(std::string_view name) {
  for (const std::string_view end : {"_total", "_sum", "_count", "_bucket"}) {
    if (name.ends_with(end)) return true;
  }
  return name.empty();
}

// Where values fall, for the counter functions: found once, looked up by every window.
void FindDrops(const std::vector<double>& values, std::vector<std::uint32_t>& drops) {
  drops.clear();
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] < values[i - 1]) drops.push_back(static_cast<std::uint32_t>(i));
  }
}

class RangeRunner {
 public:
  RangeRunner(Evaluator& evaluator, const Call& call, RangeKernel kernel, unsigned traits)
      : evaluator_(evaluator),
        call_(call),
        kernel_(kernel),
        traits_(traits),
        gathering_(evaluator.context().budget) {}

  Result<Value> Run() {
    const Expr* matrix = nullptr;
    std::vector<std::vector<double>> params;
    for (const ExprPtr& arg : call_.args) {
      if (arg->type() == ValueType::kMatrix) {
        matrix = arg.get();
      } else {
        DROVER_TRY(params.emplace_back(), evaluator_.Scalars(*arg));
      }
    }
    if (!params.empty()) p1_ = std::move(params[0]);
    if (params.size() > 1) p2_ = std::move(params[1]);
    DROVER_CHECK(CheckParameters());
    matrix_ = matrix;
    DROVER_TRY(shape_, ShapeOf(evaluator_, *matrix));
    DROVER_CHECK(CheckExtension(shape_.extension, call_.signature->name));
    DROVER_CHECK(ForEachRangeSeries(evaluator_, *matrix, shape_, call_.signature->name,
                                    [this](RangeSeries& series) { return OneSeries(series); }));
    if ((traits_ & kKeepsName) == 0) {
      DROVER_CHECK(evaluator_.DropNames(columns_));
    } else {
      DROVER_CHECK(MergeEqualLabels(columns_, kSameLabelset));
    }
    return Value::Vector(std::move(columns_));
  }

 private:
  Status CheckParameters() {
    const std::string_view name = call_.signature->name;
    if (name == "quantile_over_time") {
      for (const double phi : p1_) {
        if (phi >= 0 && phi <= 1) continue;
        char text[80];
        std::snprintf(text, sizeof text, "quantile value should be between 0 and 1, got %g", phi);
        evaluator_.context().annotations.Warn(
            call_.args[0]->range,
            std::isnan(phi) ? "quantile value should be between 0 and 1, got NaN" : text);
      }
    }
    if (name != "double_exponential_smoothing") return {};
    for (std::size_t k = 0; k < p1_.size(); ++k) {
      const bool bad_level = !(p1_[k] > 0 && p1_[k] < 1);
      if (!bad_level && p2_[k] > 0 && p2_[k] < 1) continue;
      char text[120];
      std::snprintf(text, sizeof text, "invalid %s factor. Expected: 0 < %s < 1, got: %f",
                    bad_level ? "smoothing" : "trend", bad_level ? "sf" : "tf",
                    bad_level ? p1_[k] : p2_[k]);
      return Fail(ErrorCode::kInvalid, text);
    }
    return {};
  }

  Status OneSeries(RangeSeries& series) {
    const auto& times = series.samples.t_ms;
    const auto& values = series.samples.value;
    if (shape_.extension != Extension::kNone) return ExtendedSeries(series);
    if (!series.samples.histograms.empty()) return SeriesWithHistograms(series);
    if ((traits_ & kNeedsDrops) != 0) FindDrops(values, drops_);
    const std::size_t steps = evaluator_.grid().size;
    Column column = WideColumn(Labels(), steps);
    std::size_t low = 0;
    std::size_t high = 0;
    std::size_t drop_low = 0;
    std::size_t drop_high = 0;
    std::size_t looked_at = 0;
    std::size_t widest = 0;
    FloatWindow w{};
    bool any = false;
    for (std::size_t k = 0; k < steps; ++k) {
      w.end = shape_.EndAt(k);
      w.begin = w.end - shape_.length;
      while (high < times.size() && times[high] <= w.end) ++high;
      while (low < high && times[low] <= w.begin) ++low;
      if (low == high) continue;
      w.n = high - low;
      looked_at += w.n;
      widest = std::max(widest, w.n);
      w.t = times.data() + low;
      w.v = values.data() + low;
      w.now = evaluator_.grid().At(k);
      if (!p1_.empty()) w.p1 = p1_[k];
      if (!p2_.empty()) w.p2 = p2_[k];
      if ((traits_ & kNeedsDrops) != 0) {
        while (drop_high < drops_.size() && drops_[drop_high] < high) ++drop_high;
        while (drop_low < drop_high && drops_[drop_low] <= low) ++drop_low;
        w.drops = drops_.data() + drop_low;
        w.drop_count = drop_high - drop_low;
        w.drop_base = static_cast<std::uint32_t>(low);
      }
      const double result = kernel_(w);
      any = any || !IsAbsent(result);
      column.values[k] = result;
    }
    DROVER_CHECK(evaluator_.context().budget.Look(widest));
    evaluator_.context().budget.LookedAt(looked_at - widest);
    if (!any) return {};
    column.labels = std::move(series.labels);
    column.drop_name = series.drop_name;
    column.Trim();
    DROVER_CHECK(gathering_.Add(column.values.size()));
    if ((traits_ & kCounter) != 0) Complain(column.labels.Get(kMetricName));
    columns_.push_back(std::move(column));
    return {};
  }

  Status ExtendedSeries(RangeSeries& series) {
    if (!series.samples.histograms.empty()) {
      return Fail(ErrorCode::kUnsupported,
                  "anchored and smoothed are not supported for native histograms");
    }
    Column column = WideColumn(std::move(series.labels), evaluator_.grid().size);
    column.drop_name = series.drop_name;
    const SampleColumns& samples = series.samples;
    for (std::size_t k = 0; k < column.values.size(); ++k) {
      const std::int64_t end = shape_.EndAt(k);
      column.values[k] = OverExtended(shape_.extension, call_.signature->name,
                                      {samples.t_ms.data(), samples.value.data(), samples.size(),
                                       end - shape_.length, end, evaluator_.context().lookback_ms});
    }
    DROVER_CHECK(evaluator_.context().budget.Look(samples.size()));
    if (column.IsEmpty()) return {};
    DROVER_CHECK(gathering_.Add(column.values.size()));
    if ((traits_ & kCounter) != 0) Complain(column.labels.Get(kMetricName));
    columns_.push_back(std::move(column));
    return {};
  }

  // Window by window; those with floats alone go the usual way, without the shortcut for drops.
  Status SeriesWithHistograms(RangeSeries& series) {
    const auto& times = series.samples.t_ms;
    const std::size_t steps = evaluator_.grid().size;
    Column column = WideColumn(std::move(series.labels), steps);
    column.drop_name = series.drop_name;
    MixedCall mixed{evaluator_, call_.signature->name, column.labels, matrix_->range, kernel_};
    std::size_t low = 0;
    std::size_t high = 0;
    for (std::size_t k = 0; k < steps; ++k) {
      FloatWindow w{};
      w.end = shape_.EndAt(k);
      w.begin = w.end - shape_.length;
      while (high < times.size() && times[high] <= w.end) ++high;
      while (low < high && times[low] <= w.begin) ++low;
      if (low == high) continue;
      w.n = high - low;
      w.t = times.data() + low;
      w.v = series.samples.value.data() + low;
      w.now = evaluator_.grid().At(k);
      if (!p1_.empty()) w.p1 = p1_[k];
      if (!p2_.empty()) w.p2 = p2_[k];
      DROVER_CHECK(evaluator_.context().budget.Look(w.n));
      SetPoint(column, k, OverMixed(mixed, w, series.samples.histograms.data() + low));
    }
    if (column.IsEmpty()) return {};
    DROVER_CHECK(gathering_.Add(column.values.size()));
    if ((traits_ & kCounter) != 0 && mixed.float_results) {
      Complain(column.labels.Get(kMetricName));
    }
    columns_.push_back(std::move(column));
    return {};
  }

  void Complain(std::string_view name) {
    if (LooksLikeCounter(name) || name == last_complaint_) return;
    last_complaint_ = std::string(name);
    std::string text =
        "metric might not be a counter, name does not end in _total/_sum/_count/_bucket: ";
    AppendGoQuoted(text, name);
    evaluator_.context().annotations.Info(matrix_->range, text);
  }

  Evaluator& evaluator_;
  const Call& call_;
  const RangeKernel kernel_;
  const unsigned traits_;
  const Expr* matrix_ = nullptr;
  RangeShape shape_;
  std::vector<double> p1_, p2_;
  std::vector<std::uint32_t> drops_;
  std::vector<Column> columns_;
  SampleBudget::Gathering gathering_;
  std::string last_complaint_;
};

template <RangeKernel kernel, unsigned traits = kPlain>
Result<Value> Over(Evaluator& evaluator, const Call& call) {
  return RangeRunner(evaluator, call, kernel, traits).Run();
}

constexpr FunctionRow kRows[] = {
    {"rate", Over<Rate, kNeedsDrops | kCounter>},
    {"increase", Over<Increase, kNeedsDrops | kCounter>},
    {"delta", Over<Delta>},
    {"irate", Over<Irate, kCounter>},
    {"idelta", Over<Idelta>},
    {"resets", Over<Resets, kNeedsDrops>},
    {"changes", Over<Changes>},
    {"deriv", Over<Deriv>},
    {"predict_linear", Over<PredictLinear>},
    {"double_exponential_smoothing", Over<DoubleExponentialSmoothing>},
    {"sum_over_time", Over<SumOverTime>},
    {"avg_over_time", Over<AvgOverTime>},
    {"min_over_time", Over<MinOverTime>},
    {"max_over_time", Over<MaxOverTime>},
    {"count_over_time", Over<CountOverTime>},
    {"present_over_time", Over<PresentOverTime>},
    {"stddev_over_time", Over<StddevOverTime>},
    {"stdvar_over_time", Over<StdvarOverTime>},
    {"quantile_over_time", Over<QuantileOverTime>},
    {"mad_over_time", Over<MadOverTime>},
    {"first_over_time", Over<FirstOverTime, kKeepsName>},
    {"last_over_time", Over<LastOverTime, kKeepsName>},
    {"ts_of_first_over_time", Over<TsOfFirstOverTime>},
    {"ts_of_last_over_time", Over<TsOfLastOverTime>},
    {"ts_of_min_over_time", Over<TsOfMinOverTime>},
    {"ts_of_max_over_time", Over<TsOfMaxOverTime>},
};

}  // namespace

std::span<const FunctionRow> RangeFunctions() { return kRows; }

}  // namespace drover::promql
