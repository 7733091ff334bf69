// The tree of routes with everything inherited, and the walk that finds who hears of an alert.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/model/labels.h"
#include "core/model/matcher.h"
#include "receiver/alerting/config/config.h"

namespace drover::alerting {

// Immutable after construction, thread-safe.
struct Route {
  explicit Route(const RouteConfig& root);
  Route(const RouteConfig& config, const Route& parent, std::size_t index);
  Route(const Route&) = delete;
  Route& operator=(const Route&) = delete;

  std::string receiver;
  std::vector<std::string> group_by;  // sorted
  bool group_by_all = false;
  Millis group_wait{30'000};
  Millis group_interval{300'000};
  Millis repeat_interval{4 * 3600 * 1000};
  bool continue_ = false;
  std::vector<Matcher> matchers;
  std::vector<std::string> mute_time_intervals;
  std::vector<std::string> active_time_intervals;
  std::map<std::string, std::string> labels;
  std::vector<std::unique_ptr<Route>> children;
  std::string key;  // {}/{severity="critical"}; twins share it
  std::string id;   // key and the indexes on the way: tells twins apart

  // The nodes that take an alert, in order; not empty for a root.
  std::vector<const Route*> Match(const Labels& alert) const;
  // Those of the alert's labels that it is grouped by.
  Labels GroupLabels(const Labels& alert) const;
};

// key:{a="1", b="2"}: what receivers see as groupKey.
std::string GroupKey(const std::string& route_key, const Labels& group_labels);

// As `amtool config routes show`: the tree with branches.
std::string RoutesShow(const Config& config);
// As `amtool config routes test`: receivers in order, joined by commas.
std::vector<std::string> RoutesTest(const Config& config, const Labels& labels);

}  // namespace drover::alerting
