#include "tests/conformance/promql/script.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <optional>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "core/regex/regex.h"
#include "receiver/promql/engine.h"
#include "receiver/promql/histogram/arithmetic.h"
#include "receiver/promql/histogram/buckets.h"
#include "receiver/promql/lexer.h"
#include "receiver/promql/series_line.h"
#include "tests/support/memory_store.h"

namespace drover::testing {
namespace {

using promql::InstantVector;
using promql::Matrix;
using promql::MatrixSeries;
using promql::QueryResult;
using promql::SeriesPoint;

constexpr double kTolerance = 1e-6;

std::string_view Trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) {
    text.remove_suffix(1);
  }
  return text;
}

std::string_view Word(std::string_view& text) {
  text = Trimmed(text);
  const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
  const std::string_view word = text.substr(0, end);
  text = Trimmed(text.substr(end));
  return word;
}

// "5m", "300", "-1m", "1m1s".
std::optional<std::int64_t> TimeOf(std::string_view text) {
  const bool minus = text.starts_with('-');
  if (minus) text.remove_prefix(1);
  std::optional<std::int64_t> ms;
  if (const auto d = ParseDuration(text)) {
    ms = d->count();
  } else if (const auto n = ParseFloat(text)) {
    ms = std::llround(*n * 1000);
  }
  return ms && minus ? -*ms : ms;
}

bool Near(double a, double b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  if (a == b) return true;
  if (a == 0 || b == 0 || std::isinf(a) || std::isinf(b)) return false;
  return std::fabs(a - b) / (std::fabs(a) + std::fabs(b)) < kTolerance;
}

std::string Number(double v) {
  std::string out;
  AppendGoFloat(out, v);
  return out;
}

struct Expectation {
  std::string kind;  // fail, warn, info
  std::string text;
  bool regex = false;
  bool any = false;  // no text
};

struct Eval {
  CaseResult result;
  bool range = false;
  std::int64_t start = 0, end = 0, step = 0;
  std::string query;
  bool ordered = false;
  bool no_warn = false, no_info = false;
  std::optional<std::string> string;
  std::optional<std::string> range_vector;
  std::vector<Expectation> expected;
  std::vector<promql::SeriesLine> series;
  std::optional<double> scalar;
  bool nothing = true;

  const Expectation* Failure() const {
    for (const Expectation& e : expected) {
      if (e.kind == "fail") return &e;
    }
    return nullptr;
  }
};

class Runner {
 public:
  explicit Runner(const std::vector<std::string>& lines)
      : lines_(lines), clock_(MakeSystemClock()), engine_(Options(), *clock_) {}

  std::vector<CaseResult> Run() {
    while (at_ < lines_.size()) {
      const std::string_view line = Trimmed(lines_[at_]);
      if (line.empty() || line.starts_with('#')) {
        ++at_;
      } else if (line == "clear") {
        store_.Clear();
        load_error_.clear();
        ++at_;
      } else if (line.starts_with("load")) {
        Load(line);
      } else if (line.starts_with("eval")) {
        Evaluate(line);
      } else {
        results_.push_back({static_cast<int>(at_ + 1), std::string(line), "unknown command"});
        ++at_;
      }
    }
    return std::move(results_);
  }

 private:
  static promql::EngineOptions Options() {
    promql::EngineOptions options;
    options.max_samples = 10'000;
    options.delayed_name_removal = true;
    options.type_and_unit_labels = true;
    options.parser = promql::ParserOptions::All();
    return options;
  }

  // The next line of the command's block; false at its end.
  bool BlockLine(std::string_view& line) {
    while (++at_ < lines_.size()) {
      line = Trimmed(lines_[at_]);
      if (line.empty()) return false;
      if (!line.starts_with('#')) return true;
    }
    return false;
  }

  void Load(std::string_view line) {
    const std::string_view command = Word(line);
    const auto step = TimeOf(Word(line));
    const bool with_nhcb = command == "load_with_nhcb";
    if (command != "load" && !with_nhcb) load_error_ = "unknown load";
    std::map<Labels, CustomHistograms> custom;
    while (BlockLine(line)) {
      const std::size_t end = promql::SeriesLabelsEnd(line);
      if (line.substr(0, end).ends_with("@st") || line.substr(end).starts_with("@st")) {
        load_error_ = "start timestamps are not supported";
        continue;
      }
      auto series = promql::ParseSeriesLine(line);
      if (!series) {
        load_error_ = series.error().message();
        continue;
      }
      if (with_nhcb) Gather(*series, custom);
      AddPoints(*series, step.value_or(0));
    }
    for (const auto& [labels, gathered] : custom) {
      AddPoints(gathered.Series(labels), step.value_or(0));
    }
  }

  // As a head gives them back: the first of a chunk knows nothing (or of a reset), the following
  // ones know that there was none.
  void AddPoints(const promql::SeriesLine& series, std::int64_t step) {
    HistogramPtr before;
    for (std::size_t i = 0; i < series.points.size(); ++i) {
      const SeriesPoint& p = series.points[i];
      if (p.absent) continue;
      HistogramPtr stored = p.histogram;
      if (stored && stored->counter_reset_hint != CounterResetHint::kGauge) {
        auto copy = std::make_shared<FloatHistogram>(*stored);
        if (!before || before->counter_reset_hint == CounterResetHint::kGauge) {
          if (copy->counter_reset_hint != CounterResetHint::kReset) {
            copy->counter_reset_hint = CounterResetHint::kUnknown;
          }
        } else {
          copy->counter_reset_hint = promql::DetectReset(*before, *stored)
                                         ? CounterResetHint::kReset
                                         : CounterResetHint::kNotReset;
        }
        stored = copy;
      }
      before = stored;
      store_.Add(series.labels, static_cast<std::int64_t>(i) * step, p.value, stored);
    }
  }

  // Classic series of one histogram, for load_with_nhcb.
  struct CustomHistograms {
    std::map<double, std::vector<SeriesPoint>> buckets;
    std::vector<SeriesPoint> sum, count;

    promql::SeriesLine Series(const Labels& labels) const {
      promql::SeriesLine out{labels, {}};
      std::size_t steps = 0;
      for (const auto& [bound, points] : buckets) steps = std::max(steps, points.size());
      const auto at = [](const std::vector<SeriesPoint>& points, std::size_t i) {
        return i < points.size() && !points[i].absent ? std::optional<double>(points[i].value)
                                                      : std::nullopt;
      };
      for (std::size_t i = 0; i < steps; ++i) {
        FloatHistogram h;
        h.schema = kCustomBucketsSchema;
        double before = 0;
        bool any = false;
        std::vector<double> counts;
        for (const auto& [bound, points] : buckets) {
          const auto v = at(points, i);
          if (!std::isinf(bound)) h.custom_values.push_back(bound);
          any = any || v.has_value();
          counts.push_back(v.value_or(before) - before);
          before = v.value_or(before);
        }
        if (!std::isinf(buckets.rbegin()->first)) {
          counts.push_back(at(count, i).value_or(before) - before);
          before = at(count, i).value_or(before);
        }
        h.count = at(count, i).value_or(before);
        h.sum = at(sum, i).value_or(0);
        h.positive_spans = {{0, static_cast<std::uint32_t>(counts.size())}};
        h.positive_buckets = counts;
        promql::Compact(h);
        SeriesPoint& point = out.points.emplace_back();
        point.absent = !any;
        point.histogram = std::make_shared<const FloatHistogram>(std::move(h));
      }
      return out;
    }
  };

  static void Gather(const promql::SeriesLine& series, std::map<Labels, CustomHistograms>& custom) {
    const std::string name(series.labels.Get(kMetricName));
    const auto base = [&](std::string_view suffix) {
      LabelsBuilder builder(series.labels);
      builder.Set(kMetricName, name.substr(0, name.size() - suffix.size()));
      builder.Del("le");
      return builder.Build();
    };
    if (name.ends_with("_bucket")) {
      if (const auto bound = ParseFloat(series.labels.Get("le"))) {
        custom[base("_bucket")].buckets.try_emplace(*bound, series.points);
      }
    } else if (name.ends_with("_sum")) {
      custom[base("_sum")].sum = series.points;
    } else if (name.ends_with("_count")) {
      custom[base("_count")].count = series.points;
    }
  }

  void Evaluate(std::string_view line) {
    Eval eval;
    eval.result.line = static_cast<int>(at_ + 1);
    eval.result.command = std::string(line);
    const std::string_view command = Word(line);
    if (command == "eval_fail") eval.expected.push_back({"fail", "", false, true});
    if (command == "eval_warn") eval.expected.push_back({"warn", "", false, true});
    if (command == "eval_info") eval.expected.push_back({"info", "", false, true});
    if (command == "eval_ordered") eval.ordered = true;
    const std::string_view kind = Word(line);
    bool ok = true;
    const auto time = [&](std::int64_t& out) {
      const auto t = TimeOf(Word(line));
      ok = ok && t.has_value();
      out = t.value_or(0);
    };
    if (kind == "instant") {
      Word(line);  // at
      time(eval.start);
    } else {
      eval.range = true;
      Word(line);
      time(eval.start);
      Word(line);
      time(eval.end);
      Word(line);
      time(eval.step);
    }
    eval.query = std::string(line);
    std::string problem = ok ? "" : "bad eval line";
    while (BlockLine(line)) {
      if (const std::string p = Expected(line, eval); !p.empty() && problem.empty()) problem = p;
    }
    if (problem.empty()) problem = Check(eval);
    // What ran on half of its data proves nothing.
    if (!load_error_.empty()) problem = load_error_;
    eval.result.error = problem;
    results_.push_back(eval.result);
  }

  static std::string Expected(std::string_view line, Eval& eval) {
    std::string_view rest = line;
    std::string_view word = Word(rest);
    if (word == "expected_fail_message" || word == "expected_fail_regexp") {
      eval.expected.push_back(
          {"fail", std::string(rest), word == "expected_fail_regexp", rest.empty()});
      return "";
    }
    if (word == "expect") {
      const std::string_view kind = Word(rest);
      if (kind == "ordered") {
        eval.ordered = true;
      } else if (kind == "no_warn") {
        eval.no_warn = true;
      } else if (kind == "no_info") {
        eval.no_info = true;
      } else if (kind == "string") {
        const auto tokens = promql::Lex(rest);
        eval.string = tokens[0].value;
        eval.nothing = false;
      } else if (kind == "range") {
        Word(rest);  // vector
        eval.range_vector = std::string(rest);
      } else if (kind == "fail" || kind == "warn" || kind == "info") {
        Expectation e{std::string(kind), "", false, rest.empty()};
        if (rest.starts_with("msg:")) e.text = std::string(Trimmed(rest.substr(4)));
        if (rest.starts_with("regex:")) {
          e.text = std::string(Trimmed(rest.substr(6)));
          e.regex = true;
        }
        eval.expected.push_back(e);
      } else {
        return "unknown expectation " + std::string(line);
      }
      return "";
    }
    if (rest.empty()) {
      if (const auto number = ParseFloat(word)) {
        eval.scalar = *number;
        eval.nothing = false;
        return "";
      }
    }
    auto series = promql::ParseSeriesLine(line);
    if (!series) return series.error().message();
    eval.series.push_back(*std::move(series));
    eval.nothing = false;
    return "";
  }

  std::string Check(const Eval& eval) {
    auto query = engine_.Parse(eval.query);
    if (!query) return CheckFailure(eval, query.error());
    auto result = eval.range ? engine_.Range(store_, *query, FromMs(eval.start), FromMs(eval.end),
                                             Millis(eval.step))
                             : engine_.Instant(store_, *query, FromMs(eval.start));
    if (!result) return CheckFailure(eval, result.error());
    if (eval.Failure() != nullptr) return "should have failed";
    if (std::string p = CheckAnnotations(eval, *result); !p.empty()) return p;
    if (eval.range || eval.range_vector) return CheckMatrix(eval, *result);
    std::string problem = CheckInstant(eval, *result);
    if (problem.empty() && !eval.ordered && !eval.string) problem = CheckAround(eval, *query);
    return problem;
  }

  static std::string CheckFailure(const Eval& eval, const Error& error) {
    const Expectation* wanted = eval.Failure();
    if (wanted == nullptr || error.code() == ErrorCode::kUnsupported) {
      return "failed: " + error.message();
    }
    return Matches(*wanted, error.message()) ? "" : "wrong error: " + error.message();
  }

  static bool Matches(const Expectation& wanted, const std::string& text) {
    if (wanted.any) return true;
    if (!wanted.regex) return wanted.text == text;
    const auto regex = Regex::Compile(wanted.text);
    return regex && regex->Search(text);
  }

  static std::string CheckAnnotations(const Eval& eval, const QueryResult& result) {
    for (const std::string kind : {"warn", "info"}) {
      const auto got = kind == "warn" ? result.annotations.Warnings(eval.query, 0)
                                      : result.annotations.Infos(eval.query, 0);
      const bool none = kind == "warn" ? eval.no_warn : eval.no_info;
      if (none && !got.empty()) return "unexpected: " + got[0];
      std::vector<const Expectation*> wanted;
      for (const Expectation& e : eval.expected) {
        if (e.kind == kind) wanted.push_back(&e);
      }
      if (wanted.empty()) continue;
      for (const Expectation* e : wanted) {
        if (std::none_of(got.begin(), got.end(),
                         [&](const std::string& text) { return Matches(*e, text); })) {
          return "missing " + kind + " " + e->text + (got.empty() ? "" : ", got " + got[0]);
        }
      }
      for (const std::string& text : got) {
        if (std::none_of(wanted.begin(), wanted.end(),
                         [&](const Expectation* e) { return Matches(*e, text); })) {
          return "unexpected: " + text;
        }
      }
    }
    return "";
  }

  static std::string CompareHistogram(const SeriesPoint& wanted, const FloatHistogram& got) {
    FloatHistogram a = *wanted.histogram;
    FloatHistogram b = got;
    promql::Compact(a);
    promql::Compact(b);
    const auto all_near = [](const std::vector<double>& x, const std::vector<double>& y) {
      return std::equal(x.begin(), x.end(), y.begin(), y.end(), Near);
    };
    const auto show = [](const FloatHistogram& h) {
      std::string out = "{schema:" + std::to_string(h.schema) + " count:" + Number(h.count) +
                        " sum:" + Number(h.sum) + " z:" + Number(h.zero_count) +
                        " zw:" + Number(h.zero_threshold) + " buckets:";
      for (const double v : h.positive_buckets) out += Number(v) + " ";
      out += "n:";
      for (const double v : h.negative_buckets) out += Number(v) + " ";
      return out + "hint:" + std::to_string(static_cast<int>(h.counter_reset_hint)) + "}";
    };
    const bool same =
        a.schema == b.schema && Near(a.count, b.count) && Near(a.sum, b.sum) &&
        Near(a.zero_count, b.zero_count) && Near(a.zero_threshold, b.zero_threshold) &&
        all_near(a.custom_values, b.custom_values) && a.positive_spans == b.positive_spans &&
        a.negative_spans == b.negative_spans && all_near(a.positive_buckets, b.positive_buckets) &&
        all_near(a.negative_buckets, b.negative_buckets) &&
        (!wanted.names_hint || a.counter_reset_hint == b.counter_reset_hint);
    return same ? "" : "wanted " + show(a) + ", got " + show(b);
  }

  static std::string ComparePoint(const SeriesPoint& wanted, double value,
                                  const HistogramPtr& histogram) {
    if (static_cast<bool>(wanted.histogram) != static_cast<bool>(histogram)) {
      return wanted.histogram ? "wanted a histogram" : "got a histogram";
    }
    if (wanted.histogram) return CompareHistogram(wanted, *histogram);
    return Near(wanted.value, value) ? ""
                                     : "wanted " + Number(wanted.value) + ", got " + Number(value);
  }

  static std::string CheckInstant(const Eval& eval, const QueryResult& result) {
    if (eval.string) {
      const auto* text = std::get_if<std::string>(&result.value);
      return text != nullptr && *text == *eval.string ? "" : "wrong string";
    }
    if (const auto* scalar = std::get_if<promql::ScalarValue>(&result.value)) {
      if (!eval.scalar) return "got a scalar";
      return Near(*eval.scalar, scalar->value)
                 ? ""
                 : "wanted " + Number(*eval.scalar) + ", got " + Number(scalar->value);
    }
    const auto* vector = std::get_if<InstantVector>(&result.value);
    if (vector == nullptr) return "not a vector";
    if (eval.scalar) return "wanted a scalar";
    for (std::size_t i = 0; i < vector->size(); ++i) {
      const auto& element = (*vector)[i];
      const promql::SeriesLine* wanted = nullptr;
      std::size_t place = 0;
      for (; place < eval.series.size(); ++place) {
        if (eval.series[place].labels == element.labels) {
          wanted = &eval.series[place];
          break;
        }
      }
      if (wanted == nullptr) return "unexpected series " + element.labels.ToMetricString();
      if (eval.ordered && place != i) return "wrong order: " + element.labels.ToMetricString();
      if (wanted->points.empty()) return "expectation without a value";
      if (std::string p = ComparePoint(wanted->points[0], element.value, element.histogram);
          !p.empty()) {
        return element.labels.ToMetricString() + ": " + p;
      }
    }
    if (vector->size() != eval.series.size()) {
      return "wanted " + std::to_string(eval.series.size()) + " series, got " +
             std::to_string(vector->size());
    }
    return "";
  }

  static std::string CheckMatrix(const Eval& eval, const QueryResult& result) {
    const auto* matrix = std::get_if<Matrix>(&result.value);
    if (matrix == nullptr) return "not a matrix";
    std::int64_t start = eval.start;
    std::int64_t step = eval.step;
    if (eval.range_vector) {
      std::string_view rest = *eval.range_vector;
      Word(rest);
      start = TimeOf(Word(rest)).value_or(0);
      Word(rest);
      Word(rest);
      Word(rest);
      step = TimeOf(Word(rest)).value_or(0);
    }
    std::size_t expected_series = 0;
    for (const promql::SeriesLine& wanted : eval.series) {
      const bool any = std::any_of(wanted.points.begin(), wanted.points.end(),
                                   [](const SeriesPoint& p) { return !p.absent; });
      if (!any) continue;
      ++expected_series;
      const auto found = std::find_if(matrix->begin(), matrix->end(), [&](const MatrixSeries& s) {
        return s.labels == wanted.labels;
      });
      if (found == matrix->end()) return "missing series " + wanted.labels.ToMetricString();
      if (std::string p = CompareSeries(wanted, found->samples, start, step); !p.empty()) {
        return wanted.labels.ToMetricString() + ": " + p;
      }
    }
    if (eval.scalar && matrix->size() == 1) {
      for (const double v : matrix->front().samples.value) {
        if (!Near(v, *eval.scalar)) return "wanted " + Number(*eval.scalar) + ", got " + Number(v);
      }
      return "";
    }
    return matrix->size() == expected_series ? ""
                                             : "wanted " + std::to_string(expected_series) +
                                                   " series, got " + std::to_string(matrix->size());
  }

  static std::string CompareSeries(const promql::SeriesLine& wanted, const SampleColumns& got,
                                   std::int64_t start, std::int64_t step) {
    std::size_t next = 0;
    for (std::size_t i = 0; i < wanted.points.size(); ++i) {
      const std::int64_t t = start + static_cast<std::int64_t>(i) * step;
      const bool present = next < got.size() && got.t_ms[next] == t;
      if (present == wanted.points[i].absent) {
        return (present ? "unexpected value " + Number(got.value[next]) : std::string("no value")) +
               " at step " + std::to_string(i);
      }
      if (!present) continue;
      const HistogramPtr histogram = got.histograms.empty() ? nullptr : got.histograms[next];
      if (std::string p = ComparePoint(wanted.points[i], got.value[next], histogram); !p.empty()) {
        return p + " at step " + std::to_string(i);
      }
      ++next;
    }
    return next == got.size() ? "" : "more values than expected";
  }

  // An instant query must agree with the same time inside a range query.
  std::string CheckAround(const Eval& eval, const promql::Query& query) {
    if (eval.query.find("start()") != std::string::npos ||
        eval.query.find("end()") != std::string::npos ||
        eval.query.find("step()") != std::string::npos ||
        eval.query.find("range()") != std::string::npos ||
        eval.query.find("STEP()") != std::string::npos) {
      return "";
    }
    const auto result = engine_.Range(store_, query, FromMs(eval.start - 60'000),
                                      FromMs(eval.start + 60'000), Millis(60'000));
    if (!result) {
      // Other times may fail on their own (duplicates that come later).
      return result.error().code() == ErrorCode::kUnsupported ? result.error().message() : "";
    }
    QueryResult instant;
    const Matrix& matrix = std::get<Matrix>(result->value);
    if (eval.scalar) {
      for (std::size_t i = 0; matrix.size() == 1 && i < matrix[0].samples.size(); ++i) {
        if (matrix[0].samples.t_ms[i] == eval.start) {
          instant.value = promql::ScalarValue{matrix[0].samples.value[i]};
        }
      }
    } else {
      InstantVector vector;
      for (const MatrixSeries& series : matrix) {
        for (std::size_t i = 0; i < series.samples.size(); ++i) {
          if (series.samples.t_ms[i] != eval.start) continue;
          vector.push_back(
              {series.labels, series.samples.value[i],
               series.samples.histograms.empty() ? nullptr : series.samples.histograms[i]});
        }
      }
      instant.value = std::move(vector);
    }
    const std::string problem = CheckInstant(eval, instant);
    return problem.empty() ? "" : "as a range query: " + problem;
  }

  const std::vector<std::string>& lines_;
  std::size_t at_ = 0;
  std::unique_ptr<Clock> clock_;
  promql::Engine engine_;
  MemoryStore store_;
  std::string load_error_;
  std::vector<CaseResult> results_;
};

}  // namespace

std::vector<CaseResult> RunScript(const std::vector<std::string>& lines) {
  return Runner(lines).Run();
}

}  // namespace drover::testing
