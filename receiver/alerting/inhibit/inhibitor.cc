#include "receiver/alerting/inhibit/inhibitor.h"

#include <algorithm>

#include "receiver/alerting/config/matchers.h"

namespace drover::alerting {

Inhibitor::Inhibitor(const std::vector<InhibitRuleConfig>& rules) {
  for (const InhibitRuleConfig& rule : rules) {
    rules_.push_back({rule.Sources(), rule.Targets(), rule.equal, {}});
  }
}

std::string Inhibitor::Rule::Key(const Labels& labels) const {
  std::string key;
  for (const std::string& name : equal) {
    key += labels.Get(name);
    key += '\xff';  // in no UTF-8 text
  }
  return key;
}

void Inhibitor::Update(std::uint64_t fingerprint, const alert::AlertPtr& alert) {
  for (Rule& rule : rules_) {
    if (AllMatch(rule.sources, alert->labels))
      rule.live[rule.Key(alert->labels)][fingerprint] = alert;
  }
}

void Inhibitor::Remove(std::uint64_t fingerprint, const Labels& labels) {
  for (Rule& rule : rules_) {
    const auto found = rule.live.find(rule.Key(labels));
    if (found == rule.live.end()) continue;
    found->second.erase(fingerprint);
    if (found->second.empty()) rule.live.erase(found);
  }
}

std::optional<std::uint64_t> Inhibitor::MutedBy(const Labels& labels, TimePoint now) const {
  std::optional<std::uint64_t> out;
  for (const Rule& rule : rules_) {
    if (!AllMatch(rule.targets, labels)) continue;
    const auto found = rule.live.find(rule.Key(labels));
    if (found == rule.live.end()) continue;
    const bool both_sides = AllMatch(rule.sources, labels);
    for (const auto& [fingerprint, source] : found->second) {
      if (source->ResolvedAt(now)) continue;
      if (both_sides && AllMatch(rule.targets, source->labels)) continue;
      out = out ? std::min(*out, fingerprint) : fingerprint;
      break;
    }
  }
  return out;
}

}  // namespace drover::alerting
