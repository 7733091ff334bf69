// Inside the engine: windows of `anchored` and `smoothed` range selectors, floats only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/result.h"
#include "receiver/promql/ast.h"

namespace drover::promql {

// All samples of a series around the window (begin, end].
struct ExtendedWindow {
  const std::int64_t* t;
  const double* v;
  std::size_t n;
  std::int64_t begin;
  std::int64_t end;
  std::int64_t lookback;  // how far neighbours outside of the window may be
};

// kInvalid when the function does not go with the modifier.
Status CheckExtension(Extension extension, std::string_view function);
// Absent() when there is no result.
double OverExtended(Extension extension, std::string_view function, const ExtendedWindow& w);

}  // namespace drover::promql
