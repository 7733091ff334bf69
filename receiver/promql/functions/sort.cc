#include <algorithm>
#include <cmath>

#include "receiver/promql/functions/table.h"

namespace drover::promql {
namespace {

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Runs of digits compare as numbers. <0, 0, >0.
int NaturalCompare(std::string_view a, std::string_view b) {
  std::size_t i = 0;
  std::size_t j = 0;
  while (i < a.size() && j < b.size()) {
    if (IsDigit(a[i]) && IsDigit(b[j])) {
      std::size_t a_end = i;
      std::size_t b_end = j;
      while (a_end < a.size() && IsDigit(a[a_end])) ++a_end;
      while (b_end < b.size() && IsDigit(b[b_end])) ++b_end;
      std::string_view x = a.substr(i, a_end - i);
      std::string_view y = b.substr(j, b_end - j);
      while (x.size() > 1 && x.front() == '0') x.remove_prefix(1);
      while (y.size() > 1 && y.front() == '0') y.remove_prefix(1);
      if (x.size() != y.size()) return x.size() < y.size() ? -1 : 1;
      if (const int order = x.compare(y); order != 0) return order;
      i = a_end;
      j = b_end;
    } else {
      if (a[i] != b[j]) {
        return static_cast<unsigned char>(a[i]) < static_cast<unsigned char>(b[j]) ? -1 : 1;
      }
      ++i;
      ++j;
    }
  }
  if (a.size() - i != b.size() - j) return a.size() - i < b.size() - j ? -1 : 1;
  return a.compare(b);
}

// False when sorting has no effect: range queries sort by labels.
bool Sorts(Evaluator& evaluator, const Call& call) {
  if (evaluator.context().instant) return true;
  evaluator.context().annotations.Warn(
      call.range,
      "sort is ineffective for range queries since results are always ordered by labels");
  return false;
}

template <bool descending>
Result<Value> Sort(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(auto columns, evaluator.Vector(*call.args[0]));
  if (!Sorts(evaluator, call)) return Value::Vector(std::move(columns));
  std::erase_if(columns, [](const Column& c) { return c.IsHistogram(0); });
  std::stable_sort(columns.begin(), columns.end(), [](const Column& a, const Column& b) {
    const double x = a.At(0);
    const double y = b.At(0);
    if (std::isnan(x) || std::isnan(y)) return !std::isnan(x) && std::isnan(y);
    return descending ? x > y : x < y;
  });
  return Value::Vector(std::move(columns));
}

template <bool descending>
Result<Value> SortByLabel(Evaluator& evaluator, const Call& call) {
  DROVER_TRY(auto columns, evaluator.Vector(*call.args[0]));
  if (!Sorts(evaluator, call)) return Value::Vector(std::move(columns));
  std::stable_sort(columns.begin(), columns.end(), [&](const Column& a, const Column& b) {
    int order = 0;
    for (std::size_t i = 1; i < call.args.size() && order == 0; ++i) {
      const std::string& label = Evaluator::String(*call.args[i]);
      order = NaturalCompare(a.labels.Get(label), b.labels.Get(label));
    }
    if (order == 0) order = a.labels.Compare(b.labels);
    return descending ? order > 0 : order < 0;
  });
  return Value::Vector(std::move(columns));
}

constexpr FunctionRow kRows[] = {
    {"sort", Sort<false>},
    {"sort_desc", Sort<true>},
    {"sort_by_label", SortByLabel<false>},
    {"sort_by_label_desc", SortByLabel<true>},
};

}  // namespace

std::span<const FunctionRow> SortFunctions() { return kRows; }

}  // namespace drover::promql
