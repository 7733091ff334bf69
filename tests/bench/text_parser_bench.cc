// Parsing and writing text 0.0.4: ns and bytes per sample. With a file as argument (before
// benchmark's own flags), that page is parsed instead of a made-up one.
#include <fstream>
#include <iterator>
#include <string>

#include <benchmark/benchmark.h>

#include "core/exposition/text_parser.h"
#include "core/exposition/text_writer.h"

namespace drover::exposition {
namespace {

void WritePage(std::string& page) {
  TextWriter w(page);
  for (int family = 0; family < 100; ++family) {
    const std::string name = "node_something_number_" + std::to_string(family) + "_seconds_total";
    w.Family(name, "What this family is about, in a line of usual length.", MetricType::kCounter);
    for (int cpu = 0; cpu < 8; ++cpu) {
      w.Sample(name, {{"cpu", std::to_string(cpu)}, {"mode", "softirq"}, {"device", "nvme0n1p1"}},
               family * 1234.56 + cpu);
    }
  }
}

std::string& Page() {
  static std::string page;
  return page;
}

void Parse(benchmark::State& state) {
  std::size_t samples = 0;
  for (auto _ : state) {
    TextParser parser(Page());
    for (;;) {
      const auto entry = parser.Next();
      if (!entry || *entry == TextParser::Entry::kEnd) break;
      if (*entry == TextParser::Entry::kSample) {
        ++samples;
        benchmark::DoNotOptimize(parser.value());
      }
    }
  }
  const auto count = static_cast<double>(samples);
  state.counters["per_sample"] =
      benchmark::Counter(count, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["bytes_per_sample"] =
      static_cast<double>(Page().size()) * static_cast<double>(state.iterations()) / count;
  state.SetBytesProcessed(static_cast<std::int64_t>(Page().size() * state.iterations()));
}
BENCHMARK(Parse);

void ParseAndDecode(benchmark::State& state) {
  std::size_t samples = 0;
  LabelsBuilder labels;
  for (auto _ : state) {
    TextParser parser(Page());
    for (;;) {
      const auto entry = parser.Next();
      if (!entry || *entry == TextParser::Entry::kEnd) break;
      if (*entry != TextParser::Entry::kSample) continue;
      ++samples;
      if (!DecodeSeries(parser.series(), labels)) state.SkipWithError("not a series");
    }
  }
  state.counters["per_sample"] = benchmark::Counter(
      static_cast<double>(samples), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(ParseAndDecode);

void Write(benchmark::State& state) {
  std::string page;
  for (auto _ : state) {
    page.clear();
    WritePage(page);
  }
  state.counters["per_sample"] =
      benchmark::Counter(800.0 * static_cast<double>(state.iterations()),
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(Write);

}  // namespace
}  // namespace drover::exposition

int main(int argc, char** argv) {
  auto& page = drover::exposition::Page();
  if (argc > 1 && argv[1][0] != '-') {
    std::ifstream in(argv[1], std::ios::binary);
    page.assign(std::istreambuf_iterator<char>(in), {});
    --argc;
    ++argv;
  } else {
    drover::exposition::WritePage(page);
  }
  benchmark::Initialize(&argc, argv);
  benchmark::RunSpecifiedBenchmarks();
}
