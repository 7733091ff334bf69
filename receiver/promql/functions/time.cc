#include <chrono>
#include <cmath>

#include "receiver/promql/functions/table.h"

namespace drover::promql {
namespace {

namespace chr = std::chrono;

Result<Value> Time(Evaluator& evaluator, const Call&) {
  std::vector<double> out(evaluator.grid().size);
  for (std::size_t k = 0; k < out.size(); ++k) {
    out[k] = static_cast<double>(evaluator.grid().At(k)) / 1000;
  }
  return Value::Scalar(std::move(out));
}

Result<Value> Timestamp(Evaluator& evaluator, const Call& call) {
  const Expr& arg = Unwrap(*call.args[0]);
  std::vector<Column> columns;
  if (arg.kind == ExprKind::kVectorSelector) {
    DROVER_TRY(columns,
               SelectInstant(evaluator, arg.As<VectorSelector>(), SelectorOutput::kTimestamp));
  } else {
    DROVER_TRY(columns, evaluator.Vector(arg));
    for (Column& column : columns) {
      column.histograms.clear();
      for (std::size_t i = 0; i < column.values.size(); ++i) {
        if (IsAbsent(column.values[i])) continue;
        column.values[i] = static_cast<double>(evaluator.grid().At(column.first + i)) / 1000;
      }
    }
  }
  DROVER_CHECK(evaluator.DropNames(columns));
  return Value::Vector(std::move(columns));
}

struct Moment {
  chr::year_month_day date;
  chr::sys_days day;
  chr::hh_mm_ss<chr::seconds> time;
};

double Minute(const Moment& m) { return static_cast<double>(m.time.minutes().count()); }
double Hour(const Moment& m) { return static_cast<double>(m.time.hours().count()); }
double DayOfWeek(const Moment& m) { return static_cast<double>(chr::weekday(m.day).c_encoding()); }
double DayOfMonth(const Moment& m) { return static_cast<unsigned>(m.date.day()); }
double DayOfYear(const Moment& m) {
  const chr::sys_days first = m.date.year() / chr::January / 1;
  return static_cast<double>((m.day - first).count() + 1);
}
double DaysInMonth(const Moment& m) {
  return static_cast<unsigned>((m.date.year() / m.date.month() / chr::last).day());
}
double Month(const Moment& m) { return static_cast<unsigned>(m.date.month()); }
double Year(const Moment& m) { return static_cast<int>(m.date.year()); }

double PartOf(double seconds, double (*part)(const Moment&)) {
  // Beyond chrono's years there is no calendar; NaN and infinities have none either.
  if (!(std::fabs(seconds) < 1e12)) return std::nan("");
  const chr::sys_seconds t{chr::seconds(static_cast<std::int64_t>(seconds))};
  const chr::sys_days day = chr::floor<chr::days>(t);
  return part({chr::year_month_day(day), day, chr::hh_mm_ss<chr::seconds>(t - day)});
}

template <double (*part)(const Moment&)>
Result<Value> DatePart(Evaluator& evaluator, const Call& call) {
  std::vector<Column> columns;
  if (call.args.empty()) {
    Column now = WideColumn({}, evaluator.grid().size);
    for (std::size_t k = 0; k < now.values.size(); ++k) {
      now.values[k] = static_cast<double>(evaluator.grid().At(k)) / 1000;
    }
    columns.push_back(std::move(now));
  } else {
    DROVER_TRY(columns, evaluator.Vector(*call.args[0]));
  }
  for (Column& column : columns) {
    for (std::size_t i = 0; i < column.values.size(); ++i) {
      double& v = column.values[i];
      if (!column.histograms.empty() && column.histograms[i]) v = Absent();
      if (!IsAbsent(v)) v = PartOf(v, part);
    }
    column.histograms.clear();
  }
  std::erase_if(columns, [](const Column& c) { return c.IsEmpty(); });
  DROVER_CHECK(evaluator.DropNames(columns));
  return Value::Vector(std::move(columns));
}

constexpr FunctionRow kRows[] = {
    {"time", Time},
    {"timestamp", Timestamp},
    {"minute", DatePart<Minute>},
    {"hour", DatePart<Hour>},
    {"day_of_week", DatePart<DayOfWeek>},
    {"day_of_month", DatePart<DayOfMonth>},
    {"day_of_year", DatePart<DayOfYear>},
    {"days_in_month", DatePart<DaysInMonth>},
    {"month", DatePart<Month>},
    {"year", DatePart<Year>},
};

}  // namespace

std::span<const FunctionRow> TimeFunctions() { return kRows; }

}  // namespace drover::promql
