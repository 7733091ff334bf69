#include "receiver/alerting/notify/message.h"

#include <algorithm>
#include <set>

#include "core/base/numbers.h"

namespace drover::alerting {
namespace {

using TextMap = std::map<std::string, std::string>;

TextMap MapOf(const Labels& labels) {
  TextMap out;
  for (const LabelView& label : labels) out.emplace(label.name, label.value);
  return out;
}

void KeepCommon(TextMap& common, const TextMap& other) {
  std::erase_if(common, [&](const auto& entry) {
    const auto found = other.find(entry.first);
    return found == other.end() || found->second != entry.second;
  });
}

std::string QuoteRegex(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (std::string_view("\\.+*?()|[]{}^$").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

tmpl::Time TimeOf(TimePoint t) {
  if (t == TimePoint{}) return {};
  const auto seconds = std::chrono::floor<std::chrono::seconds>(t);
  return tmpl::UtcTime(seconds.time_since_epoch().count(),
                       static_cast<std::int32_t>((t - seconds).count()) * 1'000'000);
}

}  // namespace

tmpl::NotificationData DataOf(const Message& message, std::size_t count) {
  tmpl::NotificationData data;
  data.receiver = QuoteRegex(message.receiver);
  data.status = "resolved";
  data.notification_reason = message.reason;
  data.group_labels = MapOf(message.group_labels);
  data.route_labels = message.route_labels;
  data.external_url = message.external_url;
  count = std::min(count, message.alerts.size());
  for (std::size_t i = 0; i < count; ++i) {
    const alert::Alert& a = *message.alerts[i];
    tmpl::AlertView view;
    view.status = a.ends_at == TimePoint{} ? "firing" : "resolved";
    if (a.ends_at == TimePoint{}) data.status = "firing";
    view.labels = MapOf(a.labels);
    view.annotations = a.annotations;
    view.starts_at = TimeOf(a.starts_at);
    view.ends_at = TimeOf(a.ends_at);
    view.generator_url = a.generator_url;
    view.fingerprint = alert::FingerprintText(alert::Fingerprint(a.labels));
    if (i == 0) {
      data.common_labels = view.labels;
      data.common_annotations = view.annotations;
    } else {
      KeepCommon(data.common_labels, view.labels);
      KeepCommon(data.common_annotations, view.annotations);
    }
    data.alerts.push_back(std::move(view));
  }
  return data;
}

bool ToldBefore(const alert::Alert& a, const alert::Alert& b) {
  for (const std::string_view name : {"job", "instance"}) {
    const std::string_view x = a.labels.Get(name);
    const std::string_view y = b.labels.Get(name);
    if (x == y) continue;
    if (x.empty() || y.empty()) return y.empty();
    return x < y;
  }
  if (a.labels.size() != b.labels.size()) return a.labels.size() < b.labels.size();
  std::set<std::string_view> names;
  for (const LabelView& label : a.labels) names.insert(label.name);
  for (const LabelView& label : b.labels) names.insert(label.name);
  for (const std::string_view name : names) {
    const std::string_view x = a.labels.Get(name);
    const std::string_view y = b.labels.Get(name);
    if (x != y) return x < y;  // an absent label is "" and comes first
  }
  return false;
}

std::string JsonTime(TimePoint t) {
  if (t == TimePoint{}) return "0001-01-01T00:00:00Z";
  std::string text = FormatRfc3339(t, 3);
  text.pop_back();
  while (text.back() == '0') text.pop_back();
  if (text.back() == '.') text.pop_back();
  return text + "Z";
}

}  // namespace drover::alerting
