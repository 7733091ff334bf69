#include "core/regex/regex.h"

#include <doctest/doctest.h>

namespace drover {
TEST_SUITE("core/regex") {
  TEST_CASE("full matches are anchored, also on the fast paths") {
    struct Case {
      const char* pattern;
      const char* text;
      bool match;
    };
    const Case cases[] = {
        {"a|b", "a", true},      {"a|b", "ab", false},      {"(a|b)", "b", true},
        {"foo.*", "foo", true},  {"foo.+", "foo", false},   {"foo.+", "foox", true},
        {".*foo", "xfoo", true}, {".+foo", "foo", false},   {".*foo.*", "xfooy", true},
        {".*", "a\nb", true},    {".+", "", false},         {"a.c", "a\nc", true},
        {"", "", true},          {"", "x", false},          {"a|", "", true},
        {"[0-9]+", "123", true}, {"[0-9]+", "123x", false}, {"(a)(b)?", "a", true},
    };
    for (const Case& c : cases) {
      CAPTURE(c.pattern);
      CAPTURE(c.text);
      CHECK(Regex::Compile(c.pattern).value().FullMatch(c.text) == c.match);
    }
  }
  TEST_CASE("groups and expansion as Go's") {
    const Regex re = Regex::Compile("(?P<host>[^:]+):(\\d+)").value();
    std::vector<std::string_view> groups;
    REQUIRE(re.FullMatchGroups("web-1:9100", groups));
    std::string out;
    re.Expand("$host-${2}-$2x-$$-$9-$", groups, out);
    CHECK(out == "web-1-9100--$--$");
  }
  TEST_CASE("replace everywhere") {
    CHECK(Regex::Compile("a+").value().ReplaceAll("baaac a", "<$0>") == "b<aaa>c <a>");
    CHECK(Regex::Compile("x*").value().ReplaceAll("abc", "-") == "-a-b-c-");
    CHECK(Regex::Compile("b").value().ReplaceAll("", "x").empty());
  }
  TEST_CASE("a broken pattern is an error, not a crash") {
    CHECK(Regex::Compile("(").error().code() == ErrorCode::kInvalid);
    CHECK_FALSE(Regex::Compile("a{9999}").has_value());
  }
}
}  // namespace drover
