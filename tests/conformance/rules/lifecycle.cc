// Drives rule groups through a recorded life of alerts (rule_alerts/lifecycle.json: Prometheus
// 3.5.3) and compares what is sent, the series written and the API's view. Prints differences.
#include <cstdio>
#include <fstream>
#include <set>

#include <nlohmann/json.hpp>

#include "receiver/rules/group.h"
#include "tests/support/data.h"
#include "tests/support/fake_clock.h"
#include "tests/support/memory_store.h"

namespace {

using nlohmann::json;
using namespace drover;

// The recording's activeAt and ALERTS_FOR_STATE show that it began at this part of a second.
constexpr std::int64_t kStart = 1'700'000'000'600;
constexpr double kSeriesEnd = 26;  // when the recording asked for the series

class NullLog final : public LogSink {
 public:
  void Write(std::string_view) override {}
};

class KeepingSink final : public alert::AlertSink {
 public:
  void Put(std::vector<alert::Alert> alerts) override {
    for (alert::Alert& alert : alerts) sent.push_back(std::move(alert));
  }
  std::vector<alert::Alert> sent;
};

std::string Tenths(double seconds) {
  char text[32];
  std::snprintf(text, sizeof text, "%.1f", seconds + 1e-6);
  return text;
}
double Since(TimePoint t) { return static_cast<double>(ToMs(t) - kStart) / 1000; }

// One scrape at t: what the recording's target served.
void Scrape(testing::MemoryStore& store, double t) {
  const std::int64_t ms = kStart + static_cast<std::int64_t>(t * 1000 + 0.5);
  static std::set<std::string> before;
  std::set<std::string> now;
  const auto put = [&](const Labels& labels, double v) {
    store.Add(labels, ms, v);
    now.insert(labels.bytes());
  };
  const std::string_view name = kMetricName;
  if (t < 24) {
    put(Labels{{name, "m_a"}, {"job", "j1"}, {"instance", "i1"}}, t >= 6 && t < 20 ? 10 : 1);
  }
  if (t >= 9 && t < 17) put(Labels{{name, "m_a"}, {"job", "j2"}, {"instance", "i2"}}, 7);
  const bool flap = (t >= 6 && t < 7.6) || (t >= 9 && t < 13.5) || (t >= 16 && t < 30);
  put(Labels{{name, "m_flap"}, {"job", "f"}, {"instance", "@TARGET@"}}, flap ? 1 : 0);
  put(Labels{{name, "m_t"}, {"job", "t"}, {"instance", "tmpl:9100"}}, 12.5);
  for (const auto& [id, v] : {std::pair{"c", 3.0}, {"a", 1.0}, {"b", 2.5}}) {
    put(Labels{{name, "t_query"}, {"id", id}, {"job", "x"}, {"instance", "@TARGET@"}}, v);
  }
  for (const std::string& gone : before) {
    if (!now.contains(gone)) store.Add(Labels::FromBytes(gone), ms, StaleMarker());
  }
  before = now;
}

std::string Text(const std::map<std::string, std::string>& m) { return json(m).dump(); }
std::map<std::string, std::string> MapOf(const Labels& labels) {
  std::map<std::string, std::string> out;
  for (const LabelView& label : labels) out.emplace(label.name, label.value);
  return out;
}

struct Outcome {
  int passed = 0;
  int failed = 0;
  void Compare(const char* what, const std::multiset<std::string>& wanted,
               const std::multiset<std::string>& got) {
    for (const std::string& line : wanted) {
      if (got.count(line) == wanted.count(line)) {
        ++passed;
      } else {
        ++failed;
        std::printf("  %s missing: %.400s\n", what, line.c_str());
      }
    }
    for (const std::string& line : got) {
      if (wanted.contains(line)) continue;
      ++failed;
      std::printf("  %s unexpected: %.400s\n", what, line.c_str());
    }
  }
};

std::multiset<std::string> RecordedSeries(const json& list) {
  std::multiset<std::string> out;
  for (const json& series : list) {
    for (const json& sample : series["samples"]) {
      const json& v = sample[1];
      const double value = v.is_string() ? std::stod(v.get<std::string>()) : v.get<double>();
      out.insert(series["metric"].dump() + " " + Tenths(sample[0].get<double>()) + " " +
                 Tenths(value));
    }
  }
  return out;
}

std::multiset<std::string> StoredSeries(const testing::MemoryStore& store, const char* name,
                                        bool relative_value, double until) {
  std::multiset<std::string> out;
  auto set = store.Select({*Matcher::Make(MatchType::kEqual, kMetricName, name)}, 0, INT64_MAX, {});
  SampleColumns samples;
  while (set && (*set)->Next()) {
    if (!(*set)->Samples(samples)) continue;
    for (std::size_t i = 0; i < samples.size(); ++i) {
      const double t = Since(FromMs(samples.t_ms[i]));
      if (IsStale(samples.value[i]) || t > until) continue;
      const double value =
          relative_value ? samples.value[i] - static_cast<double>(kStart) / 1000 : samples.value[i];
      out.insert(Text(MapOf((*set)->labels())) + " " + Tenths(t) + " " + Tenths(value));
    }
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  std::string file = argc > 1 ? argv[1] : "";
  if (file.empty()) {
    const auto folder = testing::DataFolder("alertmanager/rule_alerts");
    if (!folder) return 77;
    file = *folder + "/lifecycle.json";
  }
  std::ifstream in(file);
  const json all = json::parse(in);

  testing::FakeClock clock(kStart);
  testing::MemoryStore store;
  KeepingSink sink;
  NullLog lines;
  Logger log(lines, clock);
  Registry metrics;
  const promql::Engine engine({}, clock);
  const rules::Environment env{engine, store, store, sink, clock, metrics, log};
  rules::RuleOptions options;
  options.resend_delay = std::chrono::seconds(3);
  options.external_url = all["external_url"].get<std::string>();
  options.path_prefix = "/pfx";
  std::map<std::string, std::string> external = all["config"]["external_labels"];
  LabelsBuilder builder;
  for (const auto& [name, value] : external) builder.Set(name, value);
  options.external_labels = builder.Build();

  auto specs = rules::ParseRuleFile(all["rules"].get<std::string>(), "@DIR@/rules.yml", {});
  if (!specs) {
    std::printf("%s\n", specs.error().message().c_str());
    return 1;
  }
  const std::map<std::string, int> phase_ms = {{"life", 30},        {"flap", 240},
                                               {"templates", 430},  {"errors", 855},
                                               {"duplicates", 440}, {"scalar", 240}};
  std::map<std::int64_t, std::vector<rules::Group*>> schedule;
  std::vector<std::unique_ptr<rules::Group>> groups;
  // Series and snapshots end there, and posts show that rules were changed after it.
  constexpr double until = 26.1;
  for (const rules::GroupSpec& spec : *specs) {
    groups.push_back(std::make_unique<rules::Group>(spec, env, options, true));
    for (std::int64_t t = phase_ms.at(spec.name); static_cast<double>(t) / 1000 <= until + 0.02;
         t += 1000) {
      schedule[t].push_back(groups.back().get());
    }
  }
  double next_scrape = 5.35;
  std::multiset<std::string> snapshots_wanted, snapshots_got;
  for (const auto& [t, due] : schedule) {
    while (next_scrape * 1000 <= static_cast<double>(t)) {
      Scrape(store, next_scrape);
      next_scrape += 0.5;
    }
    for (rules::Group* group : due) group->Evaluate(FromMs(kStart + t));
    for (const auto& [name, answer] : all["snapshots"].items()) {
      if (!name.starts_with("rules@")) continue;
      const double at = std::stod(name.substr(6));
      for (const json& group : answer["data"]["groups"]) {
        const std::string group_name = group["name"];
        const double last = std::stod(group["lastEvaluation"].get<std::string>().substr(2));
        const std::int64_t last_ms = static_cast<std::int64_t>(last * 1000);
        if (std::abs(last_ms - t) > 15) continue;
        for (const rules::Group* candidate : due) {
          if (candidate->spec().name != group_name) continue;
          const rules::GroupSnapshot snapshot = candidate->Snapshot();
          for (std::size_t i = 0; i < group["rules"].size(); ++i) {
            const json& rule = group["rules"][i];
            const rules::RuleSnapshot& got = snapshot.rules[i];
            json mine = {{"name", got.spec.name},
                         {"query", got.query},
                         {"labels", got.spec.labels},
                         {"health", std::string(rules::Text(got.health))}};
            json theirs = {{"name", rule["name"]},
                           {"query", rule["query"]},
                           {"labels", rule["labels"]},
                           {"health", rule["health"]}};
            if (rule.contains("lastError")) theirs["error"] = rule["lastError"];
            if (!got.last_error.empty()) mine["error"] = got.last_error;
            if (rule.contains("state")) {
              theirs["state"] = rule["state"];
              mine["state"] = std::string(rules::Text(got.state));
              std::multiset<std::string> a, b;
              for (const json& alert : rule["alerts"]) {
                a.insert(alert["labels"].dump() + alert["state"].dump() +
                         alert["annotations"].dump() +
                         Tenths(std::stod(alert["activeAt"].get<std::string>().substr(2))) +
                         (alert.contains("keepFiringSince") ? "k" : ""));
              }
              for (const rules::AlertSnapshot& alert : got.alerts) {
                b.insert(Text(MapOf(alert.labels)) +
                         json(std::string(rules::Text(alert.state))).dump() +
                         Text(alert.annotations) + Tenths(Since(alert.active_at)) +
                         (alert.keep_firing_since ? "k" : ""));
              }
              theirs["alerts"] = a;
              mine["alerts"] = b;
            }
            snapshots_wanted.insert(name + " " + theirs.dump());
            snapshots_got.insert(name + " " + mine.dump());
          }
        }
      }
      (void)at;
    }
  }

  Outcome outcome;
  std::multiset<std::string> wanted, got;
  json first_annotations;
  for (const json& post : all["posts"]) {
    if (post["at"].get<double>() > until) continue;
    // The long ones stand in the file once.
    if (post["annotations"].is_object() && post["annotations"].size() > 10) {
      first_annotations = post["annotations"];
    }
    const json& annotations =
        post["annotations"].is_object() ? post["annotations"] : first_annotations;
    wanted.insert(post["labels"].dump() + annotations.dump() + " " +
                  Tenths(post["startsAt"].get<double>()) + " " +
                  Tenths(post["endsAt"].get<double>()) + " " + post["generatorURL"].dump());
  }
  for (const alert::Alert& alert : sink.sent) {
    if (Since(alert.updated_at) < 5) continue;  // the recording's receiver started then
    auto labels = MapOf(alert.labels);
    // alert_relabel_configs of the recording, which the sender applies.
    if (labels["alertname"] == "Scalar") continue;
    if (labels["job"] == "j1") labels["relabeled"] = "yes";
    std::erase_if(labels, [](const auto& l) { return l.second.empty(); });
    got.insert(Text(labels) + Text(alert.annotations) + " " + Tenths(Since(alert.starts_at)) + " " +
               Tenths(Since(alert.ends_at)) + " " + json(alert.generator_url).dump());
  }
  outcome.Compare("post", wanted, got);
  const json& series = all["series"];
  outcome.Compare("ALERTS", RecordedSeries(series["ALERTS[40s]"]),
                  StoredSeries(store, "ALERTS", false, kSeriesEnd));
  outcome.Compare("ALERTS_FOR_STATE", RecordedSeries(series["ALERTS_FOR_STATE[40s]"]),
                  StoredSeries(store, "ALERTS_FOR_STATE", true, kSeriesEnd));
  outcome.Compare("job:m:sum", RecordedSeries(series["job:m:sum[40s]"]),
                  StoredSeries(store, "job:m:sum", false, kSeriesEnd));
  outcome.Compare("snapshot", snapshots_wanted, snapshots_got);
  std::printf("%d passed, %d failed\n", outcome.passed, outcome.failed);
  return outcome.failed == 0 && outcome.passed > 100 ? 0 : 1;
}
