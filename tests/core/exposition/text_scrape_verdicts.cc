// Text 0.0.4 inputs of other projects against what Prometheus 3.5.3's scraper said to them.
//
//   text_scrape_verdicts            the vectors' folder (77 when it is not there)
//   text_scrape_verdicts FILE...    each file must parse
//
// Prints one line per file and the totals; ends with 1 when one failed.
#include <iostream>

#include "core/exposition/text_parser.h"
#include "core/os/file_system.h"
#include "tests/support/data.h"

namespace drover::exposition {
namespace {

Result<std::size_t> CountSamples(std::string_view text) {
  TextParser parser(text);
  LabelsBuilder labels;
  std::size_t samples = 0;
  for (;;) {
    DROVER_TRY(const auto entry, parser.Next());
    if (entry == TextParser::Entry::kEnd) return samples;
    if (entry != TextParser::Entry::kSample) continue;
    ++samples;
    DROVER_CHECK(DecodeSeries(parser.series(), labels));
  }
}

struct Totals {
  int passed = 0;
  int failed = 0;

  void Check(const FileSystem& files, const std::string& path, bool want_accept) {
    const auto text = files.ReadFile(path);
    const auto samples = text ? CountSamples(*text) : Result<std::size_t>(Fail(text.error()));
    const bool ok = text && samples.has_value() == want_accept;
    ++(ok ? passed : failed);
    std::cout << (ok ? "passed " : "FAILED ") << path << ": "
              << (samples ? std::to_string(*samples) + " samples" : samples.error().message())
              << '\n';
  }
};

int RunVectors(Totals& totals) {
  const auto folder = testing::DataFolder("openmetrics");
  if (!folder) {
    std::cout << "skipped: no vectors\n";
    return 77;
  }
  const auto files = MakeFileSystem(*folder);
  const auto table = files->ReadFile("prometheus_3.5.3_scrape_verdicts.tsv");
  if (!table) return std::cout << table.error().message() << '\n', 1;
  std::string_view rest = *table;
  while (!rest.empty()) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (!line.starts_with("fz\t")) continue;
    std::string column[4];
    for (std::string& text : column) {
      text = line.substr(0, line.find('\t'));
      line.remove_prefix(std::min(line.size(), text.size() + 1));
    }
    totals.Check(*files, "prometheus_common_expfmt/fuzz/corpus/" + column[1],
                 column[3] == "accept");
  }
  for (const char* path :
       {"prometheus_common_expfmt/testdata/text", "prometheus_textparse/alltypes.237mfs.prom.txt",
        "prometheus_textparse/alltypes.237mfs.nometa.prom.txt"}) {
    totals.Check(*files, path, true);
  }
  return 0;
}

}  // namespace
}  // namespace drover::exposition

int main(int argc, char** argv) {
  drover::exposition::Totals totals;
  if (argc < 2) {
    if (const int end = RunVectors(totals); end != 0) return end;
  }
  const auto here = drover::MakeFileSystem("");
  for (int i = 1; i < argc; ++i) {
    const std::string path = argv[i];
    totals.Check(path.starts_with('/') ? *drover::MakeFileSystem("/") : *here, path, true);
  }
  std::cout << totals.passed << " passed, " << totals.failed << " failed\n";
  return totals.failed == 0 && totals.passed > 0 ? 0 : 1;
}
