#include "core/model/labels.h"

#include <doctest/doctest.h>

#include "core/model/matcher.h"

namespace drover {
TEST_SUITE("core/model/labels") {
  TEST_CASE("sorted, without empty values, last of a repeated name wins") {
    const Labels labels{{"b", "2"}, {"a", "1"}, {"c", ""}, {"b", "3"}};
    CHECK(labels.ToString() == R"({a="1", b="3"})");
    CHECK(labels.size() == 2);
    CHECK(labels.Get("b") == "3");
    CHECK(labels.Get("c").empty());
    CHECK(labels == Labels{{"a", "1"}, {"b", "3"}});
  }
  TEST_CASE("long values keep their length") {
    const std::string value(300, 'x');
    const Labels labels{{"a", value}, {"b", "1"}};
    CHECK(labels.Get("a") == value);
    CHECK(labels.Get("b") == "1");
  }
  TEST_CASE("order is label by label, a prefix first") {
    CHECK(Labels{{"a", "1"}} < Labels{{"a", "1"}, {"b", "1"}});
    CHECK(Labels{{"a", "1"}, {"z", "1"}} < Labels{{"a", "2"}});
    CHECK(Labels{{"a", "2"}} < Labels{{"b", "1"}});
    CHECK(Labels{{"a", "10"}} < Labels{{"a", "9"}});
    CHECK_FALSE(Labels{} < Labels{});
  }
  TEST_CASE("the builder changes and rebuilds") {
    LabelsBuilder builder(Labels{{"a", "1"}, {"b", "2"}});
    builder.Set("c", "3");
    builder.Set("a", "9");
    builder.Del("b");
    CHECK(builder.Build() == Labels{{"a", "9"}, {"c", "3"}});
    builder.Keep({"c"});
    CHECK(builder.Build() == Labels{{"c", "3"}});
  }
  TEST_CASE("metric strings quote what is no identifier") {
    CHECK(Labels{{"__name__", "up"}, {"job", "a\"b"}}.ToMetricString() == R"(up{job="a\"b"})");
    CHECK(Labels{{"__name__", "up"}}.ToMetricString() == "up");
    CHECK(Labels{{"__name__", "my.metric"}, {"k8s.pod", "x"}}.ToMetricString() ==
          R"({"my.metric", "k8s.pod"="x"})");
    CHECK(Labels{}.ToMetricString() == "{}");
  }
  TEST_CASE("matchers see an absent label as empty") {
    const Labels labels{{"job", "node"}};
    CHECK(Matcher::Make(MatchType::kEqual, "x", "").value().Matches(labels));
    CHECK(Matcher::Make(MatchType::kRegexp, "job", "n.*").value().Matches(labels));
    CHECK_FALSE(Matcher::Make(MatchType::kNotRegexp, "job", "node|db").value().Matches(labels));
    CHECK(Matcher::Make(MatchType::kNotEqual, "x", "y").value().MatchesEmpty());
  }
}
}  // namespace drover
