#include <functional>
#include <random>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/crc32c.h"
#include "core/record_log/reader.h"
#include "core/record_log/writer.h"
#include "tests/support/faulty_file_system.h"

namespace drover::record_log {
namespace {

using testing::FaultyFileSystem;

std::string Record(std::uint32_t i) {
  std::mt19937 random(i);
  static constexpr std::size_t kSizes[] = {0, 1, 20, 500, 5'000, 32'761, 40'000, 100'000};
  std::string record(kSizes[random() % 8], static_cast<char>('a' + i % 26));
  for (std::size_t at = 0; at < record.size(); at += 7) record[at] = static_cast<char>(random());
  return record;
}

std::vector<std::string> ReadAll(FileSystem& fs, ReadStats* stats = nullptr, Position from = {}) {
  Reader reader(fs, "log", from);
  std::vector<std::string> records;
  for (;;) {
    const auto more = reader.Next();
    REQUIRE(more.has_value());
    if (!*more) break;
    records.emplace_back(reader.record());
  }
  if (stats != nullptr) *stats = reader.stats();
  return records;
}

TEST_SUITE("core/record_log") {
  TEST_CASE("the example of the format document") {
    FaultyFileSystem fs;
    auto writer = *Writer::Open(fs, "log", {});
    REQUIRE(writer->Append("hello").has_value());
    const auto bytes = fs.ReadFile("log/000001");
    REQUIRE(bytes.has_value());
    CHECK(*bytes == std::string("\x01\x00\x05\x9a\x71\xbb\x4c\x68\x65\x6c\x6c\x6f", 12));
  }

  TEST_CASE("records of any size come back in order, over segments and compressions") {
    for (const auto compression : {Compression::kNone, Compression::kSnappy, Compression::kZstd}) {
      FaultyFileSystem fs;
      std::vector<std::string> want;
      for (int round = 0; round < 3; ++round) {
        auto writer = *Writer::Open(fs, "log", {300'000, compression});
        for (std::uint32_t i = 0; i < 60; ++i) {
          want.push_back(Record(i));
          REQUIRE(writer->Append(want.back()).has_value());
        }
      }
      CHECK(ListSegments(fs, "log")->size() > 4);
      ReadStats stats;
      CHECK(ReadAll(fs, &stats) == want);
      CHECK(stats.corrupt == 0);
      CHECK(stats.torn == 0);
    }
  }

  TEST_CASE("a reader goes on where another stopped, and beside the writer") {
    FaultyFileSystem fs;
    auto writer = *Writer::Open(fs, "log", {100'000, Compression::kNone});
    Reader reader(fs, "log");
    for (std::uint32_t i = 0; i < 50; ++i) {
      REQUIRE(writer->Append(Record(i)).has_value());
      reader.SetEnd(writer->position());
      REQUIRE(*reader.Next());
      CHECK(reader.record() == Record(i));
      CHECK_FALSE(*reader.Next());
    }
    Reader first(fs, "log");
    for (int i = 0; i < 20; ++i) REQUIRE(*first.Next());
    CHECK(ReadAll(fs, nullptr, first.position()).size() == 30);
  }

  TEST_CASE("old segments can go") {
    FaultyFileSystem fs;
    auto writer = *Writer::Open(fs, "log", {});
    REQUIRE(writer->Append("old").has_value());
    const auto segment = writer->Cut();
    REQUIRE(segment.has_value());
    REQUIRE(writer->Append("new").has_value());
    REQUIRE(writer->RemoveBefore(*segment).has_value());
    CHECK(ReadAll(fs) == std::vector<std::string>{"new"});
  }

  TEST_CASE("a flipped byte costs its page, no more") {
    for (std::uint64_t at = 3; at < 400'000; at += 20'011) {
      FaultyFileSystem fs;
      auto writer = *Writer::Open(fs, "log", {});
      std::vector<std::string> want;
      for (std::uint32_t i = 0; i < 400; ++i) {
        want.push_back(std::to_string(i) + std::string(1000, 'x'));
        REQUIRE(writer->Append(want.back()).has_value());
      }
      fs.FlipByte("log/000001", at);
      ReadStats stats;
      const auto got = ReadAll(fs, &stats);
      CHECK(stats.corrupt >= 1);
      CHECK(got.size() >= want.size() - 34);
      CHECK(got.size() < want.size());
      std::size_t next = 0;
      for (const std::string& record : got) {  // in order, none invented
        while (next < want.size() && want[next] != record) ++next;
        REQUIRE(next < want.size());
      }
    }
  }

  TEST_CASE("a full disk leaves nothing half written, and writing goes on when there is room") {
    FaultyFileSystem fs;
    auto writer = *Writer::Open(fs, "log", {});
    REQUIRE(writer->Append("before").has_value());
    fs.SetCapacity(1000);
    const std::string big(100'000, 'x');
    const Status status = writer->Append(big);
    REQUIRE_FALSE(status.has_value());
    CHECK(status.error().code() == ErrorCode::kExhausted);
    REQUIRE(writer->Append("small").has_value());
    fs.SetCapacity(1 << 30);
    REQUIRE(writer->Append(big).has_value());
    ReadStats stats;
    CHECK(ReadAll(fs, &stats) == std::vector<std::string>{"before", "small", big});
    CHECK(stats.corrupt + stats.torn == 0);
  }

  TEST_CASE("whatever was acknowledged survives a crash at every write") {
    using Lose = FaultyFileSystem::Lose;
    const auto work = [](FaultyFileSystem& fs, std::vector<std::string>& acknowledged) {
      auto writer = Writer::Open(fs, "log", {150'000, Compression::kNone});
      if (!writer) return;
      std::vector<std::string> batch;
      for (std::uint32_t i = 0; i < 24; ++i) {
        batch.push_back(Record(i) + std::to_string(i));
        if (batch.size() < 3) continue;
        const std::vector<std::string_view> views(batch.begin(), batch.end());
        if (!(*writer)->Append(views) || !(*writer)->Sync()) return;
        acknowledged.insert(acknowledged.end(), batch.begin(), batch.end());
        batch.clear();
      }
    };
    FaultyFileSystem whole;
    std::vector<std::string> all;
    work(whole, all);
    REQUIRE(all.size() == 24);
    for (const Lose lose : {Lose::kNothing, Lose::kUnsynced, Lose::kHalf}) {
      for (std::uint64_t n = 1; n <= whole.operations(); ++n) {
        FaultyFileSystem fs;
        fs.CrashAtOperation(n);
        std::vector<std::string> acknowledged;
        work(fs, acknowledged);
        REQUIRE(fs.crashed());
        fs.Restart(lose);
        REQUIRE(Repair(fs, "log").has_value());
        ReadStats stats;
        const auto got = ReadAll(fs, &stats);
        CHECK(stats.corrupt == 0);
        CHECK(stats.torn == 0);
        REQUIRE(got.size() >= acknowledged.size());
        REQUIRE(std::equal(got.begin(), got.end(), all.begin()));
        // And the log can be written on.
        auto writer = Writer::Open(fs, "log", {});
        REQUIRE(writer.has_value());
        REQUIRE((*writer)->Append("after").has_value());
        CHECK(ReadAll(fs).back() == "after");
      }
    }
  }
}

}  // namespace
}  // namespace drover::record_log
