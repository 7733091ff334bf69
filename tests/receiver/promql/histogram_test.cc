#include <cmath>

#include <doctest/doctest.h>

#include "receiver/promql/histogram/arithmetic.h"
#include "receiver/promql/histogram/buckets.h"
#include "receiver/promql/histogram/quantile.h"
#include "receiver/promql/histogram/trim.h"
#include "receiver/promql/series_line.h"

namespace drover::promql {
namespace {

FloatHistogram Made(const std::string& text) {
  const auto points = ParseSeriesValues("{{" + text + "}}");
  REQUIRE(points.has_value());
  return *(*points)[0].histogram;
}

TEST_SUITE("receiver/promql/histogram") {
  TEST_CASE("bounds of powers of two are exact in every schema") {
    FloatHistogram h;
    for (int schema = -4; schema <= 8; ++schema) {
      h.schema = schema;
      CHECK(UpperBound(h, 0) == 1.0);
      const int octave = schema >= 0 ? 1 << schema : 1;
      CHECK(UpperBound(h, octave) == std::ldexp(1.0, schema >= 0 ? 1 : 1 << -schema));
      CHECK(UpperBound(h, -octave) == std::ldexp(1.0, schema >= 0 ? -1 : -(1 << -schema)));
    }
  }

  TEST_CASE("a coarser schema merges neighbours") {
    FloatHistogram h = Made("schema:1 count:10 sum:1 offset:-1 buckets:[1 2 3 4]");
    ReduceTo(h, 0);
    // Indexes -1, 0 end in (0.5, 1]; 1, 2 in (1, 2].
    CHECK(h.positive_spans == std::vector<HistogramSpan>{{0, 2}});
    CHECK(h.positive_buckets == std::vector<double>{3, 7});
  }

  TEST_CASE("the zero bucket takes in what it touches, to the end of a bucket") {
    FloatHistogram h = Made("count:6 sum:1 z_bucket:1 z_bucket_w:0.001 buckets:[2 3]");
    WidenZero(h, 0.75);
    CHECK(h.zero_threshold == 1);
    CHECK(h.zero_count == 3);
    CHECK(h.positive_buckets == std::vector<double>{3});
  }

  TEST_CASE("sums bring both sides to the same buckets") {
    AddNotes notes;
    const FloatHistogram sum = Add(Made("schema:0 count:3 sum:3 buckets:[1 2]"),
                                   Made("schema:1 count:4 sum:2 buckets:[1 1 2]"), 1, notes);
    CHECK(sum.schema == 0);
    CHECK(sum.count == 7);
    CHECK(sum.positive_buckets == std::vector<double>{2, 5});
    CHECK_FALSE(notes.incompatible);
    Add(Made("schema:0"), Made("schema:-53 custom_values:[1]"), 1, notes);
    CHECK(notes.incompatible);
    const FloatHistogram custom =
        Add(Made("schema:-53 count:3 custom_values:[1 2 3] buckets:[1 1 1]"),
            Made("schema:-53 count:2 custom_values:[2 4] buckets:[1 1]"), 1, notes);
    CHECK(custom.custom_values == std::vector<double>{2});
    CHECK(custom.positive_buckets == std::vector<double>{3, 2});
    CHECK(notes.reconciled_bounds);
  }

  TEST_CASE("a fallen bucket is a reset, a finer schema too") {
    const FloatHistogram before = Made("count:4 buckets:[1 2 1]");
    CHECK_FALSE(DetectReset(before, Made("count:5 buckets:[1 2 2]")));
    CHECK(DetectReset(before, Made("count:5 buckets:[0 2 3]")));
    CHECK(DetectReset(before, Made("count:5 schema:1 buckets:[1 2 2]")));
    CHECK(DetectReset(before, Made("count:5 counter_reset_hint:reset buckets:[1 2 2]")));
  }

  TEST_CASE("quantiles and fractions interpolate on a log scale") {
    const FloatHistogram h = Made("count:4 sum:5 buckets:[1 2 1]");
    QuantileNotes notes;
    CHECK(HistogramQuantileOf(0.5, h, notes) == doctest::Approx(std::sqrt(2.0)));
    CHECK(HistogramQuantileOf(1, h, notes) == doctest::Approx(4.0));
    bool has_nan = false;
    CHECK(HistogramFractionOf(1, 2, h, has_nan) == doctest::Approx(0.5));
    CHECK(HistogramFractionOf(0, 8, h, has_nan) == doctest::Approx(1));
    const FloatHistogram custom = Made("schema:-53 count:4 custom_values:[5 10] buckets:[1 2 1]");
    CHECK(HistogramQuantileOf(0.5, custom, notes) == doctest::Approx(7.5));
  }

  TEST_CASE("trimming cuts the bucket that holds the bound") {
    const FloatHistogram h = Made("count:4 sum:5 buckets:[1 2 1]");
    CHECK(Trimmed(h, 2, true).count == doctest::Approx(3));
    CHECK(Trimmed(h, std::sqrt(2.0), false).count == doctest::Approx(2));
    CHECK(Trimmed(h, 100, true).sum == 5);
    CHECK(HistogramText(h) == "{count:4, sum:5, (0.5,1]:1, (1,2]:2, (2,4]:1}");
  }
}

}  // namespace
}  // namespace drover::promql
