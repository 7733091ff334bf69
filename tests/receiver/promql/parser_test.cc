#include "receiver/promql/parser.h"

#include <doctest/doctest.h>

#include "receiver/promql/printer.h"
#include "receiver/promql/signatures.h"

namespace drover::promql {
namespace {

std::string Printed(std::string_view query) {
  const auto expr = Parse(query, ParserOptions::All());
  return expr ? ToText(**expr) : "error " + expr.error().message();
}

std::string ErrorOf(std::string_view query, const ParserOptions& options = ParserOptions::All()) {
  const auto expr = Parse(query, options);
  return expr ? "none" : expr.error().message();
}

TEST_SUITE("receiver/promql/parser") {
  TEST_CASE("canonical text normalises numbers, durations and matchers and keeps parentheses") {
    struct Case {
      const char* query;
      const char* want;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"foo", "foo"},
             {"1e3", "1000"},
             {"+5", "5"},
             {"1m + 2", "1m + 2"},
             {"foo[300]", "foo[5m]"},
             {"foo[90m]", "foo[1h30m]"},
             {"rate(foo{z='1',a!~\"x\"}[5m] offset -5m)",
              "rate(foo{a!~\"x\",z=\"1\"}[5m] offset -5m)"},
             {"{\"my.metric\",a='b'}", "{__name__=\"my.metric\",a=\"b\"}"},
             {"foo{\"k8s.pod\"=\"x\"}", "foo{\"k8s.pod\"=\"x\"}"},
             {"sum(foo) by (b,a)", "sum by (b, a) (foo)"},
             {"topk by (a) (3, x)", "topk by (a) (3, x)"},
             {"sum by () (x)", "sum(x)"},
             {"sum without () (x)", "sum without () (x)"},
             {"a+on()group_left()b", "a + on () group_left () b"},
             {"a + ignoring() b", "a + b"},
             {"a == BOOL b", "a == bool b"},
             {"foo @ 1.5 offset 5m", "foo @ 1.500 offset 5m"},
             {"foo offset 5m @ end()", "foo @ end() offset 5m"},
             {"foo[5m:]", "foo[5m:]"},
             {"(a)[5m:1m] @ start()", "(a)[5m:1m] @ start()"},
             {"foo[step()+1]", "foo[step() + 1]"},
             {"foo offset 100 + 2", "foo offset 1m40s + 2"},
             {"foo offset -2^2", "foo offset -2s ^ 2"},
             {"sum", "sum"},
             {"offset offset 5m", "offset offset 5m"},
             {"a and b or c unless d", "a and b or c unless d"},
             {"a + fill (0) b", "a + fill (0) b"},
             {"'it\\'s'", "\"it's\""},
             {"0x1F", "31"},
             {"1_000", "1000"},
             {"-2^2", "-2 ^ 2"},
         }) {
      CAPTURE(c.query);
      CHECK(Printed(c.query) == c.want);
    }
  }

  TEST_CASE("the unary sign binds below the power") {
    const auto expr = Parse("-2^2");
    REQUIRE(expr.has_value());
    CHECK((*expr)->kind == ExprKind::kUnary);
    const auto product = Parse("-a*b");
    CHECK((*product)->kind == ExprKind::kBinary);
    const auto power = Parse("2^3^2");
    CHECK((*power)->As<Binary>().rhs->kind == ExprKind::kBinary);
  }

  TEST_CASE("errors name line, column and what was found") {
    struct Case {
      const char* query;
      const char* want;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"", "unknown position: parse error: no expression found in input"},
             {"foo{", "1:5: parse error: unexpected end of input inside braces"},
             {"up{job=\"a\"", "1:11: parse error: unexpected end of input inside braces"},
             {"(", "1:2: parse error: unclosed left parenthesis"},
             {"1 == 1", "1:3: parse error: comparisons between scalars must use BOOL modifier"},
             {"{job=~\".*\"}",
              "1:1: parse error: vector selector must contain at least one non-empty matcher"},
             {"nofunc(up)", "1:1: parse error: unknown function with name \"nofunc\""},
             {"sum by (job) up", "1:14: parse error: unexpected identifier \"up\" in aggregation"},
             {"foo bar", "1:5: parse error: unexpected identifier \"bar\""},
             {"rate(foo)",
              "1:6: parse error: expected type range vector in call to function \"rate\", got "
              "instant "
              "vector"},
             {"rate()", "1:1: parse error: expected 1 argument(s) in call to \"rate\", got 0"},
             {"foo offset 1h [5m]", "1:1: parse error: no offset modifiers allowed before range"},
             {"sum(x,)", "1:7: parse error: trailing commas not allowed in function call args"},
             {"1 and 2",
              "1:1: parse error: set operator \"and\" not allowed in binary scalar expression"},
             {"a + on(l) group_left(l) b",
              "1:3: parse error: label \"l\" must not occur in ON and GROUP clause at once"},
             {"1.5h", "1:1: parse error: bad number or duration syntax: \"1.5h\""},
             {"foo[0]", "1:5: parse error: duration must be greater than 0"},
             {"\n  foo{a}",
              "2:8: parse error: unexpected \"}\" in label matching, expected label "
              "matching operator"},
             {"rate(x[1m])[5m]", "1:1: parse error: ranges only allowed for vector selectors"},
         }) {
      CAPTURE(c.query);
      CHECK(ErrorOf(c.query) == c.want);
    }
  }

  TEST_CASE("what upstream hides behind a flag is refused without it") {
    CHECK(ErrorOf("mad_over_time(x[5m])", {}) != "none");
    CHECK(ErrorOf("limitk(1, x)", {}) != "none");
    CHECK(ErrorOf("x[5m+1m]", {}) != "none");
    CHECK(ErrorOf("rate(x[5m] anchored)", {}) != "none");
    CHECK(ErrorOf("a + fill(0) b", {}) != "none");
    CHECK(ErrorOf("rate(x[5m] anchored)") == "none");
  }

  TEST_CASE("deep nesting is an error, not a crash") {
    CHECK(ErrorOf(std::string(100'000, '(')).find("nested too deeply") != std::string::npos);
    CHECK(ErrorOf(std::string(100'000, '-') + "x").find("nested too deeply") != std::string::npos);
    std::string sum = "x";
    for (int i = 0; i < 100'000; ++i) sum += "+x";
    CHECK(ErrorOf(sum).find("nested too deeply") != std::string::npos);
  }

  TEST_CASE("a selector text of the API gives its matchers") {
    const auto matchers = ParseMetricSelector("up{job=\"a\"}");
    REQUIRE(matchers.has_value());
    CHECK(matchers->size() == 2);
    CHECK(ParseMetricSelector("(").error().message() == "1:1: parse error: unexpected \"(\"");
  }

  TEST_CASE("pretty text breaks what is wider than 100 bytes") {
    const std::string long_name(60, 'x');
    const auto expr =
        Parse("sum by (a) (rate(" + long_name + "[5m]) / rate(" + long_name + "[5m]))");
    REQUIRE(expr.has_value());
    CHECK(ToPrettyText(**expr) ==
          "sum by (a) (\n    rate(" + long_name + "[5m])\n  /\n    rate(" + long_name + "[5m])\n)");
  }
}

}  // namespace
}  // namespace drover::promql
