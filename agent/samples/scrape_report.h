// up and the scrape_… series that follow every scrape, of a target or of a built-in exporter.
#pragma once

#include <chrono>
#include <cstdint>

#include "agent/samples/series_cache.h"
#include "core/base/clock.h"

namespace drover::agent {

struct ScrapeReport {
  bool up = false;
  std::chrono::duration<double> duration{};
  SampleCounts counts;
};
void AppendReport(SeriesCache& cache, Appender& out, std::int64_t t_ms, const ScrapeReport& report);

// Where in an interval a target's scrapes fall: spread by a hash, the same after a restart.
std::chrono::milliseconds ScrapeOffset(std::uint64_t hash, std::chrono::milliseconds interval);
// The first time after `now` that is `offset` into the interval, counted from the epoch.
TimePoint NextScrape(TimePoint now, std::chrono::milliseconds interval,
                     std::chrono::milliseconds offset);

// What the samples of a scrape planned for `planned` and started `now` carry: the planned time when
// the start is a little late, since equal distances compress best.
TimePoint ScrapeTime(TimePoint planned, TimePoint now);

}  // namespace drover::agent
