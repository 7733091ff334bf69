#include "receiver/ingest/write_handler.h"

#include <algorithm>
#include <random>

#include "core/compression/snappy.h"
#include "receiver/ingest/series_labels.h"

namespace drover::ingest {
namespace {

std::string_view Trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

WriteAnswer Answer(int status, std::string text) {
  text += '\n';
  return {status, std::move(text)};
}

// 415 with a text, or 204 when the body may be read as 1.0.
WriteAnswer CheckContentType(std::string_view type) {
  if (Trim(type).empty()) return {};
  const std::size_t semicolon = type.find(';');
  const bool protobuf = Trim(type.substr(0, semicolon)) == "application/x-protobuf";
  if (!protobuf) {
    return Answer(415, "expected application/x-protobuf as the first (media) part, got " +
                           std::string(type) + " content-type");
  }
  if (semicolon == std::string_view::npos) return {};
  const std::string_view parameter = Trim(type.substr(semicolon + 1));
  if (parameter == "proto=prometheus.WriteRequest") return {};
  return Answer(415, std::string(parameter) +
                         " is not supported: only prometheus.WriteRequest (remote write 1.0) is");
}

}  // namespace

struct WriteHandler::Buffers {
  std::string decoded;
  std::vector<LabelView> labels;
};

// Takes the series of one request into one appender.
class WriteHandler::Request final : public wire::WriteVisitor {
 public:
  Request(WriteHandler& handler, Appender& appender, std::vector<LabelView>& labels)
      : handler_(handler), appender_(appender), labels_(labels) {}

  void OnSeries(std::string_view label_bytes, std::span<const Sample> samples) override {
    const LabelKey key = handler_.cache_.KeyOf(label_bytes);
    SeriesRef ref = handler_.cache_.Find(key);
    std::size_t at = 0;
    if (ref != 0) {
      for (; at < samples.size(); ++at) {
        const auto taken = appender_.Append(ref, no_labels_, samples[at].t_ms, samples[at].value);
        if (!taken && taken.error().code() == ErrorCode::kNotFound) break;  // forgotten
        Count(taken);
      }
      if (at == samples.size()) return;
    }
    if (samples.empty()) return;
    if (const Status status =
            wire::DecodeLabels(label_bytes, handler_.options_.max_labels, labels_);
        !status) {
      if (status.error().code() == ErrorCode::kInvalid) {
        broken_ = true;
        return;
      }
      invalid_ += samples.size() - at;
      return;
    }
    if (!CheckLabels(labels_, handler_.options_.max_label_name_bytes,
                     handler_.options_.max_label_value_bytes)) {
      invalid_ += samples.size() - at;
      return;
    }
    const Labels labels(labels_);
    ref = 0;
    for (; at < samples.size(); ++at) {
      const auto taken = appender_.Append(ref, labels, samples[at].t_ms, samples[at].value);
      Count(taken);
      if (taken) ref = *taken;
    }
    if (ref != 0) handler_.cache_.Put(key, ref);
  }

  void OnMetadata(const wire::MetadataView& m) override {
    (void)appender_.AppendMetadata(
        {std::string(m.family), m.type, std::string(m.help), std::string(m.unit)});
  }

  bool broken() const { return broken_; }
  std::uint64_t stored() const { return stored_; }
  std::uint64_t refused() const { return refused_; }
  std::uint64_t invalid() const { return invalid_; }
  // Of all refused samples; null when there are several.
  const Error* cause() const { return one_cause_ && cause_ ? &*cause_ : nullptr; }

 private:
  void Count(const Result<SeriesRef>& taken) {
    if (taken) {
      ++stored_;
      return;
    }
    ++refused_;
    if (!cause_) {
      cause_ = taken.error();
    } else if (cause_->message() != taken.error().message()) {
      one_cause_ = false;
    }
  }

  WriteHandler& handler_;
  Appender& appender_;
  std::vector<LabelView>& labels_;
  const Labels no_labels_;
  std::uint64_t stored_ = 0;
  std::uint64_t refused_ = 0;
  std::uint64_t invalid_ = 0;
  bool broken_ = false;
  bool one_cause_ = true;
  std::optional<Error> cause_;
};

WriteHandler::WriteHandler(Appendable& store, const Clock& clock, Registry& registry,
                           WriteOptions options)
    : store_(store),
      clock_(clock),
      options_(options),
      cache_(std::uint64_t{std::random_device{}()} << 32 | std::random_device{}(),
             options.max_cached_series),
      registry_(registry),
      samples_(registry.AddCounter("drover_ingest_samples_total",
                                   "Samples of remote write requests that were stored.")),
      refused_(registry.AddCounter("drover_ingest_samples_refused_total",
                                   "Samples of remote write requests that the store refused.")),
      invalid_labels_(
          registry.AddCounter("prometheus_api_remote_write_invalid_labels_samples_total",
                              "The total number of received remote write samples and histogram "
                              "samples which were rejected due to invalid labels.")),
      exemplars_(registry.AddCounter("drover_ingest_unsupported_total",
                                     "Received parts that are not stored yet.",
                                     {{"kind", "exemplar"}})),
      histograms_(registry.AddCounter("drover_ingest_unsupported_total",
                                      "Received parts that are not stored yet.",
                                      {{"kind", "histogram"}})),
      body_bytes_(registry.AddCounter("drover_ingest_body_bytes_total",
                                      "Bytes of remote write requests, as sent.")),
      duration_(registry.AddHistogram("drover_ingest_request_duration_seconds",
                                      "Time from a whole body to the answer.", {},
                                      {0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5})) {
}

WriteHandler::~WriteHandler() = default;

std::unique_ptr<WriteHandler::Buffers> WriteHandler::TakeBuffers() {
  const Lock lock(buffers_mutex_);
  if (buffers_.empty()) return std::make_unique<Buffers>();
  auto buffers = std::move(buffers_.back());
  buffers_.pop_back();
  return buffers;
}

void WriteHandler::GiveBack(std::unique_ptr<Buffers> buffers) {
  constexpr std::size_t kKept = 4;
  constexpr std::size_t kKeptBytes = 4 << 20;
  if (buffers->decoded.capacity() > kKeptBytes) return;
  const Lock lock(buffers_mutex_);
  if (buffers_.size() < kKept) buffers_.push_back(std::move(buffers));
}

WriteAnswer WriteHandler::Write(std::string_view body, std::string_view content_type,
                                std::string_view content_encoding) {
  const MonoTime start = clock_.Mono();
  WriteAnswer answer = Decide(body, content_type, content_encoding);
  duration_.Observe(std::chrono::duration<double>(clock_.Mono() - start).count());
  registry_
      .AddCounter("drover_ingest_requests_total", "Remote write requests by answer.",
                  {{"code", std::to_string(answer.status)}})
      .Add();
  return answer;
}

WriteAnswer WriteHandler::Decide(std::string_view body, std::string_view content_type,
                                 std::string_view content_encoding) {
  if (WriteAnswer answer = CheckContentType(content_type); answer.status != 204) return answer;
  const std::string_view encoding = Trim(content_encoding);
  if (!encoding.empty() && encoding != "snappy") {
    return Answer(415, std::string(encoding) +
                           " encoding (compression) is not accepted by this server; only snappy is "
                           "acceptable");
  }
  body_bytes_.Add(static_cast<double>(body.size()));
  if (body.size() > options_.max_body_bytes) return Answer(413, "request body is too large");
  auto buffers = TakeBuffers();
  WriteAnswer answer = Store(body, *buffers);
  GiveBack(std::move(buffers));
  return answer;
}

WriteAnswer WriteHandler::Store(std::string_view body, Buffers& buffers) {
  const auto refuse = [](const Error& error) {
    return Answer(error.code() == ErrorCode::kExhausted ? 413 : 400, error.message());
  };
  if (const Status status =
          compression::SnappyUncompress(body, options_.max_decoded_bytes, buffers.decoded);
      !status) {
    return refuse(status.error());
  }
  const auto appender = store_.NewAppender();
  Request request(*this, *appender, buffers.labels);
  const auto decoded = wire::DecodeWriteRequest(buffers.decoded, options_.request, request);
  if (!decoded || request.broken()) {
    appender->Rollback();
    return decoded ? Answer(400, "remote write: broken label") : refuse(decoded.error());
  }
  if (const Status committed = appender->Commit(); !committed) {
    return Answer(503, committed.error().message());
  }
  samples_.Add(static_cast<double>(request.stored()));
  refused_.Add(static_cast<double>(request.refused()));
  invalid_labels_.Add(static_cast<double>(request.invalid()));
  exemplars_.Add(static_cast<double>(decoded->exemplars));
  histograms_.Add(static_cast<double>(decoded->histograms));
  if (request.stored() == 0 && request.cause() != nullptr) {
    const Error& cause = *request.cause();
    return Answer(cause.code() == ErrorCode::kExhausted ? 429 : 400, cause.message());
  }
  return {};
}

}  // namespace drover::ingest
