// XOR chunks and remote write bodies: ns per sample of encoding and decoding.
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

#include "core/wire/remote_write.h"
#include "receiver/storage/chunk/xor.h"

namespace {

using namespace drover;

constexpr int kSamples = 120;

// kind 0: constant, 1: integer counter, 2: seconds with two decimals.
double Value(std::int64_t kind, int i) {
  if (kind == 0) return 42;
  if (kind == 1) return 1e9 + 1237.0 * i * (1 + i % 3);
  return std::round(1e5 + 0.37 * i * (1 + i % 5) * 100) / 100;
}

std::string Chunk(std::int64_t kind) {
  storage::XorState state;
  std::vector<std::uint8_t> buffer(kSamples * storage::kXorMaxSampleBytes +
                                   storage::kXorSpareBytes);
  for (int i = 0; i < kSamples; ++i) {
    storage::XorAppend(state, buffer.data(), 1'700'000'000'000 + i * 15'000, Value(kind, i));
  }
  return {reinterpret_cast<const char*>(buffer.data()), state.size_bytes()};
}

void XorAppend(benchmark::State& state) {
  for (auto _ : state) benchmark::DoNotOptimize(Chunk(state.range(0)));
  state.SetItemsProcessed(state.iterations() * kSamples);
}
BENCHMARK(XorAppend)->DenseRange(0, 2);

void XorDecode(benchmark::State& state) {
  const std::string chunk = Chunk(state.range(0));
  SampleColumns columns;
  for (auto _ : state) {
    columns.clear();
    (void)storage::XorDecode(chunk, 0, std::numeric_limits<std::int64_t>::max(), columns);
    benchmark::DoNotOptimize(columns.value.data());
  }
  state.SetItemsProcessed(state.iterations() * kSamples);
}
BENCHMARK(XorDecode)->DenseRange(0, 2);

std::string Body(int series) {
  wire::WriteEncoder encoder;
  std::string labels;
  for (int i = 0; i < series; ++i) {
    labels.clear();
    wire::EncodeLabels(Labels{{"__name__", "node_cpu_seconds_total"},
                              {"cluster", "load"},
                              {"cpu", std::to_string(i % 64)},
                              {"instance", "node-00017.example.internal:9100"},
                              {"job", "node"},
                              {"mode", "system"}},
                       labels);
    const Sample sample{1'700'000'000'000, static_cast<double>(i)};
    encoder.AddSeries(labels, std::span(&sample, 1));
  }
  return encoder.body();
}

void DecodeWriteRequest(benchmark::State& state) {
  struct Visitor final : wire::WriteVisitor {
    void OnSeries(std::string_view label_bytes, std::span<const Sample> samples) override {
      benchmark::DoNotOptimize(label_bytes.data());
      benchmark::DoNotOptimize(samples.data());
    }
  } visitor;
  const std::string body = Body(2000);
  for (auto _ : state) (void)wire::DecodeWriteRequest(body, {}, visitor);
  state.SetItemsProcessed(state.iterations() * 2000);
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(body.size()));
}
BENCHMARK(DecodeWriteRequest);

void EncodeWriteRequest(benchmark::State& state) {
  std::string labels;
  wire::EncodeLabels(Labels{{"__name__", "node_cpu_seconds_total"}, {"job", "node"}}, labels);
  wire::WriteEncoder encoder;
  for (auto _ : state) {
    encoder.Clear();
    for (int i = 0; i < 2000; ++i) {
      const Sample sample{1'700'000'000'000, static_cast<double>(i)};
      encoder.AddSeries(labels, std::span(&sample, 1));
    }
    benchmark::DoNotOptimize(encoder.body().data());
  }
  state.SetItemsProcessed(state.iterations() * 2000);
}
BENCHMARK(EncodeWriteRequest);

}  // namespace

BENCHMARK_MAIN();
