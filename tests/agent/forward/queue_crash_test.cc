// The queue is stopped at every single change it makes to the disk, and opened again.
#include <algorithm>

#include "tests/agent/forward/queue_fixture.h"

namespace drover::agent::forward {
namespace {

using testing::FaultyFileSystem;

struct Trace {
  std::vector<std::string> committed;  // Append said so
  std::vector<std::string> sent;       // in the order in which a peer got them
  bool tried_more = false;             // an Append failed: its block may be there or not
};

// Appends and sends blocks until `count` are through or the disk stops.
void Work(QueueFixture& f, Trace& trace, int from, int count) {
  auto queue = Queue::Open(f.fs, "queue/one", f.options, f.clock, f.log);
  if (!queue) return;
  for (int i = from; i < from + count; ++i) {
    const std::string body = std::to_string(i) + ":" + std::string(60'000, 'x');
    if (!(*queue)->Append(f.MakeBlock(body))) return;
    // fsync: always promises nothing about a block whose sync failed, but that it is sent.
    if ((*queue)->stats().failed_syncs > 0) return;
    trace.committed.push_back(body);
    if (i % 3 == 0) continue;  // so that some wait
    const auto block = (*queue)->Next({});
    if (!block) return;
    trace.sent.push_back(block->body);
    if (!(*queue)->Done()) return;
  }
}

void CheckTrace(const Trace& trace) {
  std::vector<std::string> first;
  int twice = 0;
  for (const std::string& body : trace.sent) {
    if (std::find(first.begin(), first.end(), body) == first.end()) {
      first.push_back(body);
    } else {
      ++twice;
    }
  }
  CHECK(twice <= 1);
  std::vector<std::string> missing;
  for (const std::string& body : trace.committed) {
    if (std::find(first.begin(), first.end(), body) == first.end()) missing.push_back(body);
  }
  CHECK(missing.empty());
  const auto number = [](const std::string& body) { return std::stoi(body); };
  CHECK(std::is_sorted(first.begin(), first.end(),
                       [&](const auto& a, const auto& b) { return number(a) < number(b); }));
}

TEST_SUITE("agent/forward/queue_crash") {
  TEST_CASE("stopped at any change: none lost, in order, at most one block twice") {
    std::uint64_t crashes = 0;
    for (std::uint64_t n = 1;; ++n) {
      CAPTURE(n);
      QueueFixture f;
      f.options.max_bytes = 8 << 20;  // segments of 512 KiB: a few are cut and deleted
      Trace trace;
      f.fs.CrashAtOperation(n);
      Work(f, trace, 0, 24);
      const bool crashed = f.fs.crashed();
      f.fs.Restart(FaultyFileSystem::Lose::kNothing);
      const auto queue = f.Open();
      REQUIRE(queue->Append(f.MakeBlock("1000:after")));
      trace.committed.push_back("1000:after");
      for (std::string& body : QueueFixture::Drain(*queue)) trace.sent.push_back(std::move(body));
      CheckTrace(trace);
      CHECK(queue->stats().dropped_samples.empty());
      if (!crashed) break;
      ++crashes;
    }
    CHECK(crashes > 40);
  }

  TEST_CASE("stopped while opening after a stop: none lost") {
    std::uint64_t crashes = 0;
    for (std::uint64_t n = 1;; ++n) {
      CAPTURE(n);
      QueueFixture f;
      Trace trace;
      Work(f, trace, 0, 6);
      f.fs.CrashAtOperation(n);
      Work(f, trace, 6, 3);
      const bool crashed = f.fs.crashed();
      f.fs.Restart(FaultyFileSystem::Lose::kNothing);
      const auto queue = f.Open();
      for (std::string& body : QueueFixture::Drain(*queue)) trace.sent.push_back(std::move(body));
      CheckTrace(trace);
      if (!crashed) break;
      ++crashes;
    }
    CHECK(crashes > 5);
  }

  TEST_CASE("a power cut at any change with fsync always: none lost") {
    for (const auto lose : {FaultyFileSystem::Lose::kUnsynced, FaultyFileSystem::Lose::kHalf}) {
      for (std::uint64_t n = 1;; ++n) {
        CAPTURE(n);
        QueueFixture f;
        f.options.sync_always = true;
        Trace trace;
        f.fs.CrashAtOperation(n);
        Work(f, trace, 0, 8);
        const bool crashed = f.fs.crashed();
        f.fs.Restart(lose);
        const auto queue = f.Open();
        for (const std::string& body : QueueFixture::Drain(*queue)) {
          // The cursor is not fsynced: more may come again, none may be missing.
          if (std::find(trace.sent.begin(), trace.sent.end(), body) == trace.sent.end())
            trace.sent.push_back(body);
        }
        CheckTrace(trace);
        if (!crashed) break;
      }
    }
  }
}

}  // namespace
}  // namespace drover::agent::forward
