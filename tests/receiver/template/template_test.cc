#include "receiver/template/template.h"

#include <doctest/doctest.h>

#include "receiver/template/functions.h"

namespace drover::tmpl {
namespace {

std::string Expanded(const TemplateSet& set, std::string_view text, const Value& data = {}) {
  const auto out = set.Expand(text, data);
  return out ? *out : "error " + out.error().message();
}

TEST_SUITE("receiver/template") {
  TEST_CASE("Prometheus' functions print numbers for people") {
    const TemplateSet set(PrometheusFunctions({}));
    struct Case {
      const char* text;
      const char* want;
    };
    for (const Case& c : std::initializer_list<Case>{
             {"{{ humanize 1234567.0 }}", "1.235M"},
             {"{{ humanize 0.00012 }}", "120u"},
             {"{{ humanize1024 1048576.0 }}", "1Mi"},
             {"{{ humanizeDuration 90061.0 }}", "1d 1h 1m 1s"},
             {"{{ humanizePercentage 0.1234 }}", "12.34%"},
             {"{{ humanizeTimestamp 1643114203 }}", "2022-01-25 12:36:43 +0000 UTC"},
             {"{{ 1234567.0 }}", "1.234567e+06"},
             {"{{ printf \"%.2f\" 1.005 }}", "1.00"},
             {"{{ stripPort \"a.b:1\" }} {{ stripDomain \"a.b.c:1\" }} {{ stripPort \"[::1]:9\" }}",
              "a.b a:1 ::1"},
             {"{{ graphLink \"up == 0\" }}", "/graph?g0.expr=up+%3D%3D+0&g0.tab=0"},
             {"{{ parseDuration \"1h30m\" }}", "5400"},
             {"{{ title \"hello wORLD\" }}", "Hello WORLD"},
             {"{{ with args 1 \"b\" }}{{ .arg0 }}{{ .arg1 }}{{ end }}", "1b"},
         }) {
      CAPTURE(c.text);
      CHECK(Expanded(set, c.text) == c.want);
    }
  }

  TEST_CASE("query answers samples that first, label, value and sortByLabel understand") {
    PrometheusEnv env;
    env.query = [](const std::string& expr) -> Result<std::vector<QuerySample>> {
      if (expr != "up") return std::vector<QuerySample>{};
      return std::vector<QuerySample>{{{{"i", "b"}}, 2}, {{{"i", "a"}}, 1}};
    };
    const TemplateSet set(PrometheusFunctions(env));
    CHECK(Expanded(set, "{{ with query \"up\" }}{{ . | first | value }}{{ end }}") == "2");
    CHECK(Expanded(set,
                   "{{ range query \"up\" | sortByLabel \"i\" }}{{ .Labels.i }}{{ .Value }} "
                   "{{ end }}") == "a1 b2 ");
    CHECK(Expanded(set, "{{ query \"x\" | first | value }}")
              .find("first() called on vector with no elements") != std::string::npos);
  }

  TEST_CASE("limits end endless templates") {
    TemplateSet set({}, {.depth = 20, .output_bytes = 1000, .steps = 10'000});
    CHECK(Expanded(set, "{{ define \"x\" }}{{ template \"x\" }}{{ end }}{{ template \"x\" }}")
              .find("maximum template depth") != std::string::npos);
    CHECK(Expanded(set, "{{ range 100000 }}aaaaaaaaaa{{ end }}").find("output is too long") !=
          std::string::npos);
    CHECK(
        Expanded(set, "{{ range 1000000 }}{{ end }}{{ range 100000 }}{{ if 1 }}{{ end }}{{ end }}")
            .find("runs too long") != std::string::npos);
  }

  TEST_CASE("a later text overrides definitions, an empty one does not") {
    TemplateSet set({});
    REQUIRE(set.Parse("a", "{{ define \"t\" }}1{{ end }}").has_value());
    CHECK(Expanded(set, "{{ template \"t\" }}") == "1");
    REQUIRE(set.Parse("b", "{{ define \"t\" }}2{{ end }}").has_value());
    CHECK(Expanded(set, "{{ template \"t\" }}") == "2");
    REQUIRE(set.Parse("c", "{{ define \"t\" }} {{ end }}").has_value());
    CHECK(Expanded(set, "{{ template \"t\" }}") == "2");
  }
}

}  // namespace
}  // namespace drover::tmpl
