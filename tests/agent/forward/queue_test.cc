#include <atomic>
#include <chrono>
#include <thread>

#include "tests/agent/forward/queue_fixture.h"

namespace drover::agent::forward {
namespace {

using testing::FaultyFileSystem;
using namespace std::chrono_literals;

std::string Body(int number, std::size_t bytes) {
  return std::to_string(number) + ":" + std::string(bytes, 'x');
}

int Times(const std::string& text, const std::string& what) {
  int times = 0;
  for (auto at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) {
    // "over: …" tells of the end.
    if (at < 6 || text.compare(at - 6, 6, "over: ") != 0) ++times;
  }
  return times;
}

// As many blocks as the disk takes; their number.
int Fill(Queue& queue, const QueueFixture& f) {
  for (int i = 0;; ++i) {
    if (!queue.Append(f.MakeBlock(Body(i, 50'000)))) return i;
  }
}

// Sends while there is something, in a thread of its own as an endpoint does: at the end it waits.
std::vector<std::string> Send(Queue& queue, std::size_t blocks) {
  std::vector<std::string> out;
  std::atomic<std::size_t> sent = 0;
  std::jthread sender([&](std::stop_token stop) {
    while (const auto block = queue.Next(stop)) {
      out.push_back(block->body);
      (void)queue.Done();
      ++sent;
    }
  });
  const auto deadline = std::chrono::steady_clock::now() + 5s;
  while (sent < blocks && std::chrono::steady_clock::now() < deadline)
    std::this_thread::sleep_for(1ms);
  std::this_thread::sleep_for(20ms);
  sender.request_stop();
  sender.join();
  return out;
}

TEST_SUITE("agent/forward/queue") {
  TEST_CASE("blocks come out in the order they went in, each until it is done") {
    QueueFixture f;
    const auto queue = f.Open();
    for (const char* body : {"a", "b", "c"}) REQUIRE(queue->Append(f.MakeBlock(body)));
    CHECK(queue->stats().blocks == 3);
    CHECK(queue->stats().samples == 30);
    CHECK(queue->Next({})->body == "a");
    CHECK(queue->Next({})->body == "a");
    REQUIRE(queue->Done());
    CHECK(queue->Next({})->body == "b");
    CHECK(queue->stats().samples == 20);
    CHECK(QueueFixture::Drain(*queue) == std::vector<std::string>{"b", "c"});
    CHECK(queue->stats().bytes == 0);
    CHECK_FALSE(queue->stats().oldest.has_value());
  }

  TEST_CASE("a block keeps its kind, time and number of samples") {
    QueueFixture f;
    const auto queue = f.Open();
    REQUIRE(queue->Append({BlockKind::kMetadata, FromMs(1234), 7, "m"}));
    const auto block = queue->Next({});
    REQUIRE(block.has_value());
    CHECK(block->kind == BlockKind::kMetadata);
    CHECK(ToMs(block->created) == 1234);
    CHECK(block->samples == 7);
    CHECK(queue->stats().samples == 0);  // families are not samples
  }

  TEST_CASE("after a kill the same bytes come again, in order, from the first that was not done") {
    QueueFixture f;
    {
      const auto queue = f.Open();
      for (int i = 0; i < 5; ++i) REQUIRE(queue->Append(f.MakeBlock(Body(i, 40'000))));
      (void)queue->Next({});
      REQUIRE(queue->Done());
      (void)queue->Next({});  // in flight
    }
    f.fs.Restart(FaultyFileSystem::Lose::kNothing);
    const auto queue = f.Open();
    CHECK(queue->stats().blocks == 4);
    CHECK(queue->stats().samples == 40);
    REQUIRE(queue->Append(f.MakeBlock("new")));
    CHECK(QueueFixture::Drain(*queue) == std::vector<std::string>{Body(1, 40'000), Body(2, 40'000),
                                                                  Body(3, 40'000), Body(4, 40'000),
                                                                  "new"});
  }

  TEST_CASE("waiting for a block ends when one is appended and when told to stop") {
    QueueFixture f;
    const auto queue = f.Open();
    std::optional<Block> got;
    {
      std::jthread consumer([&](std::stop_token stop) { got = queue->Next(stop); });
      REQUIRE(queue->Append(f.MakeBlock("late")));
      consumer.join();
    }
    REQUIRE(got.has_value());
    CHECK(got->body == "late");
    REQUIRE(queue->Done());
    const auto started = std::chrono::steady_clock::now();
    {
      std::jthread consumer([&](std::stop_token stop) { got = queue->Next(stop); });
      consumer.request_stop();
    }
    CHECK_FALSE(got.has_value());
    CHECK(std::chrono::steady_clock::now() - started < 1s);
  }

  TEST_CASE("past max_bytes the oldest blocks go, counted") {
    QueueFixture f;
    f.options.max_bytes = 1 << 20;  // segments of 256 KiB
    const auto queue = f.Open();
    for (int i = 0; i < 60; ++i) REQUIRE(queue->Append(f.MakeBlock(Body(i, 50'000))));
    const QueueStats stats = queue->stats();
    CHECK(stats.bytes <= f.options.max_bytes);
    CHECK(stats.bytes > f.options.max_bytes / 2);
    CHECK(stats.dropped_samples.at("bytes") == 600 - stats.samples);
    const auto left = QueueFixture::Drain(*queue);
    REQUIRE(left.size() == stats.blocks);
    for (std::size_t i = 0; i < left.size(); ++i)
      CHECK(left[i] == Body(static_cast<int>(60 - left.size() + i), 50'000));
    CHECK(f.sink.text().find("the queue reached max_bytes") != std::string::npos);
  }

  TEST_CASE("the byte cap takes a block in flight too; its end does not take the next one along") {
    QueueFixture f;
    f.options.max_bytes = 1 << 20;
    const auto queue = f.Open();
    REQUIRE(queue->Append(f.MakeBlock(Body(0, 50'000))));
    REQUIRE(queue->Next({})->body == Body(0, 50'000));
    CHECK_FALSE(queue->overtaken());
    for (int i = 1; i < 60; ++i) REQUIRE(queue->Append(f.MakeBlock(Body(i, 50'000))));
    CHECK(queue->overtaken());
    const std::uint64_t waiting = queue->stats().blocks;
    REQUIRE(queue->Done());
    CHECK(queue->stats().blocks == waiting);
    const auto left = QueueFixture::Drain(*queue);
    CHECK(left.size() == waiting);
    CHECK(left.back() == Body(59, 50'000));
    CHECK(queue->stats().dropped_samples.at("bytes") == 600 - waiting * 10);
  }

  TEST_CASE("what the byte cap dropped stays dropped after a kill") {
    QueueFixture f;
    f.options.max_bytes = 1 << 20;
    std::uint64_t waiting = 0;
    {
      const auto queue = f.Open();
      for (int i = 0; i < 60; ++i) REQUIRE(queue->Append(f.MakeBlock(Body(i, 50'000))));
      waiting = queue->stats().blocks;
    }
    const auto queue = f.Open();
    CHECK(queue->stats().blocks == waiting);
    CHECK(QueueFixture::Drain(*queue).front() == Body(static_cast<int>(60 - waiting), 50'000));
  }

  TEST_CASE("past max_age blocks are passed over, counted, also one in flight") {
    QueueFixture f;
    f.options.max_age = 60s;
    const auto queue = f.Open();
    REQUIRE(queue->Append(f.MakeBlock("old")));
    REQUIRE(queue->Append(f.MakeBlock("old too", 5)));
    REQUIRE(queue->Next({})->body == "old");
    f.clock.Advance(61s);
    REQUIRE(queue->Append(f.MakeBlock("young")));
    REQUIRE(queue->Maintain(false));
    CHECK(queue->overtaken());
    CHECK(queue->stats().dropped_samples.at("age") == 15);
    CHECK(queue->stats().samples == 10);
    REQUIRE(queue->Done());
    CHECK(queue->Next({})->body == "young");
    CHECK_FALSE(queue->overtaken());
  }

  TEST_CASE("age is looked at when a block is read, too") {
    QueueFixture f;
    f.options.max_age = 60s;
    {
      const auto queue = f.Open();
      REQUIRE(queue->Append(f.MakeBlock("old")));
    }
    f.clock.Advance(61s);
    const auto queue = f.Open();
    REQUIRE(queue->Append(f.MakeBlock("young")));
    CHECK(queue->Next({})->body == "young");
    CHECK(queue->stats().dropped_samples.at("age") == 10);
  }

  TEST_CASE("a full disk refuses blocks, counted, and the queue goes on when there is room again") {
    QueueFixture f;
    const auto queue = f.Open();
    REQUIRE(queue->Append(f.MakeBlock("before")));
    f.fs.SetCapacity(200);
    const Status full = queue->Append(f.MakeBlock(Body(1, 500), 3));
    REQUIRE_FALSE(full.has_value());
    CHECK(full.error().code() == ErrorCode::kExhausted);
    CHECK_FALSE(queue->Append(f.MakeBlock(Body(2, 500), 4)).has_value());
    CHECK(queue->stats().dropped_samples.at("disk_full") == 7);
    CHECK(queue->stats().samples == 10);
    f.fs.SetCapacity(1 << 20);
    REQUIRE(queue->Append(f.MakeBlock("after")));
    CHECK(QueueFixture::Drain(*queue) == std::vector<std::string>{"before", "after"});
    const std::string log = f.sink.text();
    const auto first = log.find("the queue cannot be written");
    CHECK(first != std::string::npos);
    CHECK(log.find("the queue cannot be written", first + 1) == std::string::npos);
    CHECK(log.find("the queue can be written again") != std::string::npos);
  }

  TEST_CASE("a queue that filled the disk itself frees it by being sent, and goes on") {
    for (const std::uint64_t max_bytes : {1ULL << 30, 2ULL << 20}) {  // one segment; several
      CAPTURE(max_bytes);
      QueueFixture f;
      f.options.max_bytes = max_bytes;
      f.fs.SetCapacity(1 << 20);
      const auto queue = f.Open();
      const int stored = Fill(*queue, f);
      REQUIRE(stored > 15);
      // Not even 20 bytes for the cursor.
      const auto filler = f.fs.Open("filler", OpenMode::kCreate);
      REQUIRE(filler.has_value());
      CHECK_FALSE((*filler)->Append(std::string(60'000, 'x')).has_value());
      CHECK(Send(*queue, static_cast<std::size_t>(stored)).size() ==
            static_cast<std::size_t>(stored));
      CHECK(Times(f.sink.text(), "the queue's cursor cannot be written") == 1);
      std::uint64_t left = 0;
      const auto names = f.fs.List("queue/one");
      for (const std::string& name : *names) left += f.fs.Stat("queue/one/" + name)->size_bytes;
      CHECK(left < 1000);
      CHECK(queue->Append(f.MakeBlock("after")));
      CHECK(Send(*queue, 1) == std::vector<std::string>{"after"});
    }
  }

  TEST_CASE("a queue opens on a full disk, also with a torn cursor, and goes on where it was") {
    for (const bool torn : {false, true}) {
      CAPTURE(torn);
      QueueFixture f;
      int stored = 0;
      {
        const auto queue = f.Open();
        REQUIRE(queue->Append(f.MakeBlock("first")));
        (void)queue->Next({});
        REQUIRE(queue->Done());
        if (torn) REQUIRE((*f.fs.Open("queue/one/cursor", OpenMode::kAppend))->Append("half"));
        f.fs.SetCapacity(1 << 20);
        stored = Fill(*queue, f);
        CHECK_FALSE((*f.fs.Open("filler", OpenMode::kCreate))->Append(std::string(60'000, 'x')));
      }
      f.fs.Restart(FaultyFileSystem::Lose::kNothing);
      const auto queue = f.Open();
      const auto sent = Send(*queue, static_cast<std::size_t>(stored));
      REQUIRE(sent.size() == static_cast<std::size_t>(stored));
      CHECK(sent.front() == Body(0, 50'000));
      CHECK(queue->Append(f.MakeBlock("after")));
    }
  }

  TEST_CASE("a torn tail is cut off, what is before it stays") {
    QueueFixture f;
    {
      const auto queue = f.Open();
      REQUIRE(queue->Append(f.MakeBlock("whole")));
    }
    {
      const auto file = f.fs.Open("queue/one/000001", OpenMode::kAppend);
      REQUIRE(file.has_value());
      REQUIRE((*file)->Append(std::string("\x01\x01\x00half a", 9)));
    }
    const auto queue = f.Open();
    REQUIRE(queue->Append(f.MakeBlock("next")));
    CHECK(QueueFixture::Drain(*queue) == std::vector<std::string>{"whole", "next"});
  }

  TEST_CASE("broken bytes in the middle cost what they cover, counted") {
    QueueFixture f;
    {
      const auto queue = f.Open();
      for (int i = 0; i < 3; ++i) REQUIRE(queue->Append(f.MakeBlock(Body(i, 40'000))));
    }
    const auto queue = f.Open();
    f.fs.FlipByte("queue/one/000001", 45'000);  // in block 1
    REQUIRE(queue->Append(f.MakeBlock("next")));
    std::vector<std::string> got;
    while (got.empty() || got.back() != "next") {
      got.push_back(queue->Next({})->body);
      REQUIRE(queue->Done());
    }
    CHECK(got.front() == Body(0, 40'000));
    CHECK(got.size() < 4);
    std::stop_source stopped;
    std::jthread waiting([&] { (void)queue->Next(stopped.get_token()); });  // finds the end
    while (queue->stats().blocks > 0) std::this_thread::sleep_for(1ms);
    stopped.request_stop();
    waiting.join();
    CHECK(queue->stats().dropped_samples.at("corrupt") == 10 * (4 - got.size()));
  }

  TEST_CASE("a broken cursor sends everything again; a broken last entry the block before it") {
    QueueFixture f;
    {
      const auto queue = f.Open();
      for (const char* body : {"a", "b", "c"}) REQUIRE(queue->Append(f.MakeBlock(body)));
      for (int i = 0; i < 2; ++i) {
        (void)queue->Next({});
        REQUIRE(queue->Done());
      }
    }
    SUBCASE("last entry") {
      f.fs.FlipByte("queue/one/cursor", 20 + 9);
      const auto queue = f.Open();
      CHECK(QueueFixture::Drain(*queue) == std::vector<std::string>{"b", "c"});
    }
    SUBCASE("all of it") {
      f.fs.FlipByte("queue/one/cursor", 9);
      f.fs.FlipByte("queue/one/cursor", 20 + 9);
      const auto queue = f.Open();
      CHECK(QueueFixture::Drain(*queue) == std::vector<std::string>{"a", "b", "c"});
      CHECK(f.sink.text().find("cursor is broken") != std::string::npos);
    }
  }

  TEST_CASE("segments that a power cut took are not written again below the cursor") {
    QueueFixture f;
    {
      const auto queue = f.Open();
      REQUIRE(queue->Append(f.MakeBlock("a")));
      (void)queue->Next({});
      REQUIRE(queue->Done());
    }
    REQUIRE(f.fs.Remove("queue/one/000001"));
    const auto queue = f.Open();
    REQUIRE(queue->Append(f.MakeBlock("b")));
    CHECK(queue->Next({})->body == "b");
  }

  TEST_CASE("the cursor file is replaced when it has grown") {
    QueueFixture f;
    const auto queue = f.Open();
    for (int i = 0; i < 4000; ++i) {
      REQUIRE(queue->Append(f.MakeBlock("x")));
      (void)queue->Next({});
      REQUIRE(queue->Done());
    }
    CHECK(f.fs.Stat("queue/one/cursor")->size_bytes <= 64 << 10);
    const auto again = f.Open();
    CHECK(again->stats().blocks == 0);
  }

  TEST_CASE("segments behind the cursor are deleted") {
    QueueFixture f;
    f.options.max_bytes = 4 << 20;
    const auto queue = f.Open();
    for (int i = 0; i < 30; ++i) REQUIRE(queue->Append(f.MakeBlock(Body(i, 50'000))));
    CHECK(f.fs.List("queue/one")->size() > 4);
    (void)QueueFixture::Drain(*queue);
    CHECK(f.fs.List("queue/one")->size() == 2);  // the last segment and the cursor
  }

  TEST_CASE("fsync: always has a block on the disk when Append returns") {
    QueueFixture f;
    f.options.sync_always = true;
    {
      const auto queue = f.Open();
      REQUIRE(queue->Append(f.MakeBlock("safe")));
    }
    f.fs.Restart(FaultyFileSystem::Lose::kUnsynced);
    const auto queue = f.Open();
    CHECK(QueueFixture::Drain(*queue) == std::vector<std::string>{"safe"});
  }

  TEST_CASE("fsync: always, and the disk refuses: said once, counted, and the block is stored") {
    QueueFixture f;
    f.options.sync_always = true;
    const auto queue = f.Open();
    f.fs.FailSync(true);
    CHECK(queue->Append(f.MakeBlock("doubtful")));
    CHECK(queue->Append(f.MakeBlock("too")));
    CHECK(queue->stats().samples == 20);
    CHECK(queue->stats().failed_syncs == 2);
    CHECK(Times(f.sink.text(), "the queue cannot be synced") == 1);
    f.fs.FailSync(false);
    CHECK(queue->Append(f.MakeBlock("safe")));
    CHECK(f.sink.text().find("over: the queue cannot be synced") != std::string::npos);
    CHECK(QueueFixture::Drain(*queue) == std::vector<std::string>{"doubtful", "too", "safe"});
  }

  TEST_CASE(
      "fsync: interval, and the disk refuses: said once, counted, and age is still looked at") {
    QueueFixture f;
    f.options.max_age = 60s;
    const auto queue = f.Open();
    REQUIRE(queue->Append(f.MakeBlock("old")));
    f.fs.FailSync(true);
    f.clock.Advance(61s);
    for (int i = 0; i < 3; ++i) CHECK_FALSE(queue->Maintain(true).has_value());
    CHECK(queue->stats().dropped_samples.at("age") == 10);
    CHECK(queue->stats().failed_syncs == 3);
    CHECK(Times(f.sink.text(), "the queue cannot be synced") == 1);
  }

  TEST_CASE("a block is stored when the byte cap cannot delete what it drops; that is done later") {
    QueueFixture f;
    f.options.max_bytes = 1 << 20;
    const auto queue = f.Open();
    int i = 0;
    f.fs.FailRemove(true);
    while (queue->stats().dropped_blocks == 0) CHECK(queue->Append(f.MakeBlock(Body(i++, 50'000))));
    CHECK(queue->Append(f.MakeBlock("last")));
    CHECK(Times(f.sink.text(), "sent segments of the queue cannot be deleted") == 1);
    f.fs.FailRemove(false);
    CHECK(QueueFixture::Drain(*queue).back() == "last");
    CHECK(f.fs.List("queue/one")->size() == 2);
  }

  TEST_CASE("Maintain with sync survives a power cut") {
    QueueFixture f;
    {
      const auto queue = f.Open();
      REQUIRE(queue->Append(f.MakeBlock("a")));
      REQUIRE(queue->Maintain(true));
      REQUIRE(queue->Append(f.MakeBlock("b")));
    }
    f.fs.Restart(FaultyFileSystem::Lose::kUnsynced);
    const auto queue = f.Open();
    CHECK(QueueFixture::Drain(*queue) == std::vector<std::string>{"a"});
  }
}

}  // namespace
}  // namespace drover::agent::forward
