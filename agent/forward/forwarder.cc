#include "agent/forward/forwarder.h"

#include <algorithm>
#include <utility>

#include "core/base/bytes.h"
#include "core/compression/snappy.h"
#include "core/wire/remote_write.h"

namespace drover::agent::forward {
namespace {

constexpr std::uint32_t kForgetAfterSeconds = 3600;
constexpr std::size_t kMaxFamilies = 50'000;
constexpr std::size_t kFamiliesPerBlock = 2000;

std::uint32_t SecondsOf(TimePoint t) { return static_cast<std::uint32_t>(ToMs(t) / 1000); }

}  // namespace

struct Forwarder::Pending {
  SeriesRef ref;
  Sample sample;
};

class Forwarder::Batch final : public Appender {
 public:
  explicit Batch(Forwarder& forwarder) : forwarder_(forwarder) {}

  Result<SeriesRef> Append(SeriesRef ref, const Labels& labels, std::int64_t t_ms,
                           double value) override {
    {
      Lock lock(forwarder_.mutex_);
      ref = forwarder_.Resolve(ref, labels);
    }
    pending_.push_back({ref, {t_ms, value}});
    return ref;
  }
  Status AppendMetadata(const MetricMetadata& metadata) override {
    metadata_.push_back(metadata);
    return {};
  }
  Status Commit() override {
    Status status = forwarder_.Write(pending_, metadata_);
    Rollback();
    return status;
  }
  void Rollback() override {
    pending_.clear();
    metadata_.clear();
  }

 private:
  Forwarder& forwarder_;
  std::vector<Pending> pending_;
  std::vector<MetricMetadata> metadata_;
};

Forwarder::Forwarder(std::map<std::string, std::string> external_labels,
                     std::vector<std::unique_ptr<Endpoint>> endpoints, Clock& clock,
                     Registry& registry, std::uint32_t generation)
    : external_labels_(std::move(external_labels)),
      endpoints_(std::move(endpoints)),
      clock_(clock),
      series_gauge_(registry.AddGauge("drover_forward_series", "Series known to the forwarder.")),
      duplicates_(registry.AddCounter(
          "drover_forward_duplicate_samples_total",
          "Samples left out because their series had one at the same time already.")),
      first_generation_(generation << 16 | 1),
      relabelled_(
          std::any_of(endpoints_.begin(), endpoints_.end(),
                      [](const auto& e) { return !e->config().write_relabel_configs.empty(); })),
      metadata_sent_(endpoints_.size()) {}

Forwarder::~Forwarder() = default;

void Forwarder::Stop() {
  for (const auto& endpoint : endpoints_) endpoint->Stop();
}

std::unique_ptr<Appender> Forwarder::NewAppender() { return std::make_unique<Batch>(*this); }

SeriesRef Forwarder::Resolve(SeriesRef ref, const Labels& labels) {
  const auto index = static_cast<std::uint32_t>(ref);
  const auto generation = static_cast<std::uint32_t>(ref >> 32);
  const std::uint32_t now_s = SecondsOf(clock_.Now());
  if (ref != 0 && index < series_.size() && series_[index].generation == generation &&
      series_[index].last_used_s != 0) {
    series_[index].last_used_s = now_s;
    return ref;
  }
  auto [found, fresh] = by_labels_.try_emplace(HashText128(labels.bytes()), 0);
  if (fresh) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(series_.size()));
      series_.emplace_back().generation = first_generation_;
    }
    found->second = free_.back();
    free_.pop_back();
    series_[found->second].encoded = Encode(labels);
  }
  Series& series = series_[found->second];
  series.last_used_s = now_s;
  return static_cast<SeriesRef>(series.generation) << 32 | found->second;
}

std::string Forwarder::Encode(const Labels& labels) const {
  LabelsBuilder outgoing(labels);
  for (const auto& [name, value] : external_labels_) {
    if (outgoing.Get(name).empty()) outgoing.Set(name, value);
  }
  std::string out;
  if (!relabelled_) {
    wire::EncodeLabels(outgoing.Build(), out);
  } else {
    const Labels base = outgoing.Build();
    std::string one;
    for (const auto& endpoint : endpoints_) {
      one.clear();
      outgoing.Reset(base);
      if (Relabel(endpoint->config().write_relabel_configs.rules, outgoing) && !outgoing.empty())
        wire::EncodeLabels(outgoing.Build(), one);
      AppendUvarint(out, one.size());
      out += one;
    }
  }
  return std::string(std::string_view(out));  // without the room it grew into
}

std::string_view Forwarder::EncodedFor(const Series& series, std::size_t endpoint) const {
  if (!relabelled_) return series.encoded;
  Cursor cursor(series.encoded);
  for (;; --endpoint) {
    const std::string_view one = cursor.Take(cursor.Uvarint());
    if (endpoint == 0) return one;
  }
}

void Forwarder::DropDuplicates(std::vector<Pending>& samples) {
  const auto kept = std::remove_if(
      samples.begin(), samples.end(), [this](const Pending& pending) NO_THREAD_SAFETY_ANALYSIS {
        Series& series = series_[static_cast<std::uint32_t>(pending.ref)];
        return std::exchange(series.last_t_ms, pending.sample.t_ms) == pending.sample.t_ms;
      });
  duplicates_.Add(static_cast<double>(samples.end() - kept));
  samples.erase(kept, samples.end());
}

Status Forwarder::Write(std::vector<Pending>& samples,
                        const std::vector<MetricMetadata>& metadata) {
  Status status;
  Lock lock(mutex_);
  for (const MetricMetadata& one : metadata) {
    if (metadata_.size() < kMaxFamilies || metadata_.contains(one.family))
      metadata_[one.family] = one;
  }
  DropDuplicates(samples);
  wire::WriteEncoder encoder;
  for (std::size_t e = 0; e < endpoints_.size(); ++e) {
    Endpoint& endpoint = *endpoints_[e];
    const auto most = static_cast<std::size_t>(endpoint.config().queue_config.max_samples_per_send);
    const auto flush = [&] {
      if (encoder.samples() == 0) return;
      Block block{BlockKind::kSamples, clock_.Now(), encoder.samples(), {}};
      compression::SnappyCompress(encoder.body(), block.body);
      encoder.Clear();
      if (Status appended = endpoint.queue().Append(block); !appended) status = std::move(appended);
    };
    encoder.Clear();
    for (const Pending& pending : samples) {
      const Series& series = series_[static_cast<std::uint32_t>(pending.ref)];
      const std::string_view encoded = EncodedFor(series, e);
      if (encoded.empty()) continue;
      encoder.AddSeries(encoded, std::span(&pending.sample, 1));
      if (encoder.samples() >= most) flush();
    }
    flush();
  }
  return status;
}

void Forwarder::SendMetadata() {
  wire::WriteEncoder encoder;
  const TimePoint now = clock_.Now();
  for (std::size_t e = 0; e < endpoints_.size(); ++e) {
    const MetadataConfig& config = endpoints_[e]->config().metadata_config;
    if (!config.send || metadata_.empty() || now - metadata_sent_[e] < config.send_interval)
      continue;
    metadata_sent_[e] = now;
    std::size_t count = 0;
    const auto flush = [&] {
      if (count == 0) return;
      Block block{BlockKind::kMetadata, now, count, {}};
      compression::SnappyCompress(encoder.body(), block.body);
      // A full disk is told by the samples' blocks; metadata comes again in a minute.
      if (const Status appended = endpoints_[e]->queue().Append(block); !appended)
        metadata_sent_[e] = now - config.send_interval / 2;
      encoder.Clear();
      count = 0;
    };
    encoder.Clear();
    for (const auto& [family, one] : metadata_) {
      encoder.AddMetadata(one);
      if (++count >= kFamiliesPerBlock) flush();
    }
    flush();
  }
}

void Forwarder::Maintain() {
  for (const auto& endpoint : endpoints_) {
    // The writer's own Append reports a broken disk; here it would only be said twice.
    (void)endpoint->queue().Maintain(endpoint->config().queue_config.fsync == Fsync::kInterval);
    endpoint->UpdateMetrics();
  }
  Lock lock(mutex_);
  SendMetadata();
  const TimePoint now = clock_.Now();
  Sweep(now);
  series_gauge_.Set(static_cast<double>(by_labels_.size()));
}

void Forwarder::Sweep(TimePoint now) {
  if (now - last_sweep_ < std::chrono::minutes(5)) return;
  last_sweep_ = now;
  const std::uint32_t now_s = SecondsOf(now);
  std::erase_if(by_labels_, [&](const auto& item) NO_THREAD_SAFETY_ANALYSIS {
    Series& series = series_[item.second];
    if (series.last_used_s + kForgetAfterSeconds > now_s) return false;
    series = Series{series.generation + 1, 0, INT64_MIN, {}};
    free_.push_back(item.second);
    return true;
  });
}

std::vector<EndpointStatus> Forwarder::status() const {
  std::vector<EndpointStatus> out;
  for (const auto& endpoint : endpoints_) out.push_back(endpoint->status());
  return out;
}

}  // namespace drover::agent::forward
