#include "exporters/node/storage/stat_fs.h"

#include <errno.h>
#include <sys/vfs.h>

#include <atomic>
#include <thread>

#include <doctest/doctest.h>

#include "core/base/mutex.h"

namespace drover::exporters::node {
namespace {

using Outcome = FsStats::Outcome;

// Calls for paths that begin with "hang" wait for the gate.
struct Gate {
  Mutex mutex;
  CondVar changed;
  bool open GUARDED_BY(mutex) = false;
  std::atomic<int> calls{0};
  std::atomic<int> returned{0};

  int Call(std::string_view path, struct statfs& out) {
    ++calls;
    if (path.starts_with("hang")) {
      Lock lock(mutex);
      changed.Wait(mutex, [&]() REQUIRES(mutex) { return open; });
    }
    out = {};
    out.f_bsize = 512;
    out.f_blocks = 4;
    ++returned;
    return path == "error" ? EACCES : 0;
  }
  void Open() {
    Lock lock(mutex);
    open = true;
    changed.NotifyAll();
  }
};

std::vector<Outcome> Outcomes(const std::vector<FsStats>& stats) {
  std::vector<Outcome> outcomes;
  for (const FsStats& one : stats) outcomes.push_back(one.outcome);
  return outcomes;
}

}  // namespace

TEST_SUITE("exporters/node/stat_fs") {
  TEST_CASE("answers come in order, with sizes in bytes or errno") {
    const auto gate = std::make_shared<Gate>();
    StatFsPool pool(2,
                    [gate](const char* path, struct statfs& out) { return gate->Call(path, out); });
    const auto stats = pool.Ask({"a", "error", "b"}, Millis(5000));
    CHECK(Outcomes(stats) == std::vector{Outcome::kOk, Outcome::kError, Outcome::kOk});
    CHECK(stats[0].size_bytes == 2048);
    CHECK(stats[1].error_number == EACCES);
    CHECK(pool.Ask({}, Millis(5000)).empty());
  }
  TEST_CASE("hanging mounts do not hold the others, and are not asked again") {
    const auto gate = std::make_shared<Gate>();
    StatFsPool pool(2,
                    [gate](const char* path, struct statfs& out) { return gate->Call(path, out); });
    const std::vector<std::string> paths = {"hang1", "a", "hang2", "b"};
    const std::vector<Outcome> want = {Outcome::kTimeout, Outcome::kOk, Outcome::kTimeout,
                                       Outcome::kOk};
    CHECK(Outcomes(pool.Ask(paths, Millis(300))) == want);
    CHECK(gate->calls == 4);
    CHECK(Outcomes(pool.Ask(paths, Millis(5000))) == want);  // at once: nothing to wait for
    CHECK(gate->calls == 6);
    // A third one takes the last thread: then nothing is asked.
    CHECK(Outcomes(pool.Ask({"hang3", "a"}, Millis(60))) ==
          std::vector{Outcome::kTimeout, Outcome::kTimeout});
    gate->Open();
    for (int i = 0; i < 500 && gate->returned < gate->calls; ++i)
      std::this_thread::sleep_for(Millis(10));
    std::vector<Outcome> after;
    for (int i = 0; i < 100; ++i) {  // the returned threads take a moment to say so
      after = Outcomes(pool.Ask(paths, Millis(5000)));
      if (after == std::vector<Outcome>(4, Outcome::kOk)) break;
      std::this_thread::sleep_for(Millis(10));
    }
    CHECK(after == std::vector<Outcome>(4, Outcome::kOk));
  }
  TEST_CASE("the pool ends while calls hang") {
    const auto gate = std::make_shared<Gate>();
    {
      StatFsPool pool(
          1, [gate](const char* path, struct statfs& out) { return gate->Call(path, out); });
      // A round may be over before its thread has begun: then nothing was called.
      while (gate->calls == 0)
        CHECK(Outcomes(pool.Ask({"hang"}, Millis(10))) == std::vector{Outcome::kTimeout});
    }
    gate->Open();
    for (int i = 0; i < 500 && gate->returned < 1; ++i) std::this_thread::sleep_for(Millis(10));
    CHECK(gate->returned == 1);
  }
}
}  // namespace drover::exporters::node
