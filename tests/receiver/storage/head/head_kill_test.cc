// A process that appends is killed at any moment; what it said was committed must be there.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "core/os/file_system.h"
#include "tests/receiver/storage/head/head_fixture.h"
#include "tests/support/temp_folder.h"

namespace drover::storage {
namespace {

constexpr int kSeries = 50;

// Commits one step after another from `step` on and tells each on `fd`, until killed.
[[noreturn]] void AppendForever(const std::string& folder, std::int64_t step, int fd) {
  const auto fs = MakeFileSystem(folder);
  testing::FakeClock clock(kNow);
  NoLog sink;
  const Logger log(sink, clock);
  Registry registry;
  HeadOptions options;
  options.maintenance_interval = Millis(0);
  options.segment_bytes = 100'000;
  auto head = Head::Open(*fs, "head_log", clock, log, registry, options);
  if (!head) ::_exit(3);
  for (;; ++step) {
    const auto appender = (*head)->NewAppender();
    for (int s = 0; s < kSeries; ++s) {
      const Labels labels{{"__name__", "m"}, {"s", std::to_string(s)}};
      if (!appender->Append(0, labels, kNow - 1'000'000 + step, static_cast<double>(step)))
        ::_exit(4);
    }
    if (!appender->Commit()) ::_exit(5);
    if (::write(fd, &step, sizeof step) != sizeof step) ::_exit(6);
    if (step % 50 == 49) (void)(*head)->Checkpoint();
  }
}

TEST_SUITE("receiver/storage/head/kill") {
  TEST_CASE("kill -9 at any moment loses nothing acknowledged") {
    const testing::TempFolder folder;
    std::int64_t next = 0;
    for (int round = 0; round < 25; ++round) {
      int ends[2] = {-1, -1};
      REQUIRE(::pipe(ends) == 0);
      const pid_t child = ::fork();
      REQUIRE(child >= 0);
      if (child == 0) AppendForever(folder.path(), next, ends[1]);
      ::close(ends[1]);
      std::int64_t acknowledged = next - 1;
      std::int64_t step = 0;
      int wanted = 1 + round * 7;
      while (wanted-- > 0 && ::read(ends[0], &step, sizeof step) == sizeof step)
        acknowledged = step;
      std::this_thread::sleep_for(std::chrono::microseconds(round * 97 % 1500));
      ::kill(child, SIGKILL);
      while (::read(ends[0], &step, sizeof step) == sizeof step) acknowledged = step;
      ::close(ends[0]);
      int status = 0;
      REQUIRE(::waitpid(child, &status, 0) == child);
      REQUIRE(WIFSIGNALED(status));

      const auto fs = MakeFileSystem(folder.path());
      HeadFixture f;
      auto opened = Head::Open(*fs, "head_log", f.clock, f.log,
                               *(f.registry = std::make_unique<Registry>()), f.options);
      REQUIRE(opened.has_value());
      f.head = std::move(*opened);
      CHECK(f.head->replay().corrupt == 0);
      CHECK(f.head->replay().unknown_series == 0);
      const Content content = f.Read();
      REQUIRE(content.size() == kSeries);
      for (const auto& [labels, bits] : content) {
        REQUIRE(static_cast<std::int64_t>(bits.size()) >= acknowledged + 1);
        REQUIRE(bits.size() == content.begin()->second.size());
      }
      next = static_cast<std::int64_t>(content.begin()->second.size());
      f.head.reset();
    }
    CHECK(next > 1000);
  }
}

}  // namespace
}  // namespace drover::storage
