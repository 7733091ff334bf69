#include "agent/forward/endpoint.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "core/base/numbers.h"
#include "core/http/url.h"

namespace drover::agent::forward {
namespace {

std::string ShownUrl(const std::string& text) {
  const auto url = http::ParseUrl(text);
  return url ? url->ToString() : text;
}

// The peer's words, one line of them.
std::string Excerpt(std::string_view body) {
  body = body.substr(0, body.find('\n'));
  return std::string(body.substr(0, 300));
}

std::string Describe(const Result<http::ClientResponse>& answer) {
  if (!answer) return answer.error().message();
  const std::string words = Excerpt(answer->body);
  return "HTTP status " + std::to_string(answer->status) + (words.empty() ? "" : ": " + words);
}

}  // namespace

Outcome Judge(const Result<http::ClientResponse>& answer, bool retry_on_429) {
  if (!answer) return Outcome::kRetry;
  const int status = answer->status;
  if (status >= 200 && status < 300) return Outcome::kSent;
  if (status == 429) return retry_on_429 ? Outcome::kRetry : Outcome::kRefused;
  if (status >= 500) return Outcome::kRetry;
  // 409: Thanos' word for samples out of order.
  for (const int of_the_content : {400, 409, 413, 415, 422}) {
    if (status == of_the_content) return Outcome::kRefused;
  }
  return Outcome::kHeld;
}

Millis RetryAfter(const http::ClientResponse& answer, TimePoint now) {
  const std::string_view text = answer.headers.Get("Retry-After");
  constexpr Millis kMost = std::chrono::hours(1);
  if (const auto seconds = ParseUint(text))
    return std::min<Millis>(std::chrono::seconds(std::min<std::uint64_t>(*seconds, 3600)), kMost);
  // Sun, 06 Nov 1994 08:49:37 GMT (RFC 9110)
  static constexpr std::string_view kMonths = "JanFebMarAprMayJunJulAugSepOctNovDec";
  if (text.size() < 29) return Millis(0);
  const std::size_t month = kMonths.find(text.substr(8, 3));
  if (month == std::string_view::npos) return Millis(0);
  const std::string number = std::to_string(month / 3 + 1);
  const auto when = ParseRfc3339(
      std::string(text.substr(12, 4)) + "-" + (number.size() == 1 ? "0" : "") + number + "-" +
      std::string(text.substr(5, 2)) + "T" + std::string(text.substr(17, 8)) + "Z");
  if (!when || *when <= now) return Millis(0);
  return std::min(*when - now, kMost);
}

Endpoint::Endpoint(const RemoteWriteConfig& config, std::unique_ptr<Queue> queue,
                   std::unique_ptr<http::Client> client, Clock& clock, Registry& registry,
                   const Logger& log)
    : config_(config),
      queue_(std::move(queue)),
      client_(std::move(client)),
      clock_(clock),
      registry_(registry),
      log_(log),
      labels_({{"remote_name", config.name}, {"url", ShownUrl(config.url)}}),
      backoff_({config.queue_config.min_backoff, config.queue_config.max_backoff, 2, 0.1},
               static_cast<std::uint32_t>(std::hash<std::string>()(config.name))),
      samples_total_(registry.AddCounter("prometheus_remote_storage_samples_total",
                                         "Samples sent to and taken by the endpoint.", labels_)),
      metadata_total_(registry.AddCounter("prometheus_remote_storage_metadata_total",
                                          "Metadata entries sent to and taken by the endpoint.",
                                          labels_)),
      bytes_total_(registry.AddCounter("prometheus_remote_storage_bytes_total",
                                       "Bytes of samples and metadata sent, compressed.", labels_)),
      samples_failed_total_(registry.AddCounter("prometheus_remote_storage_samples_failed_total",
                                                "Samples the endpoint refused for good.", labels_)),
      samples_retried_total_(registry.AddCounter(
          "prometheus_remote_storage_samples_retried_total",
          "Samples sent again because the endpoint did not take them yet.", labels_)),
      failed_syncs_total_(registry.AddCounter("drover_forward_queue_failed_syncs_total",
                                              "Syncs of the queue that the disk refused.",
                                              labels_)),
      samples_pending_(registry.AddGauge("prometheus_remote_storage_samples_pending",
                                         "Samples waiting in the queue.", labels_)),
      queue_bytes_(registry.AddGauge("drover_forward_queue_bytes",
                                     "Bytes waiting in the queue on disk.", labels_)),
      queue_oldest_(registry.AddGauge("drover_forward_queue_oldest_age_seconds",
                                      "Age of the oldest block in the queue; 0 when empty.",
                                      labels_)),
      highest_sent_(
          registry.AddGauge("prometheus_remote_storage_queue_highest_sent_timestamp_seconds",
                            "Time at which the newest block that was taken was made.", labels_)),
      duration_(
          registry.AddHistogram("prometheus_remote_storage_sent_batch_duration_seconds",
                                "Duration of requests to the endpoint.", labels_,
                                {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 60})),
      thread_([this](std::stop_token stop) { Run(stop); }) {}

Endpoint::~Endpoint() {
  Stop();
  for (Gauge* gauge : {&samples_pending_, &queue_bytes_, &queue_oldest_}) gauge->Set(0);
}

void Endpoint::Stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void Endpoint::Run(std::stop_token stop) {
  while (const auto block = queue_->Next(stop)) {
    if (!Send(*block, stop)) return;
    (void)queue_->Done();  // the queue says so
  }
}

bool Endpoint::Send(const Block& block, std::stop_token stop) {
  for (int attempt = 0;; ++attempt) {
    const MonoTime started = clock_.Mono();
    const auto answer = client_->Do(MakeRequest(block, attempt), stop);
    if (stop.stop_requested()) return false;
    duration_.Observe(std::chrono::duration<double>(clock_.Mono() - started).count());
    const Outcome outcome = Judge(answer, config_.queue_config.retry_on_http_429);
    if (outcome == Outcome::kSent) {
      backoff_.Reset();
      bytes_total_.Add(static_cast<double>(block.body.size()));
      (block.kind == BlockKind::kSamples ? samples_total_ : metadata_total_)
          .Add(static_cast<double>(block.samples));
      highest_sent_.Set(static_cast<double>(ToMs(block.created)) / 1000);
      Lock lock(mutex_);
      if (failing_)
        log_.Info("remote write works again",
                  {{"remote", config_.name}, {"url", labels_.at("url")}});
      failing_ = held_ = false;
      last_error_.clear();
      return true;
    }
    NoteFailure(Describe(answer), outcome, block);
    if (outcome == Outcome::kRefused) {
      backoff_.Reset();
      return true;
    }
    if (block.kind == BlockKind::kSamples)
      samples_retried_total_.Add(static_cast<double>(block.samples));
    Millis wait = backoff_.Next();
    if (outcome == Outcome::kHeld) wait = std::max(wait, config_.queue_config.max_backoff);
    if (answer) wait = std::max(wait, RetryAfter(*answer, clock_.Now()));
    if (!clock_.SleepFor(wait, stop)) return false;
    if (queue_->overtaken()) return true;
  }
}

http::ClientRequest Endpoint::MakeRequest(const Block& block, int attempt) const {
  http::ClientRequest request;
  request.method = "POST";
  request.url = config_.url;
  request.timeout = config_.remote_timeout;
  request.max_body_bytes = 1 << 20;
  request.headers = {{"Content-Encoding", "snappy"},
                     {"Content-Type", "application/x-protobuf"},
                     {"X-Prometheus-Remote-Write-Version", "0.1.0"}};
  if (attempt > 0) request.headers.emplace_back("Retry-Attempt", std::to_string(attempt));
  for (const auto& [name, value] : config_.headers) request.headers.emplace_back(name, value);
  request.body = block.body;
  return request;
}

void Endpoint::NoteFailure(const std::string& error, Outcome outcome, const Block& block) {
  Lock lock(mutex_);
  const bool held = outcome == Outcome::kHeld;
  if (outcome == Outcome::kRefused) {
    if (block.kind == BlockKind::kSamples) {
      queue_->CountDropped("refused", block.samples);
      samples_failed_total_.Add(static_cast<double>(block.samples));
    }
    if (last_error_ != error) {
      log_.Error("the endpoint refused samples: they are dropped", {{"remote", config_.name},
                                                                    {"url", labels_.at("url")},
                                                                    {"samples", block.samples},
                                                                    {"err", error}});
    }
  } else if (!failing_ || (held && !held_)) {
    log_.Warn(held ? "remote write is turned away, look at the settings: queueing on disk and "
                     "trying again"
                   : "remote write fails: queueing on disk and trying again",
              {{"remote", config_.name}, {"url", labels_.at("url")}, {"err", error}});
  }
  failing_ = outcome != Outcome::kRefused;
  held_ = held;
  last_error_ = error;
}

EndpointStatus Endpoint::status() const {
  EndpointStatus out;
  out.name = config_.name;
  out.url = labels_.at("url");
  out.queue = queue_->stats();
  out.samples_sent = static_cast<std::uint64_t>(samples_total_.Value());
  out.bytes_sent = static_cast<std::uint64_t>(bytes_total_.Value());
  Lock lock(mutex_);
  out.failing = failing_;
  out.last_error = last_error_;
  return out;
}

void Endpoint::UpdateMetrics() {
  const QueueStats stats = queue_->stats();
  samples_pending_.Set(static_cast<double>(stats.samples));
  queue_bytes_.Set(static_cast<double>(stats.bytes));
  queue_oldest_.Set(
      stats.oldest
          ? std::max(0.0, std::chrono::duration<double>(clock_.Now() - *stats.oldest).count())
          : 0);
  Lock lock(mutex_);
  failed_syncs_total_.Add(
      static_cast<double>(stats.failed_syncs - std::exchange(counted_syncs_, stats.failed_syncs)));
  for (const char* reason : {"age", "bytes", "corrupt", "disk_full", "refused", "unknown"}) {
    MetricLabels labels = labels_;
    labels["reason"] = reason;
    Counter& counter =
        registry_.AddCounter("prometheus_remote_storage_samples_dropped_total",
                             "Samples that were never taken by the endpoint, by reason.", labels);
    const auto found = stats.dropped_samples.find(reason);
    const std::uint64_t now = found == stats.dropped_samples.end() ? 0 : found->second;
    std::uint64_t& counted = counted_drops_[reason];
    counter.Add(static_cast<double>(now - counted));
    counted = now;
  }
}

}  // namespace drover::agent::forward
