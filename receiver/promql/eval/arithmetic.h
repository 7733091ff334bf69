// Inside the engine: the float operators as functors, chosen once per loop.
#pragma once

#include <cmath>

#include "receiver/promql/ast.h"

namespace drover::promql {

// Calls run(op) with op(double, double) -> double; comparisons answer 1 or 0. Not for set
// operators and trimming.
template <typename Run>
void WithScalarOperator(BinaryOp op, Run&& run) {
  switch (op) {
    case BinaryOp::kAdd:
      return run([](double a, double b) { return a + b; });
    case BinaryOp::kSub:
      return run([](double a, double b) { return a - b; });
    case BinaryOp::kMul:
      return run([](double a, double b) { return a * b; });
    case BinaryOp::kDiv:
      return run([](double a, double b) { return a / b; });
    case BinaryOp::kMod:
      return run([](double a, double b) { return std::fmod(a, b); });
    case BinaryOp::kPow:
      return run([](double a, double b) { return std::pow(a, b); });
    case BinaryOp::kAtan2:
      return run([](double a, double b) { return std::atan2(a, b); });
    case BinaryOp::kEqual:
      return run([](double a, double b) { return a == b ? 1.0 : 0.0; });
    case BinaryOp::kNotEqual:
      return run([](double a, double b) { return a != b ? 1.0 : 0.0; });
    case BinaryOp::kGreater:
      return run([](double a, double b) { return a > b ? 1.0 : 0.0; });
    case BinaryOp::kLess:
      return run([](double a, double b) { return a < b ? 1.0 : 0.0; });
    case BinaryOp::kGreaterEqual:
      return run([](double a, double b) { return a >= b ? 1.0 : 0.0; });
    case BinaryOp::kLessEqual:
      return run([](double a, double b) { return a <= b ? 1.0 : 0.0; });
    case BinaryOp::kAnd:
    case BinaryOp::kOr:
    case BinaryOp::kUnless:
    case BinaryOp::kTrimUpper:
    case BinaryOp::kTrimLower:
      break;
  }
}

// Kahan–Neumaier: `sum` + `c` is the total.
struct CompensatedSum {
  double sum = 0;
  double c = 0;

  void Add(double x) {
    const double t = sum + x;
    if (std::isinf(t)) {
      c = 0;
    } else if (std::fabs(sum) >= std::fabs(x)) {
      c += (sum - t) + x;
    } else {
      c += (x - t) + sum;
    }
    sum = t;
  }
  double Total() const { return sum + c; }
};

// Mean of compensated sums; once the sum would overflow it goes on as a running mean.
struct CompensatedMean {
  CompensatedSum sum;
  double count = 0;
  bool incremental = false;

  void Add(double x) {
    ++count;
    if (!incremental) {
      CompensatedSum next = sum;
      next.Add(x);
      if (count == 1 || !std::isinf(next.sum) || std::isinf(sum.sum) || std::isinf(x)) {
        sum = next;
        return;
      }
      incremental = true;
      sum.sum /= count - 1;
      sum.c /= count - 1;
    }
    if (std::isinf(sum.sum)) {
      if (std::isinf(x) && (sum.sum > 0) == (x > 0)) return;
      if (!std::isinf(x) && !std::isnan(x)) return;
    }
    const double q = (count - 1) / count;
    CompensatedSum mean{q * sum.sum, q * sum.c};
    mean.Add(x / count);
    sum = mean;
  }
  double Mean() const {
    if (incremental) return sum.sum + sum.c;
    return sum.sum / count + sum.c / count;
  }
};

}  // namespace drover::promql
