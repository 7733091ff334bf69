// The path of a remote write request inside the receiver, without HTTP: snappy, protobuf, look-up,
// log, chunks.
//
//   bench_ingest [series=100000] [steps=120] [threads=1] [folder=/tmp/drover-bench-ingest]
//
// Prints CPU seconds per million samples of Write() alone (the requests are made outside of it),
// log bytes and memory per series.
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include <atomic>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "core/base/log.h"
#include "core/compression/snappy.h"
#include "core/os/file_system.h"
#include "receiver/ingest/write_handler.h"
#include "receiver/storage/head/head.h"

namespace {

using namespace drover;

double ThreadCpuSeconds() {
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_nsec) / 1e9;
}

double ResidentBytes() {
  std::ifstream in("/proc/self/statm");
  double pages = 0;
  in >> pages >> pages;
  return pages * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

// Hosts of 500 series: a third counters of seconds, a third integer counters, rest gauges,
// constants.
struct Fleet {
  explicit Fleet(std::size_t n) : labels(n), values(n) {
    for (std::size_t i = 0; i < n; ++i) {
      const std::size_t host = i / 500;
      const std::size_t kind = i % 500;
      const Labels set{{"__name__", "node_metric_of_some_length_" + std::to_string(kind / 20)},
                       {"cluster", "load"},
                       {"datacenter", "dc" + std::to_string(host % 4)},
                       {"device", "nvme" + std::to_string(kind % 20) + "n1"},
                       {"instance", "node-" + std::to_string(host) + ".example.internal:9100"},
                       {"job", "node"},
                       {"mode", kind % 2 == 0 ? "system" : "user"}};
      wire::EncodeLabels(set, labels[i]);
      values[i] = static_cast<double>(i * 7919 % 100'000);
    }
  }
  double Step(std::size_t i, std::mt19937& random) {
    double& v = values[i];
    switch (i % 6) {
      case 0:
      case 1:
        v = std::round((v + static_cast<double>(random() % 1500) / 100) * 100) / 100;
        break;
      case 2:
      case 3:
        v += static_cast<double>(random() % 100'000);
        break;
      case 4:
        if (random() % 2 == 0) v = static_cast<double>(random() % 1'000'000) * 4096;
        break;
      default:
        break;
    }
    return v;
  }
  std::vector<std::string> labels;
  std::vector<double> values;
};

}  // namespace

int main(int argc, char** argv) {
  const auto number = [&](int i, std::size_t otherwise) {
    return argc > i ? std::strtoull(argv[i], nullptr, 10) : otherwise;
  };
  const std::size_t series = number(1, 100'000);
  const std::size_t steps = number(2, 120);
  const std::size_t threads = number(3, 1);
  const std::string folder = argc > 4 ? argv[4] : "/tmp/drover-bench-ingest";

  const auto clock = MakeSystemClock();
  const auto sink = MakeFdLogSink(2);
  const Logger log(*sink, *clock);
  Registry registry;
  const auto fs = MakeFileSystem(folder);
  (void)fs->RemoveAll("");
  (void)fs->MakeDirs("");
  Fleet fleet(series);
  const double before = ResidentBytes();
  storage::HeadOptions options;
  auto head = storage::Head::Open(*fs, "head_log", *clock, log, registry, options);
  if (!head) return std::fprintf(stderr, "%s\n", head.error().message().c_str()), 1;
  ingest::WriteHandler handler(**head, *clock, registry, {});

  constexpr std::size_t kBatch = 2000;
  const std::int64_t start = ToMs(clock->Now()) - static_cast<std::int64_t>(steps) * 15'000;
  std::atomic<double> cpu = 0;
  std::atomic<double> first_step_cpu = 0;
  std::atomic<int> failures = 0;
  const auto work = [&](std::size_t thread) {
    std::mt19937 random(static_cast<std::uint32_t>(thread));
    wire::WriteEncoder encoder;
    std::string body;
    double mine = 0;
    for (std::size_t step = 0; step < steps; ++step) {
      const Sample at{start + static_cast<std::int64_t>(step) * 15'000, 0};
      for (std::size_t from = thread * kBatch; from < series; from += threads * kBatch) {
        encoder.Clear();
        for (std::size_t i = from; i < std::min(series, from + kBatch); ++i) {
          const Sample sample{at.t_ms, fleet.Step(i, random)};
          encoder.AddSeries(fleet.labels[i], std::span(&sample, 1));
        }
        compression::SnappyCompress(encoder.body(), body);
        const double begin = ThreadCpuSeconds();
        if (handler.Write(body, "", "snappy").status != 204) ++failures;
        mine += ThreadCpuSeconds() - begin;
      }
      if (step == 0) {
        first_step_cpu = first_step_cpu + mine;
        mine = 0;
      }
    }
    cpu = cpu + mine;
  };
  {
    std::vector<std::jthread> pool;
    for (std::size_t t = 0; t < threads; ++t) pool.emplace_back(work, t);
  }
  const auto stats = (*head)->stats();
  const double samples = static_cast<double>(stats.samples);
  std::printf("samples %.0f  failures %d\n", samples, failures.load());
  std::printf("CPU s per M samples: %.3f (new series: %.3f)\n",
              cpu * 1e6 / (samples - static_cast<double>(series)),
              first_step_cpu * 1e6 / static_cast<double>(series));
  std::printf("log bytes per sample: %.2f  chunk bytes per closed sample: %.2f\n",
              static_cast<double>(stats.log_bytes) / samples,
              static_cast<double>(stats.chunk_bytes) / samples);
  std::printf("memory per series: %.0f bytes\n",
              (ResidentBytes() - before) / static_cast<double>(series));
  head->reset();

  const MonoTime replay_start = clock->Mono();
  Registry second;
  auto again = storage::Head::Open(*fs, "head_log", *clock, log, second, options);
  const double seconds = std::chrono::duration<double>(clock->Mono() - replay_start).count();
  if (!again) return 1;
  std::printf("replay: %.2f s, %.0f of %.0f samples there\n", seconds,
              static_cast<double>((*again)->stats().samples), samples);
  return failures == 0 && (*again)->stats().samples == stats.samples ? 0 : 1;
}
