#include "receiver/alerting/route/route.h"

#include <algorithm>

namespace drover::alerting {
namespace {

void Inherit(const RouteConfig& config, Route& route) {
  if (!config.receiver.empty()) route.receiver = config.receiver;
  if (config.group_by) {
    route.group_by = *config.group_by;
    std::sort(route.group_by.begin(), route.group_by.end());
    route.group_by_all = route.group_by == std::vector<std::string>{"..."};
    if (route.group_by_all) route.group_by.clear();
  }
  if (config.group_wait) route.group_wait = *config.group_wait;
  if (config.group_interval) route.group_interval = *config.group_interval;
  if (config.repeat_interval) route.repeat_interval = *config.repeat_interval;
  route.continue_ = config.continue_;
  route.matchers = config.AllMatchers();
  route.mute_time_intervals = config.mute_time_intervals;
  route.active_time_intervals = config.active_time_intervals;
  for (const auto& [name, value] : config.labels) route.labels[name] = value;
  for (std::size_t i = 0; i < config.routes.size(); ++i) {
    route.children.push_back(std::make_unique<Route>(config.routes[i], route, i));
  }
}

void Collect(const Route& route, const Labels& alert, std::vector<const Route*>& out) {
  if (!AllMatch(route.matchers, alert)) return;
  const std::size_t before = out.size();
  for (const auto& child : route.children) {
    const std::size_t count = out.size();
    Collect(*child, alert, out);
    if (out.size() > count && !child->continue_) break;
  }
  if (out.size() == before) out.push_back(&route);
}

void Show(const Route& route, const std::string& indent, bool last, bool root, std::string& out) {
  const std::string branch = last ? "└── " : "├── ";
  out += indent + branch;
  out += root ? "default-route" : MatchersText(route.matchers);
  if (route.continue_) out += "  continue: true";
  out += "  receiver: " + route.receiver + "\n";
  const std::string below = indent + (last ? "    " : "│   ");
  for (std::size_t i = 0; i < route.children.size(); ++i) {
    Show(*route.children[i], below, i + 1 == route.children.size(), false, out);
  }
}

}  // namespace

Route::Route(const RouteConfig& root) : key("{}"), id("{}") { Inherit(root, *this); }

Route::Route(const RouteConfig& config, const Route& parent, std::size_t index)
    : receiver(parent.receiver),
      group_by(parent.group_by),
      group_by_all(parent.group_by_all),
      group_wait(parent.group_wait),
      group_interval(parent.group_interval),
      repeat_interval(parent.repeat_interval),
      labels(parent.labels) {
  const std::string own = MatchersText(config.AllMatchers());
  key = parent.key + "/" + own;
  id = parent.id + "/" + own + "/" + std::to_string(index);
  Inherit(config, *this);
}

std::vector<const Route*> Route::Match(const Labels& alert) const {
  std::vector<const Route*> out;
  Collect(*this, alert, out);
  return out;
}

Labels Route::GroupLabels(const Labels& alert) const {
  if (group_by_all) return alert;
  std::vector<LabelView> kept;
  for (const LabelView& label : alert) {
    if (std::binary_search(group_by.begin(), group_by.end(), label.name)) kept.push_back(label);
  }
  return Labels(std::move(kept));
}

std::string GroupKey(const std::string& route_key, const Labels& group_labels) {
  return route_key + ":" + group_labels.ToString();
}

std::string RoutesShow(const Config& config) {
  std::string out = "Routing tree:\n.\n";
  Show(Route(config.route), "", true, true, out);
  return out;
}

std::vector<std::string> RoutesTest(const Config& config, const Labels& labels) {
  const Route root(config.route);
  std::vector<std::string> out;
  for (const Route* route : root.Match(labels)) out.push_back(route->receiver);
  return out;
}

}  // namespace drover::alerting
