#include "agent/samples/scrape_report.h"

namespace drover::agent {

void AppendReport(SeriesCache& cache, Appender& out, std::int64_t t_ms,
                  const ScrapeReport& report) {
  cache.AddReport(out, "up", t_ms, report.up ? 1 : 0);
  cache.AddReport(out, "scrape_duration_seconds", t_ms, report.duration.count());
  cache.AddReport(out, "scrape_samples_scraped", t_ms, static_cast<double>(report.counts.scraped));
  cache.AddReport(out, "scrape_samples_post_metric_relabeling", t_ms,
                  static_cast<double>(report.counts.after_relabel));
  cache.AddReport(out, "scrape_series_added", t_ms, static_cast<double>(report.counts.added));
}

std::chrono::milliseconds ScrapeOffset(std::uint64_t hash, std::chrono::milliseconds interval) {
  return std::chrono::milliseconds(hash % static_cast<std::uint64_t>(interval.count()));
}

TimePoint NextScrape(TimePoint now, std::chrono::milliseconds interval,
                     std::chrono::milliseconds offset) {
  const auto since = (now.time_since_epoch() - offset) % interval;
  return now + (interval - since);
}

TimePoint ScrapeTime(TimePoint planned, TimePoint now) {
  constexpr std::chrono::milliseconds kTolerance{10};
  return now >= planned && now - planned <= kTolerance ? planned : now;
}

}  // namespace drover::agent
