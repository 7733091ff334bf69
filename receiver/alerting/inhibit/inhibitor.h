// Alerts that mute others while they fire
// (https://prometheus.io/docs/alerting/latest/configuration/#inhibit_rule).
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

#include "receiver/alert/alert.h"
#include "receiver/alerting/config/config.h"

namespace drover::alerting {

// One thread at a time. All sources of a key are kept, so that one that does not count (because it
// is on both sides of its rule) does not hide one that does.
class Inhibitor {
 public:
  explicit Inhibitor(const std::vector<InhibitRuleConfig>& rules);

  // A new or changed alert; silenced and muted ones count, too.
  void Update(std::uint64_t fingerprint, const alert::AlertPtr& alert);
  void Remove(std::uint64_t fingerprint, const Labels& labels);
  // The alert that mutes one with these labels now; of several the one with the least fingerprint.
  std::optional<std::uint64_t> MutedBy(const Labels& labels, TimePoint now) const;
  std::size_t rules() const { return rules_.size(); }

 private:
  struct Rule {
    std::vector<Matcher> sources;
    std::vector<Matcher> targets;
    std::vector<std::string> equal;
    // By the values of `equal`.
    std::unordered_map<std::string, std::map<std::uint64_t, alert::AlertPtr>> live;

    std::string Key(const Labels& labels) const;
  };
  std::vector<Rule> rules_;
};

}  // namespace drover::alerting
