#include "core/model/relabel.h"

#include <doctest/doctest.h>

namespace drover {
namespace {
RelabelSpec Spec(std::string action, std::vector<std::string> sources = {},
                 std::string regex = "(.*)") {
  RelabelSpec spec;
  spec.action = std::move(action);
  spec.source_labels = std::move(sources);
  spec.regex = std::move(regex);
  return spec;
}
// "dropped" or the labels.
std::string Run(const RelabelSpec& spec, const Labels& labels) {
  LabelsBuilder builder(labels);
  return Relabel({RelabelRule::Make(spec).value()}, builder) ? builder.Build().ToString()
                                                             : "dropped";
}
}  // namespace
TEST_SUITE("core/model/relabel") {
  const Labels kLabels{{"a", "foo"}, {"b", "bar"}, {"c", "baz"}, {"__meta_x", "1"}};

  TEST_CASE("replace") {
    RelabelSpec spec = Spec("replace", {"a", "b"}, "f(.*);(.*)r");
    spec.target_label = "d";
    spec.replacement = "ch${1}-${2}";
    CHECK(Run(spec, kLabels) == R"({__meta_x="1", a="foo", b="bar", c="baz", d="choo-ba"})");
    spec.target_label = "${2}";
    CHECK(Run(spec, kLabels) == R"({__meta_x="1", a="foo", b="bar", ba="choo-ba", c="baz"})");
    spec.replacement = "";
    spec.target_label = "a";
    CHECK(Run(spec, kLabels) == R"({__meta_x="1", b="bar", c="baz"})");
    spec.regex = "nothing";
    CHECK(Run(spec, kLabels) == kLabels.ToString());
  }
  TEST_CASE("keep, drop, keepequal, dropequal") {
    CHECK(Run(Spec("keep", {"a"}, "f.*"), kLabels) == kLabels.ToString());
    CHECK(Run(Spec("keep", {"a"}, "o"), kLabels) == "dropped");
    CHECK(Run(Spec("drop", {"a", "b"}, "foo;bar"), kLabels) == "dropped");
    RelabelSpec equal = Spec("keepequal", {"a"});
    equal.target_label = "b";
    CHECK(Run(equal, kLabels) == "dropped");
    equal.action = "dropequal";
    CHECK(Run(equal, kLabels) == kLabels.ToString());
  }
  TEST_CASE("hashmod gives Prometheus' number") {
    RelabelSpec spec = Spec("hashmod", {"c"});
    spec.target_label = "d";
    spec.modulus = 1000;
    CHECK(Run(spec, Labels{{"c", "baz"}}) == R"({c="baz", d="976"})");
  }
  TEST_CASE("labelmap, labeldrop, labelkeep, case") {
    RelabelSpec map = Spec("labelmap", {}, "__meta_(.+)");
    CHECK(Run(map, kLabels) == R"({__meta_x="1", a="foo", b="bar", c="baz", x="1"})");
    CHECK(Run(Spec("labeldrop", {}, "__meta_.*|a"), kLabels) == R"({b="bar", c="baz"})");
    CHECK(Run(Spec("labelkeep", {}, "a|b"), kLabels) == R"({a="foo", b="bar"})");
    RelabelSpec upper = Spec("uppercase", {"a"});
    upper.target_label = "a";
    CHECK(Run(upper, Labels{{"a", "Foo"}}) == R"({a="FOO"})");
    upper.action = "lowercase";
    CHECK(Run(upper, Labels{{"a", "Foo"}}) == R"({a="foo"})");
  }
  TEST_CASE("rules that cannot work are refused") {
    CHECK_FALSE(RelabelRule::Make(Spec("nonsense")).has_value());
    CHECK_FALSE(RelabelRule::Make(Spec("replace", {"a"})).has_value());
    CHECK_FALSE(RelabelRule::Make(Spec("keep", {"a"}, "(")).has_value());
    RelabelSpec spec = Spec("hashmod", {"a"});
    spec.target_label = "x";
    CHECK(RelabelRule::Make(spec).error().message() ==
          "relabel configuration for hashmod requires non-zero modulus");
    spec = Spec("labeldrop", {"a"}, "x");
    CHECK_FALSE(RelabelRule::Make(spec).has_value());
  }
}
}  // namespace drover
