#include "receiver/freshness/registry.h"

#include "core/base/bytes.h"
#include "core/base/crc32c.h"
#include "core/model/sample.h"

namespace drover::freshness {
namespace {

constexpr std::string_view kMagic = "drvfrsh1";

}  // namespace

void TargetRegistry::Seen(const Labels& labels, std::int64_t sample_time_ms, double value,
                          std::int64_t arrival_ms) {
  const Lock lock(mutex_);
  const auto [at, fresh] = targets_.try_emplace(labels);
  Target& target = at->second;
  if (fresh) {
    target.labels = labels;
    target.first_seen_ms = arrival_ms;
  } else if (sample_time_ms <= target.sample_time_ms) {
    return;  // sent again, or late
  }
  target.arrival_ms = arrival_ms;
  target.sample_time_ms = sample_time_ms;
  target.up = value != 0 && !IsStale(value);
  ++changes_;
}

std::vector<Target> TargetRegistry::Snapshot() const {
  const Lock lock(mutex_);
  std::vector<Target> all;
  all.reserve(targets_.size());
  for (const auto& [labels, target] : targets_) all.push_back(target);
  return all;
}

void TargetRegistry::DropBefore(std::int64_t arrival_ms) {
  const Lock lock(mutex_);
  if (std::erase_if(targets_, [&](const auto& e) { return e.second.arrival_ms < arrival_ms; }) > 0)
    ++changes_;
}

std::uint64_t TargetRegistry::changes() const {
  const Lock lock(mutex_);
  return changes_;
}

std::string TargetRegistry::Encode() const {
  std::string out(kMagic);
  const std::vector<Target> all = Snapshot();
  AppendUvarint(out, all.size());
  for (const Target& target : all) {
    AppendBytes(out, target.labels.bytes());
    AppendVarint(out, target.first_seen_ms);
    AppendVarint(out, target.arrival_ms - target.first_seen_ms);
    AppendVarint(out, target.sample_time_ms - target.arrival_ms);
    out += static_cast<char>(target.up ? 1 : 0);
  }
  AppendBigEndian(out, Crc32c(out));
  return out;
}

Status TargetRegistry::Decode(std::string_view bytes) {
  const auto corrupt = [] { return Fail(ErrorCode::kCorrupt, "freshness state is damaged"); };
  if (bytes.size() < kMagic.size() + 5 || !bytes.starts_with(kMagic)) return corrupt();
  const std::string_view body = bytes.substr(0, bytes.size() - 4);
  if (Cursor(bytes.substr(body.size())).BigEndian<std::uint32_t>() != Crc32c(body)) {
    return corrupt();
  }
  Cursor cursor(body.substr(kMagic.size()));
  std::unordered_map<Labels, Target, LabelsHash> targets;
  const std::uint64_t n = cursor.Uvarint();
  for (std::uint64_t i = 0; i < n && cursor.ok(); ++i) {
    Target target;
    target.labels = Labels::FromBytes(std::string(cursor.Bytes()));
    target.first_seen_ms = cursor.Varint();
    target.arrival_ms = target.first_seen_ms + cursor.Varint();
    target.sample_time_ms = target.arrival_ms + cursor.Varint();
    target.up = cursor.Byte() != 0;
    targets.insert_or_assign(target.labels, std::move(target));
  }
  if (!cursor.ok() || !cursor.empty()) return corrupt();
  const Lock lock(mutex_);
  targets_ = std::move(targets);
  return {};
}

}  // namespace drover::freshness
