#include "agent/scrape/target.h"

#include <utility>

#include "agent/samples/scrape_report.h"
#include "core/base/numbers.h"
#include "core/exposition/text_parser.h"

namespace drover::agent::scrape {
namespace {

SampleRules RulesOf(const ScrapeConfig& job, const ScrapeLimits& global, const Labels& labels) {
  SampleRules rules;
  rules.target_labels = labels;
  rules.honor_labels = job.honor_labels;
  rules.track_timestamps_staleness = job.track_timestamps_staleness;
  rules.metric_relabel = job.metric_relabel_configs.rules;
  rules.sample_limit = job.sample_limit.value_or(global.sample_limit);
  rules.label_limit = job.label_limit.value_or(global.label_limit);
  rules.label_name_length_limit =
      job.label_name_length_limit.value_or(global.label_name_length_limit);
  rules.label_value_length_limit =
      job.label_value_length_limit.value_or(global.label_value_length_limit);
  return rules;
}

std::string Seconds(Millis d) {
  std::string text;
  AppendFloatF(text, std::chrono::duration<double>(d).count());
  return text;
}

}  // namespace

Target::Target(const ScrapeConfig& job, const ScrapeLimits& global, TargetSpec spec,
               Appendable& out, Clock& clock, const Logger& log)
    : spec_(std::move(spec)),
      job_(job.job_name),
      interval_(job.scrape_interval),
      timeout_(job.scrape_timeout),
      offset_(ScrapeOffset(spec_.labels.Hash(), interval_)),
      gzip_(job.enable_compression),
      honor_timestamps_(job.honor_timestamps),
      body_limit_(job.body_size_limit.value_or(global.body_size_limit).bytes),
      out_(out),
      clock_(clock),
      log_(log),
      cache_(RulesOf(job, global, spec_.labels)) {}

http::ClientRequest Target::MakeRequest() const {
  http::ClientRequest request;
  request.url = spec_.url;
  request.timeout = timeout_;
  request.max_body_bytes = body_limit_ == 0 ? UINT64_MAX : body_limit_;
  request.accept_gzip = gzip_;
  request.headers = {{"Accept", "text/plain;version=0.0.4;q=1,*/*;q=0.1"},
                     {"X-Prometheus-Scrape-Timeout-Seconds", Seconds(timeout_)}};
  return request;
}

Status Target::Append(const Result<http::ClientResponse>& answer, Appender& out,
                      std::int64_t t_ms) {
  if (!answer) return tl::unexpected(answer.error());
  if (answer->status != 200) {
    return Fail(ErrorCode::kUnavailable, "server returned HTTP status " +
                                             std::to_string(answer->status) + " " +
                                             std::string(http::ReasonPhrase(answer->status)));
  }
  cache_.Begin(out, t_ms);
  exposition::TextParser parser(answer->body);
  MetricMetadata metadata;
  const auto flush = [&]() -> Status {
    return metadata.family.empty() ? Status() : out.AppendMetadata(metadata);
  };
  for (;;) {
    DROVER_TRY(const auto entry, parser.Next());
    using enum exposition::TextParser::Entry;
    if (entry == kEnd) break;
    if (entry == kSample) {
      const auto own = honor_timestamps_ ? parser.timestamp_ms() : std::nullopt;
      DROVER_CHECK(cache_.Add(parser.series(), parser.value(), own, exposition::DecodeSeries));
    } else if (entry == kHelp || entry == kType) {
      if (parser.name() != metadata.family) {
        DROVER_CHECK(flush());
        metadata = {std::string(parser.name()), MetricType::kUnknown, "", ""};
      }
      if (entry == kHelp) {
        metadata.help = exposition::UnescapeHelp(parser.help());
      } else {
        metadata.type = parser.type();
      }
    }
  }
  DROVER_CHECK(flush());
  cache_.Finish();
  return {};
}

bool Target::OnAnswer(const Result<http::ClientResponse>& answer, TimePoint scraped_at,
                      std::chrono::duration<double> duration) {
  Lock lock(mutex_);
  if (ended_) return true;
  const std::int64_t t_ms = ToMs(scraped_at);
  auto out = out_.NewAppender();
  const Status status = Append(answer, *out, t_ms);
  ScrapeReport report{status.has_value(), duration, {}};
  if (status) {
    report.counts = cache_.counts();
  } else {
    out->Rollback();
    cache_.Abandon(*out, t_ms);
  }
  AppendReport(cache_, *out, t_ms, report);
  const Status committed = out->Commit();

  const Health health = status ? Health::kUp : Health::kDown;
  if (health != status_.health || (!status && status.error().message() != status_.last_error)) {
    if (!status) {
      log_.Warn("scrape failed",
                {{"job", job_}, {"target", spec_.url}, {"err", status.error().message()}});
    } else if (status_.health == Health::kDown) {
      log_.Info("scrape works again", {{"job", job_}, {"target", spec_.url}});
    }
  }
  status_.health = health;
  status_.last_error = !status      ? status.error().message()
                       : !committed ? committed.error().message()
                                    : "";
  status_.last_scrape = scraped_at;
  status_.last_duration = duration;
  status_.samples = report.counts.scraped;
  status_.series = report.counts.after_relabel;
  return status.has_value();
}

void Target::TakeOver(Target& old) {
  Lock old_lock(old.mutex_);
  Lock lock(mutex_);
  if (std::exchange(old.ended_, true)) return;
  cache_.Inherit(old.cache_);
  status_ = old.status_;
}

void Target::End() {
  Lock lock(mutex_);
  if (ended_) return;
  ended_ = true;
  auto out = out_.NewAppender();
  cache_.End(*out, ToMs(clock_.Now()));
  (void)out->Commit();  // a full queue is counted by the queue
}

TargetStatus Target::status() const {
  Lock lock(mutex_);
  TargetStatus out = status_;
  out.spec = spec_;
  out.job = job_;
  out.interval = interval_;
  out.timeout = timeout_;
  return out;
}

}  // namespace drover::agent::scrape
