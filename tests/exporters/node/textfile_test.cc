// .prom files: what the validator of the text format takes and refuses, what several files make
// together.
#include "exporters/node/system/text_families.h"
#include "tests/exporters/node/collector_tree.h"

namespace drover::exporters::node {
namespace {

// Without the lines of success and modification time; the folder is cut out.
std::string Page(Tree& tree, const std::string& pattern) {
  const std::string folder = tree.folder.path() + "/";
  std::string page =
      SamplesOf(tree, "textfile", {"--collector.textfile.directory=" + folder + pattern});
  std::string kept;
  for (std::string_view rest = page; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    if (!line.starts_with("node_textfile_mtime") && !line.starts_with("node_scrape")) kept += line;
  }
  return kept;
}

const std::string kFine = "node_textfile_scrape_error 0\n";
const std::string kError = "node_textfile_scrape_error 1\n";

}  // namespace

TEST_SUITE("exporters/node/textfile") {
  TEST_CASE("what the format refuses") {
    for (const char* bad : {"a 1",
                            "a 1 \n",
                            "a 1 x\n",
                            "a\n",
                            "a x\n",
                            "a 0x10\n",
                            "a 1_0\n",
                            "a 1e999\n",
                            "1a 1\n",
                            "a{b=\"1\" c=\"2\"} 1\n",
                            "a{b=\"1\",b=\"2\"} 1\n",
                            "a{b=1} 1\n",
                            "a{b=\"1} 1\n",
                            "a{b=\"\\x\"} 1\n",
                            "a{b=\"\xff\"} 1\n",
                            "a{__name__=\"x\"} 1\n",
                            "a{=\"x\"} 1\n",
                            "{\"a\"} 1\n",
                            "# TYPE a thing\na 1\n",
                            "# TYPE a gauge\n# TYPE a gauge\na 1\n",
                            "a 1\n# TYPE a gauge\n",
                            "# HELP a x\n# HELP a x\na 1\n",
                            "# HELP a x\\y\na 1\n",
                            "# HELP 1a x\n",
                            "# TYPE s summary\ns{quantile=\"x\"} 1\n",
                            "# TYPE h histogram\nh_bucket{le=\"1\"} -1\n",
                            "a 1\n\x7f\x45\x4c\x46 1\n",
                            "\0"}) {
      CAPTURE(bad);
      const auto families = ParseTextFamilies(bad);
      CHECK((*bad == '\0' || !families.has_value()));
    }
    CHECK_FALSE(ParseTextFamilies(std::string_view("\0\1\2", 3)).has_value());
    CHECK(ParseTextFamilies("a 1 17\n").error().code() == ErrorCode::kUnsupported);
    CHECK(ParseTextFamilies("# HELP b x\nb 1\na x\n").error().message().starts_with("line 3:"));
  }

  TEST_CASE("what the format takes: blanks, escapes, comments, any case of a type") {
    const auto families = ParseTextFamilies(
        "\n  a { b = \"x\\\"\\\\\\n\" , } +1e3\n#HELP a of \\\"a\\\" \\\\ b\\n\n# TYPE c GAUGE\nc "
        "Inf\n"
        "# just a comment\n#\n# HELP\n# HELP d\n# TYPE unused counter\n");
    REQUIRE(families.has_value());
    REQUIRE(families->size() == 2);
    const TextFamily& a = (*families)[0];
    CHECK(a.help == "of \"a\" \\ b\n");
    CHECK(a.type == MetricType::kUnknown);
    CHECK(a.metrics[0].value == 1000);
    CHECK(a.metrics[0].labels[0].second == "x\"\\\n");
    CHECK((*families)[1].type == MetricType::kGauge);
    CHECK(ParseTextFamilies("")->empty());
  }

  TEST_CASE("histograms and summaries are groups; +Inf is added") {
    Tree tree;
    tree.Write("d/a.prom",
               "# TYPE h histogram\nh_bucket{le=\"10\",x=\"1\"} 2\nh_bucket{x=\"1\",le=\"9\"} 1\n"
               "h_sum{x=\"1\"} 3\nh_count{x=\"1\"} 4\nh_count{x=\"0\"} 7\n"
               "# TYPE s summary\ns{quantile=\"0.5\"} 1\ns_count 2.5\ns_bucket 5\n");
    CHECK(Page(tree, "d") ==
          "h_bucket{x=\"0\",le=\"+Inf\"} 7\nh_sum{x=\"0\"} 0\nh_count{x=\"0\"} 7\n"
          "h_bucket{x=\"1\",le=\"9\"} 1\nh_bucket{x=\"1\",le=\"10\"} 2\n"
          "h_bucket{x=\"1\",le=\"+Inf\"} 4\nh_sum{x=\"1\"} 3\nh_count{x=\"1\"} 4\n" +
              kFine + "s{quantile=\"0.5\"} 1\ns_sum 0\ns_count 2\ns_bucket 5\n");
  }

  TEST_CASE("a missing label becomes an empty one, the first of equal series stays") {
    Tree tree;
    tree.Write("d/a.prom", "a 1\na 2\nb{x=\"1\"} 1\nb{y=\"2\"} 2\n");
    CHECK(Page(tree, "d/") == "a 1\nb{x=\"\",y=\"2\"} 2\nb{x=\"1\",y=\"\"} 1\n" + kFine);
  }

  TEST_CASE("files that clash: the first help and type stay") {
    Tree tree;
    tree.Write("type/a.prom", "# TYPE a gauge\na 1\n");
    tree.Write("type/b.prom", "# TYPE a counter\na{x=\"1\"} 2\nz 1\n");
    CHECK(Page(tree, "type") == "a 1\n" + kFine + "z 1\n");
    tree.Write("help/a.prom", "# HELP a one\na 1\n");
    tree.Write("help/b.prom", "# HELP a two\na{x=\"1\"} 1\nq 1\n");
    tree.Write("help/c.prom", "# HELP a one\na{x=\"2\"} 1\n");
    CHECK(Page(tree, "help") == "a 1\n" + kError + "q 1\n");
    tree.Write("none/a.prom", "# HELP a one\na 1\n");
    tree.Write("none/b.prom", "a{x=\"1\"} 1\nq 1\n");
    CHECK(Page(tree, "none") == "a 1\n" + kFine + "q 1\n");
  }

  TEST_CASE("one bad file does not hide the others") {
    Tree tree;
    tree.Write("d/a.prom", "a 1\n");
    tree.Write("d/b.prom", "b 1 1700000000000\n");
    tree.Write("d/c.prom", "c\n");
    tree.Write("d/note.txt", "not looked at\n");
    tree.Write("d/dir.prom/x", "");
    CHECK(Page(tree, "d") == "a 1\n" + kError);
    CHECK(Page(tree, "absent") == kError);
    CHECK(Page(tree, "d/a.prom") == kError);
  }

  TEST_CASE("folders are given by pattern, and more than once") {
    Tree tree;
    tree.Write("x/one/a.prom", "a 1\n");
    tree.Write("x/two/b.prom", "b 1\n");
    tree.Write("x/.three/c.prom", "c 1\n");
    tree.Write("y/d.prom", "d 1\n");
    CHECK(Page(tree, "x/*") == "a 1\nb 1\nc 1\n" + kFine);
    CHECK(Page(tree, "?/t[wh]*/") == "b 1\n" + kFine);
    CHECK(Page(tree, "x/none*") == kError);
    const std::string folder = "--collector.textfile.directory=" + tree.folder.path();
    const std::string page = SamplesOf(tree, "textfile", {folder + "/y", folder + "/x/one"});
    CHECK(Has(page, "a 1\n"));
    CHECK(Has(page, "d 1\n"));
    CHECK(Has(page, "node_textfile_mtime_seconds{file=\"" + tree.folder.path() + "/y/d.prom\"} "));
  }

  TEST_CASE("a family whose type or help changes between pages is described anew") {
    Tree tree;
    tree.Write("d/a.prom", "# HELP a one\n# TYPE a gauge\na 1\n");
    const auto runner = tree.Make(
        {"--collector.textfile", "--collector.textfile.directory=" + tree.folder.path() + "/d"});
    REQUIRE(runner.has_value());
    TextPage page;
    std::string text;
    (*runner)->RunAll(page);
    page.Render(text);
    CHECK(Has(text, "# HELP a one\n# TYPE a gauge\na 1\n"));
    tree.Write("d/a.prom", "# HELP a two\n# TYPE a counter\na 2\n");
    text.clear();
    (*runner)->RunAll(page);
    page.Render(text);
    CHECK(Has(text, "# HELP a two\n# TYPE a counter\na 2\n"));
    CHECK_FALSE(Has(text, "one"));
  }
}

}  // namespace drover::exporters::node
