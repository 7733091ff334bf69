#include "core/exposition/text_writer.h"

#include <cmath>

#include <doctest/doctest.h>

#include "core/exposition/text_parser.h"

namespace drover::exposition {
TEST_SUITE("core/exposition/text_writer") {
  TEST_CASE("help escapes backslash and newline, labels the double quote too") {
    std::string page;
    TextWriter w(page);
    w.Family("a", "x\\y\n\"z\"", MetricType::kCounter);
    w.Sample("a", {{"l", "x\\y\n\"z\""}}, 1e6);
    CHECK(page == "# HELP a x\\\\y\\n\"z\"\n# TYPE a counter\na{l=\"x\\\\y\\n\\\"z\\\"\"} 1e+06\n");
  }
  TEST_CASE("types that 0.0.4 lacks are untyped, and an empty help has no line") {
    std::string page;
    TextWriter w(page);
    w.Family("a", "", MetricType::kInfo);
    w.Sample("a", {}, std::nan(""));
    CHECK(page == "# TYPE a untyped\na NaN\n");
  }
  TEST_CASE("UTF-8 names are quoted, timestamps follow the value") {
    std::string page;
    TextWriter w(page);
    const LabelView labels[] = {{"l", "1"}, {"m.n", "2"}};
    w.Sample("a.b", labels, 0.5, -3);
    w.Sample("c", labels, 2);
    CHECK(page == "{\"a.b\",l=\"1\",\"m.n\"=\"2\"} 0.5 -3\nc{l=\"1\",\"m.n\"=\"2\"} 2\n");
  }
  TEST_CASE("what is written reads back") {
    std::string page;
    TextWriter w(page);
    w.Family("a.b", "two\nlines \\n", MetricType::kGauge);
    w.Sample("a.b", {{"l", "x\n\\\"é"}, {"ü", "\\n"}}, -0.1);
    TextParser parser(page);
    CHECK(parser.Next().value() == TextParser::Entry::kHelp);
    CHECK(parser.name() == "a.b");
    CHECK(UnescapeHelp(parser.help()) == "two\nlines \\n");
    CHECK(parser.Next().value() == TextParser::Entry::kType);
    CHECK(parser.type() == MetricType::kGauge);
    CHECK(parser.Next().value() == TextParser::Entry::kSample);
    CHECK(parser.value() == -0.1);
    LabelsBuilder labels;
    REQUIRE(DecodeSeries(parser.series(), labels));
    CHECK(labels.Build() == Labels{{"__name__", "a.b"}, {"l", "x\n\\\"é"}, {"ü", "\\n"}});
    CHECK(parser.Next().value() == TextParser::Entry::kEnd);
  }
}
}  // namespace drover::exposition
