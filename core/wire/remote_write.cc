#include "core/wire/remote_write.h"

#include <bit>
#include <cstring>

#include "core/base/bytes.h"

// Read by hand, not through protozero: that copies a reader per message and throws, and half of the
// time of ingest would be in it.
namespace drover::wire {
namespace {

// One byte each: all field numbers are below 16.
enum Tag : std::uint8_t {
  kRequestSeries = 1 << 3 | 2,
  kRequestMetadata = 3 << 3 | 2,
  kSeriesLabel = 1 << 3 | 2,
  kSeriesSample = 2 << 3 | 2,
  kSeriesExemplar = 3 << 3 | 2,
  kSeriesHistogram = 4 << 3 | 2,
  kLabelName = 1 << 3 | 2,
  kLabelValue = 2 << 3 | 2,
  kSampleValue = 1 << 3 | 1,
  kSampleTime = 2 << 3 | 0,
  kMetadataType = 1 << 3 | 0,
  kMetadataFamily = 2 << 3 | 2,
  kMetadataHelp = 4 << 3 | 2,
  kMetadataUnit = 5 << 3 | 2,
};
constexpr std::uint64_t kLastKnownField = 5;

class Fields {
 public:
  explicit Fields(std::string_view bytes) : at_(bytes.data()), end_(at_ + bytes.size()) {}
  bool done() const { return at_ == end_; }
  const char* at() const { return at_; }

  bool Varint(std::uint64_t& v) {
    if (at_ < end_ && static_cast<std::uint8_t>(*at_) < 0x80) [[likely]] {
      v = static_cast<std::uint8_t>(*at_++);
      return true;
    }
    v = 0;
    for (int shift = 0; shift < 70 && at_ < end_; shift += 7) {
      const auto byte = static_cast<std::uint8_t>(*at_++);
      v |= static_cast<std::uint64_t>(byte & 0x7F) << shift;
      if (byte < 0x80) return shift < 63 || byte <= 1;
    }
    return false;
  }
  bool Bytes(std::string_view& v) {
    std::uint64_t n = 0;
    if (!Varint(n) || n > static_cast<std::uint64_t>(end_ - at_)) return false;
    v = std::string_view(at_, n);
    at_ += n;
    return true;
  }
  bool Double(double& v) {
    if (end_ - at_ < 8) return false;
    std::memcpy(&v, at_, 8);
    at_ += 8;
    return true;
  }
  // Passes over a field we do not know. A known number with another wire type is an error.
  bool Skip(std::uint64_t tag) {
    std::uint64_t ignored = 0;
    std::string_view bytes;
    double wide = 0;
    if (tag >> 3 == 0) return false;
    switch (tag & 7) {
      case 0:
        return Varint(ignored);
      case 1:
        return Double(wide);
      case 2:
        return Bytes(bytes);
      case 5:
        if (end_ - at_ < 4) return false;
        at_ += 4;
        return true;
      default:
        return false;
    }
  }

 private:
  const char* at_;
  const char* end_;
};

bool DecodeSample(std::string_view bytes, Sample& sample) {
  Fields fields(bytes);
  while (!fields.done()) {
    std::uint64_t tag = 0;
    if (!fields.Varint(tag)) return false;
    if (tag == kSampleValue) {
      if (!fields.Double(sample.value)) return false;
    } else if (tag == kSampleTime) {
      std::uint64_t t = 0;
      if (!fields.Varint(t)) return false;
      sample.t_ms = static_cast<std::int64_t>(t);
    } else if (tag >> 3 <= 2 || !fields.Skip(tag)) {
      return false;
    }
  }
  return true;
}

bool DecodeMetadata(std::string_view bytes, MetadataView& metadata) {
  Fields fields(bytes);
  while (!fields.done()) {
    std::uint64_t tag = 0;
    std::uint64_t type = 0;
    if (!fields.Varint(tag)) return false;
    bool good = false;
    switch (tag) {
      case kMetadataType:
        good = fields.Varint(type);
        metadata.type = type <= static_cast<std::uint64_t>(MetricType::kStateset)
                            ? static_cast<MetricType>(type)
                            : MetricType::kUnknown;
        break;
      case kMetadataFamily:
        good = fields.Bytes(metadata.family);
        break;
      case kMetadataHelp:
        good = fields.Bytes(metadata.help);
        break;
      case kMetadataUnit:
        good = fields.Bytes(metadata.unit);
        break;
      default:
        good = (tag >> 3 == 3 || tag >> 3 > kLastKnownField) && fields.Skip(tag);
    }
    if (!good) return false;
  }
  return true;
}

class Decoder {
 public:
  Decoder(const WriteLimits& limits, WriteVisitor& visitor) : limits_(limits), visitor_(visitor) {}

  Result<WriteStats> Run(std::string_view body) {
    Fields fields(body);
    while (!fields.done()) {
      std::uint64_t tag = 0;
      std::string_view bytes;
      if (!fields.Varint(tag)) return Broken("field");
      if (tag == kRequestSeries) {
        const bool good = fields.Bytes(bytes) && Series(bytes);
        if (stats_.samples + samples_.size() > limits_.max_samples)
          return Above("samples", limits_.max_samples);
        if (!good) return Broken("time series");
        stats_.samples += samples_.size();
        samples_.clear();
        if (stats_.series > limits_.max_series) return Above("series", limits_.max_series);
      } else if (tag == kRequestMetadata) {
        MetadataView metadata;
        if (!fields.Bytes(bytes) || !DecodeMetadata(bytes, metadata)) return Broken("metadata");
        if (++stats_.metadata > limits_.max_metadata)
          return Above("metadata entries", limits_.max_metadata);
        visitor_.OnMetadata(metadata);
      } else if (tag >> 3 == 1 || tag >> 3 == 3 || !fields.Skip(tag)) {
        return Broken("field");
      }
    }
    return stats_;
  }

 private:
  static tl::unexpected<Error> Broken(std::string_view what) {
    return Fail(ErrorCode::kInvalid, "remote write: broken " + std::string(what));
  }
  static tl::unexpected<Error> Above(std::string_view what, std::size_t limit) {
    return Fail(ErrorCode::kExhausted, "remote write: more than " + std::to_string(limit) + " " +
                                           std::string(what) + " in one request");
  }

  bool Series(std::string_view bytes) {
    Fields fields(bytes);
    std::string_view labels;  // as long as they lie side by side
    bool gathered = false;
    samples_.clear();
    while (!fields.done()) {
      const char* start = fields.at();
      std::uint64_t tag = 0;
      std::string_view part;
      if (!fields.Varint(tag)) return false;
      switch (tag) {
        case kSeriesLabel: {
          if (!fields.Bytes(part)) return false;
          const std::string_view field(start, static_cast<std::size_t>(fields.at() - start));
          if (gathered) {
            gathered_ += field;
          } else if (labels.empty()) {
            labels = field;
          } else if (labels.data() + labels.size() == start) {
            labels = std::string_view(labels.data(), labels.size() + field.size());
          } else {
            gathered_.assign(labels).append(field);
            gathered = true;
          }
          break;
        }
        case kSeriesSample: {
          Sample sample;
          if (!fields.Bytes(part) || !DecodeSample(part, sample)) return false;
          if (stats_.samples + samples_.size() > limits_.max_samples) return false;
          samples_.push_back(sample);
          break;
        }
        case kSeriesExemplar:
          if (!fields.Bytes(part)) return false;
          ++stats_.exemplars;
          break;
        case kSeriesHistogram:
          if (!fields.Bytes(part)) return false;
          ++stats_.histograms;
          break;
        default:
          if (tag >> 3 <= 4 || !fields.Skip(tag)) return false;
      }
    }
    ++stats_.series;
    visitor_.OnSeries(gathered ? std::string_view(gathered_) : labels, samples_);
    return true;
  }

  const WriteLimits& limits_;
  WriteVisitor& visitor_;
  WriteStats stats_;
  std::vector<Sample> samples_;
  std::string gathered_;
};

std::size_t UvarintBytes(std::uint64_t v) {
  return (static_cast<std::size_t>(std::bit_width(v | 1)) + 6) / 7;
}
void AppendField(std::string& out, Tag tag, std::string_view bytes) {
  out += static_cast<char>(tag);
  AppendBytes(out, bytes);
}
std::size_t FieldBytes(std::size_t size) { return 1 + UvarintBytes(size) + size; }

}  // namespace

Result<WriteStats> DecodeWriteRequest(std::string_view body, const WriteLimits& limits,
                                      WriteVisitor& visitor) {
  return Decoder(limits, visitor).Run(body);
}

Status DecodeLabels(std::string_view label_bytes, std::size_t max_labels,
                    std::vector<LabelView>& out) {
  out.clear();
  const auto broken = [] { return Fail(ErrorCode::kInvalid, "remote write: broken label"); };
  Fields fields(label_bytes);
  while (!fields.done()) {
    std::uint64_t tag = 0;
    std::string_view bytes;
    if (!fields.Varint(tag) || tag != kSeriesLabel || !fields.Bytes(bytes)) return broken();
    if (out.size() == max_labels) {
      return Fail(ErrorCode::kExhausted, "more than " + std::to_string(max_labels) + " labels");
    }
    LabelView label;
    Fields parts(bytes);
    while (!parts.done()) {
      if (!parts.Varint(tag)) return broken();
      const bool good = tag == kLabelName    ? parts.Bytes(label.name)
                        : tag == kLabelValue ? parts.Bytes(label.value)
                                             : tag >> 3 > 2 && parts.Skip(tag);
      if (!good) return broken();
    }
    out.push_back(label);
  }
  return {};
}

void EncodeLabels(const Labels& labels, std::string& out) {
  for (const LabelView& label : labels) {
    out += static_cast<char>(kSeriesLabel);
    AppendUvarint(out, FieldBytes(label.name.size()) + FieldBytes(label.value.size()));
    AppendField(out, kLabelName, label.name);
    AppendField(out, kLabelValue, label.value);
  }
}

void WriteEncoder::Clear() {
  body_.clear();
  series_ = samples_ = 0;
}

void WriteEncoder::AddSeries(std::string_view label_bytes, std::span<const Sample> samples) {
  const auto sample_bytes = [](const Sample& s) {
    return 9 + 1 + UvarintBytes(static_cast<std::uint64_t>(s.t_ms));
  };
  std::size_t size = label_bytes.size();
  for (const Sample& sample : samples) size += FieldBytes(sample_bytes(sample));
  body_ += static_cast<char>(kRequestSeries);
  AppendUvarint(body_, size);
  body_ += label_bytes;
  for (const Sample& sample : samples) {
    body_ += static_cast<char>(kSeriesSample);
    AppendUvarint(body_, sample_bytes(sample));
    body_ += static_cast<char>(kSampleValue);
    AppendLittleEndian(body_, sample.value);
    body_ += static_cast<char>(kSampleTime);
    AppendUvarint(body_, static_cast<std::uint64_t>(sample.t_ms));
  }
  ++series_;
  samples_ += samples.size();
}

void WriteEncoder::AddMetadata(const MetricMetadata& metadata) {
  std::size_t size = 2 + FieldBytes(metadata.family.size());
  if (!metadata.help.empty()) size += FieldBytes(metadata.help.size());
  if (!metadata.unit.empty()) size += FieldBytes(metadata.unit.size());
  body_ += static_cast<char>(kRequestMetadata);
  AppendUvarint(body_, size);
  body_ += static_cast<char>(kMetadataType);
  body_ += static_cast<char>(metadata.type);
  AppendField(body_, kMetadataFamily, metadata.family);
  if (!metadata.help.empty()) AppendField(body_, kMetadataHelp, metadata.help);
  if (!metadata.unit.empty()) AppendField(body_, kMetadataUnit, metadata.unit);
}

}  // namespace drover::wire
