#include "core/exposition/text_parser.h"

#include <cmath>

#include <doctest/doctest.h>

namespace drover::exposition {
namespace {

std::string ErrorOf(std::string_view text) {
  TextParser parser(text);
  for (;;) {
    const auto entry = parser.Next();
    if (!entry) return entry.error().message();
    if (*entry == TextParser::Entry::kEnd) return "";
    LabelsBuilder labels;
    if (*entry != TextParser::Entry::kSample) continue;
    if (const auto decoded = DecodeSeries(parser.series(), labels); !decoded)
      return decoded.error().message();
  }
}

Labels Decode(std::string_view series) {
  LabelsBuilder labels;
  const auto status = DecodeSeries(series, labels);
  REQUIRE_MESSAGE(status.has_value(), std::string(series));
  return labels.Build();
}

}  // namespace

TEST_SUITE("core/exposition/text_parser") {
  TEST_CASE("entries come in order, with views into the text") {
    const std::string_view text =
        "# HELP a  one \\n two\n# TYPE a counter\n#plain\n\n a {b=\"1\"} 2.5 1700\nlast 3";
    TextParser parser(text);
    REQUIRE(parser.Next().value() == TextParser::Entry::kHelp);
    CHECK(parser.name() == "a");
    CHECK(parser.help() == " one \\n two");
    REQUIRE(parser.Next().value() == TextParser::Entry::kType);
    CHECK(parser.type() == MetricType::kCounter);
    REQUIRE(parser.Next().value() == TextParser::Entry::kComment);
    CHECK(parser.comment() == "plain");
    REQUIRE(parser.Next().value() == TextParser::Entry::kSample);
    CHECK(parser.series() == "a {b=\"1\"}");
    CHECK(parser.series().data() == text.data() + text.find("a {"));
    CHECK(parser.value() == 2.5);
    CHECK(parser.timestamp_ms() == 1700);
    REQUIRE(parser.Next().value() == TextParser::Entry::kSample);
    CHECK(parser.series() == "last");
    CHECK_FALSE(parser.timestamp_ms().has_value());
    CHECK(parser.Next().value() == TextParser::Entry::kEnd);
    CHECK(parser.Next().value() == TextParser::Entry::kEnd);
  }
  TEST_CASE("the spellings of one series decode to the same labels") {
    const Labels want{{"__name__", "a"}, {"b", "1"}, {"c", "x\"y\\z\n"}};
    for (const std::string_view series : {
             R"(a{b="1",c="x\"y\\z\n"})",
             R"(a { c = "x\"y\\z\n" , b="1",})",
             R"(a{b="1" c="x\"y\\z\n"})",
             R"({"a",b="1",c="x\"y\\z\n"})",
             R"({b="1","a",c="x\"y\\z\n"})",
             R"(a{"b"="1","c"="x\"y\\z\n"})",
             "a{b=\"1\",c=\"x\\\"y\\\\z\n\",d=\"\"}",
         }) {
      CHECK(ErrorOf(std::string(series) + " 1\n") == "");
      CHECK(Decode(series) == want);
    }
    CHECK(Decode("a:b{}") == Labels{{"__name__", "a:b"}});
    CHECK(Decode(R"({"a.b","x y"="\t"})") == Labels{{"__name__", "a.b"}, {"x y", "\\t"}});
  }
  TEST_CASE("numbers as Go reads them, without the hexadecimal form") {
    TextParser parser("a NaN\na +Inf\na -inf\na 1e3\na 012\na .5\na -0\n");
    REQUIRE(parser.Next());
    CHECK(std::isnan(parser.value()));
    for (const double want : {double{INFINITY}, double{-INFINITY}, 1000.0, 12.0, 0.5, 0.0}) {
      REQUIRE(parser.Next());
      CHECK(parser.value() == want);
    }
    CHECK(std::signbit(parser.value()));
  }
  TEST_CASE("what is refused, where and why") {
    const struct {
      std::string_view text, want;
    } cases[] = {
        {"@x 1", "1:1: expected a valid start token, got \"@\""},
        {"a 1\na{@=\"b\"} 1", "2:3: expected label name, got \"@\""},
        {"a{b+=\"b\"} 1", "1:4: expected equal, got \"+\""},
        {"a{b=c} 1", "1:5: expected label value, got \"c\""},
        {"a{b=\"c\"", "1:8: expected label name, got the end"},
        {"a{b=\"c", "1:5: expected label value, got \"\\\"\""},
        {"a{b=\"c\"}\n", "1:9: expected value after metric, got \"\\n\""},
        {"a{b} 1", "1:4: expected equal, got \"}\""},
        {"a", "1:2: expected value after metric, got the end"},
        {"a x\n", "1:3: not a number: \"x\""},
        {"a 0x1p3\n", "1:3: not a number: \"0x1p3\""},
        {"a 1e999\n", "1:3: not a number: \"1e999\""},
        {"a 1\r\n", "1:3: not a number: \"1\\r\""},
        {"a 1 -2\n", "1:5: expected timestamp or new record, got \"-\""},
        {"a 1 2.5\n", "1:6: expected next entry after timestamp, got \".\""},
        {"a 1 99999999999999999999\n", "1:5: timestamp out of range"},
        {"{b=\"c\"} 1", "1:1: metric name not set"},
        {"{\"a\",\"b\"} 1", "1:6: metric name already set"},
        {"a{\"b\"} 1", "1:3: metric name already set"},
        {"a{b=\"\xff\"} 1", "1:5: label value is not valid UTF-8"},
        {"a{b=\"\\\xff\"} 1", "1:5: label value is not valid UTF-8"},
        {"{\"\xff\"} 1", "1:2: name is not valid UTF-8"},
        {"# HELP a \xff\n", "1:9: help text is not valid UTF-8"},
        {"# TYPE a nonsense\n", "1:9: invalid metric type \"nonsense\""},
        {"# TYPE \n", "1:8: expected metric name after TYPE, got \"\\n\""},
        {"a{b=\"1\",b=\"\"} 1", "label name \"b\" is not unique: invalid sample"},
        {"a{__name__=\"b\"} 1", "label name \"__name__\" is not unique: invalid sample"},
        {"a{\"\"=\"b\"} 1", "empty label name: invalid sample"},
        {"{\"\"} 1", "empty metric name: invalid sample"},
    };
    for (const auto& c : cases) {
      CAPTURE(std::string(c.text));
      CHECK(ErrorOf(c.text) == std::string(c.want));
    }
  }
  TEST_CASE("a text given in pieces keeps its line numbers") {
    TextParser parser("a 1\n");
    REQUIRE(parser.Next());
    REQUIRE(parser.Next().value() == TextParser::Entry::kEnd);
    parser.Reset("b 1\n!\n", 2);
    REQUIRE(parser.Next());
    CHECK(parser.Next().error().message() == "3:1: expected a valid start token, got \"!\"");
  }
  TEST_CASE("a value may hold a line break and a NUL, a comment anything") {
    CHECK(ErrorOf("a{b=\"x\ny\"} 1\n# \xff\n") == "");
    using namespace std::string_view_literals;
    CHECK(ErrorOf("a{b=\"x\0y\"} 1\n"sv) == "");
    CHECK(ErrorOf("\0"sv) == "1:1: expected a valid start token, got \"\\x00\"");
  }
}
}  // namespace drover::exposition
