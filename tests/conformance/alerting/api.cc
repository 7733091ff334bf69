// One long sequence of API calls and their answers. Paths of the program around the API (/-/…,
// /api/v1) are not the API's and are left out.
#include "receiver/api/alertmanager_v2/api.h"

#include <cmath>
#include <map>
#include <regex>
#include <set>

#include <nlohmann/json.hpp>

#include "core/base/numbers.h"
#include "tests/conformance/verdicts.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

using namespace drover;
using Json = nlohmann::json;

namespace {

class NoLog final : public LogSink {
  void Write(std::string_view) override {}
};

class Silent final : public http::Client {
  void Start(http::ClientRequest, Done done) override { done(http::ClientResponse{200, {}, ""}); }
};

class Sequence {
 public:
  explicit Sequence(testing::FakeClock& clock) : clock_(clock), t0_(clock.Now()) {}

  std::string Fill(std::string text) const {
    for (const auto& [name, id] : ids_) {
      Replace(text, "{s" + name + "}", id);
      Replace(text, "$S" + name, id);
    }
    for (std::size_t at; (at = text.find("$T0")) != std::string::npos;) {
      std::size_t end = at + 3;
      while (end < text.size() && (text[end] == '+' || text[end] == '-' || std::isdigit(text[end])))
        ++end;
      const auto offset = ParseInt(text.substr(at + 3, end - at - 3)).value_or(0);
      text.replace(at, end - at, FormatRfc3339(t0_ + Millis(offset * 1000)));
    }
    return text;
  }

  // Learns ids on the way. Empty: equal.
  std::string Differ(const Json& wanted, const Json& got, const std::string& at) {
    if (wanted.is_string() && got.is_string()) return DifferText(wanted, got, at);
    if (wanted.type() != got.type() && !(wanted.is_number() && got.is_number()))
      return at + ": wanted " + wanted.dump() + ", got " + got.dump();
    if (wanted.is_array()) {
      if (wanted.size() != got.size())
        return at + ": wanted " + std::to_string(wanted.size()) + " items, got " + got.dump();
      for (std::size_t i = 0; i < wanted.size(); ++i) {
        const auto d = Differ(wanted[i], got[i], at + "[" + std::to_string(i) + "]");
        if (!d.empty()) return d;
      }
      return "";
    }
    if (wanted.is_object()) {
      for (const auto& [key, value] : wanted.items()) {
        if (!got.contains(key)) return at + ": no " + key + " in " + got.dump();
        const auto d = Differ(value, got[key], at + "." + key);
        if (!d.empty()) return d;
      }
      for (const auto& [key, value] : got.items()) {
        // Newer than the recording: 0.34.
        if (!wanted.contains(key) && key != "routeLabels") return at + ": " + key + " is too much";
      }
      return "";
    }
    return wanted == got ? "" : at + ": wanted " + wanted.dump() + ", got " + got.dump();
  }

 private:
  static void Replace(std::string& text, const std::string& from, const std::string& to) {
    for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
      text.replace(at, from.size(), to);
  }

  std::string DifferText(const std::string& wanted, const std::string& got, const std::string& at) {
    const std::string complaint = at + ": wanted " + wanted + ", got " + got;
    if (wanted.starts_with("$T0")) {
      const auto time = ParseRfc3339(got);
      const double offset = wanted.size() > 3 ? std::stod(wanted.substr(3)) : 0;
      if (!time || got.size() != 24) return complaint;
      const double seconds = static_cast<double>((*time - t0_).count()) / 1000;
      return std::abs(seconds - offset) <= 2 ? "" : complaint;
    }
    if (wanted == "$UUID") return alerting::IsUuid(got) ? "" : complaint;
    if (wanted.starts_with("$S")) {
      const auto [it, fresh] = ids_.try_emplace(wanted.substr(2), got);
      return it->second == got && alerting::IsUuid(got) ? "" : complaint;
    }
    const auto a = ParseRfc3339(wanted);
    const auto b = ParseRfc3339(got);
    if (a && b) return *a == *b ? "" : complaint;
    // Texts of Go's own parsers and of its regexp package are not ours.
    for (const std::string stem :
         {"failed, because ", "error parsing regexp", "failed to parse receiver param"}) {
      const auto end = wanted.find(stem);
      if (end != std::string::npos) {
        const auto kept = wanted.substr(0, end);
        return got.starts_with(kept) ? "" : complaint;
      }
    }
    return wanted == got ? "" : complaint;
  }

  testing::FakeClock& clock_;
  const TimePoint t0_;
  std::map<std::string, std::string> ids_;
};

std::string DifferStatus(const Json& got) {
  if (got["cluster"]["status"] != "disabled" || !got["cluster"]["peers"].is_array())
    return "cluster: " + got["cluster"].dump();
  for (const char* key : {"version", "revision", "branch", "buildUser", "buildDate", "goVersion"}) {
    if (!got["versionInfo"].contains(key)) return std::string("no versionInfo.") + key;
  }
  if (!ParseRfc3339(got["uptime"].get<std::string>())) return "uptime";
  const auto shown =
      alerting::ParseConfig(got["config"]["original"].get<std::string>(), "original.yml");
  return shown ? "" : shown.error().message();
}

bool OfProgram(const std::string& path) { return !path.starts_with("/api/v2/"); }

}  // namespace

int main(int argc, char** argv) {
  testing::Verdicts verdicts(argc, argv, "alertmanager", {"api"});
  for (const std::string& folder : verdicts.paths()) {
    std::string text = testing::ReadWhole(folder + "/config.yml");
    text = std::regex_replace(text, std::regex("@SINK@"), "http://sink.test");
    auto config = alerting::ParseConfig(text, "config.yml");
    if (!config) {
      verdicts.Add("config", config.error().message());
      continue;
    }
    testing::FakeClock clock(1'795'200'000'000);
    testing::TempFolder store;
    Registry registry;
    NoLog sink;
    Logger log(sink, clock);
    alerting::AlertingOptions options;
    options.folder = store.path();
    auto alerting = alerting::Alerting::Start(
        *std::move(config), options, clock,
        [](const http::ClientConfig&) { return std::make_unique<Silent>(); }, registry, log);
    if (!alerting) {
      verdicts.Add("start", alerting.error().message());
      continue;
    }
    http::Router router;
    api::AddAlertmanagerApi(router, **alerting);
    Sequence sequence(clock);
    for (const Json& step : Json::parse(testing::ReadWhole(folder + "/sequence_0.33.1.json"))) {
      const auto name = step["name"].get<std::string>();
      http::Request request;
      request.method = step["method"].get<std::string>();
      request.target = sequence.Fill(step["path"].get<std::string>());
      if (OfProgram(request.target)) continue;
      const auto question = request.target.find('?');
      request.path = request.target.substr(0, question);
      if (question != std::string::npos) request.query = request.target.substr(question + 1);
      const Json& body = step["request"];
      if (!body.is_null())
        request.body = sequence.Fill(body.is_string() ? body.get<std::string>() : body.dump());
      const http::Response answer = router.Serve(request);
      std::string complaint;
      const Json& wanted = step["response"];
      const Json got = Json::parse(answer.body, nullptr, false);
      if (answer.status != step["status"]) {
        complaint = "status " + std::to_string(answer.status) + " " + answer.body;
      } else if (name == "status") {
        complaint = DifferStatus(got);
      } else if (wanted == "") {
        complaint = answer.body.empty() ? "" : "body should be empty: " + answer.body;
      } else if (got.is_discarded()) {
        complaint = "not JSON: " + answer.body;
      } else {
        complaint = sequence.Differ(wanted, got, "");
      }
      verdicts.Add(name, complaint);
      // The recorder ended these at once, so that they do not mute what follows (its list of
      // silences says so).
      static const std::set<std::string> kEnded = {"silence-only-negative", "silence-empty-comment",
                                                   "silence-bad-label"};
      if (kEnded.contains(name) && got.is_object() && got.contains("silenceID"))
        (void)(*alerting)->silences().Expire(got["silenceID"].get<std::string>());
      clock.Advance(Millis(20));
    }
  }
  return verdicts.Finish();
}
