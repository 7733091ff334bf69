// A head over a file system in memory and a clock that stands, and a slow model to compare it with.
#pragma once

#include <bit>
#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <doctest/doctest.h>

#include "core/base/log.h"
#include "core/metrics/registry.h"
#include "receiver/storage/head/head.h"
#include "tests/support/fake_clock.h"
#include "tests/support/faulty_file_system.h"

namespace drover::storage {

inline constexpr std::int64_t kNow = 1'700'000'000'000;

class NoLog final : public LogSink {
 public:
  void Write(std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

using Bits = std::map<std::int64_t, std::uint64_t>;  // time to value bits
using Content = std::map<std::string, Bits>;         // by Labels::ToString

struct HeadFixture {
  HeadFixture() { options.maintenance_interval = Millis(0); }

  bool Open() {
    head.reset();
    registry = std::make_unique<Registry>();
    auto opened = Head::Open(fs, "head_log", clock, log, *registry, options);
    if (!opened) return false;
    head = std::move(*opened);
    return true;
  }
  // Of all series in the order they come; checks that this is label order.
  Content Read(const std::vector<Matcher>& matchers = {}, std::int64_t min_t = 0,
               std::int64_t max_t = INT64_MAX) const {
    Content content;
    auto set = head->Select(matchers, min_t, max_t, {});
    REQUIRE(set.has_value());
    SampleColumns columns;
    Labels last;
    while ((*set)->Next()) {
      const Labels& labels = (*set)->labels();
      CHECK(last < labels);
      last = labels;
      REQUIRE((*set)->Samples(columns).has_value());
      Bits& bits = content[labels.ToString()];
      for (std::size_t i = 0; i < columns.size(); ++i) {
        bits[columns.t_ms[i]] = std::bit_cast<std::uint64_t>(columns.value[i]);
      }
      CHECK(bits.size() == columns.size());
    }
    return content;
  }

  testing::FakeClock clock{kNow};
  NoLog sink;
  Logger log{sink, clock};
  testing::FaultyFileSystem fs;
  HeadOptions options;
  std::unique_ptr<Registry> registry;
  std::unique_ptr<Head> head;
};

inline Matcher Match(MatchType type, std::string_view name, std::string_view value) {
  return *Matcher::Make(type, name, value);
}

}  // namespace drover::storage
