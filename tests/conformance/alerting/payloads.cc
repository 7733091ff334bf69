// What integrations send: real requests to a server of the test. Files whose integrations are not
// built yet are passed over and counted.
#include <algorithm>
#include <filesystem>
#include <optional>
#include <thread>

#include <nlohmann/json.hpp>

#include "core/base/numbers.h"
#include "core/http/client/curl_client.h"
#include "core/http/server.h"
#include "receiver/api/alertmanager_v2/api.h"
#include "tests/conformance/verdicts.h"
#include "tests/support/fake_clock.h"
#include "tests/support/temp_folder.h"

using namespace drover;
using Json = nlohmann::json;

namespace {

class NoLog final : public LogSink {
  void Write(std::string_view) override {}
};

std::string Replaced(std::string text, const std::string& from, const std::string& to) {
  for (std::size_t at = 0; (at = text.find(from, at)) != std::string::npos; at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

struct Got {
  int step = 0;
  http::Request request;
};

class Sink {
 public:
  explicit Sink(const Logger& log) {
    router_.Add("GET,HEAD,POST,PUT,DELETE,PATCH", "/*", [this](const http::Request& request) {
      Lock lock(mutex_);
      got_.push_back({step_, request});
      return http::Response::Text(200, "ok");
    });
    server_ = *http::StartServer({.listen = {"127.0.0.1:0"}}, router_, log);
  }
  std::string url() const { return "http://" + server_->addresses().front(); }
  void SetStep(int step) {
    Lock lock(mutex_);
    step_ = step;
  }
  std::vector<Got> got() const {
    Lock lock(mutex_);
    return got_;
  }

 private:
  mutable Mutex mutex_;
  int step_ GUARDED_BY(mutex_) = 0;
  std::vector<Got> got_ GUARDED_BY(mutex_);
  http::Router router_;
  std::unique_ptr<http::Server> server_;
};

Json Body(const Json& wanted) {
  return wanted.contains("body_json") ? wanted["body_json"]
                                      : Json::parse(wanted["body_raw"].get<std::string>());
}

class Scenario {
 public:
  explicit Scenario(const Json& file) : file_(file), sink_(log_) {}

  // nullopt: an integration that is not built.
  std::optional<std::string> Run() {
    std::string text = Replaced(file_["config"].get<std::string>(), "@SINK@", sink_.url());
    text = Replaced(std::move(text), "@SMTP@", "127.0.0.1:25");
    auto config = alerting::ParseConfig(text, folder_.path() + "/alertmanager.yml");
    if (!config) return config.error().message();
    if (!config->not_built.empty()) return std::nullopt;
    alerting::AlertingOptions options;
    options.folder = folder_.path();
    options.dispatch.external_url = file_["external_url"].get<std::string>();
    auto started = alerting::Alerting::Start(
        *std::move(config), options, clock_,
        [this](const http::ClientConfig& c) { return curl_.MakeClient(c); }, registry_, log_);
    if (!started) return started.error().message();
    alerting_ = *std::move(started);
    http::Router router;
    api::AddAlertmanagerApi(router, *alerting_);
    times_["$T0"] = FormatRfc3339(clock_.Now());
    int step = 0;
    for (const Json& post : file_["posts"]) {
      sink_.SetStep(++step);
      std::string body = post.dump();
      for (const std::string name : {"$T0", "$T1", "$T2"}) {
        if (body.find(name) == std::string::npos) continue;
        body = Replaced(body, name,
                        times_.try_emplace(name, FormatRfc3339(clock_.Now())).first->second);
      }
      http::Request request;
      request.method = "POST";
      request.path = request.target = "/api/v2/alerts";
      request.body = std::move(body);
      const auto answer = router.Serve(request);
      if (answer.status != 200) return "post: " + answer.body;
      for (int i = 0; i < 13; ++i) {
        Settle();
        clock_.Advance(Millis(100));
        Settle();
      }
    }
    alerting_.reset();
    return Compare();
  }

 private:
  void Settle() {
    for (int calm = 0; calm < 2;) {
      calm = alerting_->Quiet(0) ? calm + 1 : 0;
      if (calm == 0) std::this_thread::sleep_for(Millis(1));
    }
  }

  Json Wanted(const Json& request) const {
    std::string text = Body(request).dump();
    for (const auto& [name, time] : times_) {
      // Bodies carry as many digits as needed.
      text = Replaced(text, name, alerting::JsonTime(*ParseRfc3339(time)));
    }
    return Json::parse(text);
  }

  std::string Compare() const {
    auto got = sink_.got();
    const Json& wanted = file_["requests"];
    if (got.size() != wanted.size())
      return "wanted " + std::to_string(wanted.size()) + " requests, got " +
             std::to_string(got.size());
    for (const Json& w : wanted) {
      std::string complaint = "nothing for " + w["path"].get<std::string>();
      const auto found = std::find_if(got.begin(), got.end(), [&](const Got& g) {
        if (g.step != w["after_step"] || g.request.target != w["path"].get<std::string>())
          return false;
        complaint = Differ(w, g.request);
        return complaint.empty();
      });
      if (found == got.end()) {
        for (const Got& g : got) complaint += "\n    got " + g.request.target;
        return complaint;
      }
      got.erase(found);
    }
    return "";
  }

  std::string Differ(const Json& wanted, const http::Request& got) const {
    if (got.method != wanted["method"]) return "method " + got.method;
    for (const auto& [name, value] : wanted["headers"].items()) {
      if (name == "User-Agent") continue;
      if (got.headers.Get(name) != value.get<std::string>())
        return name + ": " + std::string(got.headers.Get(name));
    }
    Json body = Json::parse(got.body, nullptr, false);
    const Json want = Wanted(wanted);
    if (body.is_object() && !want.contains("routeLabels")) body.erase("routeLabels");  // since 0.34
    return body == want ? "" : "body\n    got    " + body.dump() + "\n    wanted " + want.dump();
  }

  const Json file_;
  testing::FakeClock clock_{1'795'200'000'123};
  NoLog no_log_;
  Logger log_{no_log_, clock_};
  testing::TempFolder folder_;
  Registry registry_;
  Sink sink_;
  http::CurlLoop curl_{"test"};
  std::map<std::string, std::string> times_;
  std::unique_ptr<alerting::Alerting> alerting_;
};

}  // namespace

int main(int argc, char** argv) {
  testing::Verdicts verdicts(argc, argv, "alertmanager", {"payloads"});
  int passed_over = 0;
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
      if (!verdicts.Wanted(id)) continue;
      if (const auto complaint = Scenario(scenario).Run()) {
        verdicts.Add(id, *complaint);
      } else {
        ++passed_over;
      }
    }
  }
  std::printf("%d of integrations that are not built\n", passed_over);
  return verdicts.Finish();
}
