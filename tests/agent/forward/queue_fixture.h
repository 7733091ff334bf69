// A queue in a faulty file system, with what tests ask of it.
#pragma once

#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "agent/forward/queue.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"
#include "tests/support/memory_log.h"

namespace drover::agent::forward {

struct QueueFixture {
  testing::FaultyFileSystem fs;
  testing::FakeClock clock;
  testing::MemoryLog sink;
  Logger log{sink, clock};
  QueueOptions options;

  std::unique_ptr<Queue> Open() {
    auto queue = Queue::Open(fs, "queue/one", options, clock, log);
    REQUIRE_MESSAGE(queue.has_value(), queue.error().message());
    return std::move(*queue);
  }
  Block MakeBlock(std::string body, std::uint64_t samples = 10) const {
    return {BlockKind::kSamples, clock.Now(), samples, std::move(body)};
  }
  // Bodies of all that waits, each settled.
  static std::vector<std::string> Drain(Queue& queue) {
    std::vector<std::string> out;
    while (queue.stats().blocks > 0) {
      std::stop_source stop;
      const auto block = queue.Next(stop.get_token());
      if (!block) break;
      out.push_back(block->body);
      if (!queue.Done()) break;
    }
    return out;
  }
};

}  // namespace drover::agent::forward
