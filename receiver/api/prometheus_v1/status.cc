#include <unistd.h>

#include <thread>

#include "core/base/json_escape.h"
#include "core/base/numbers.h"
#include "core/base/version.h"
#include "receiver/api/prometheus_v1/answer.h"
#include "receiver/api/prometheus_v1/api.h"
#include "receiver/api/prometheus_v1/params.h"

namespace drover::api {
namespace {

// The Prometheus whose API this is: Grafana and others decide by it.
constexpr std::string_view kSpokenVersion = "3.5.0";

class Object {
 public:
  void Text(std::string_view key, std::string_view value) {
    Key(key);
    AppendJsonString(text_, value);
  }
  void Raw(std::string_view key, std::string_view json) {
    Key(key);
    text_ += json;
  }
  std::string Take() { return std::move(text_) + "}"; }

 private:
  void Key(std::string_view key) {
    if (text_.size() > 1) text_ += ',';
    AppendJsonString(text_, key);
    text_ += ':';
  }
  std::string text_ = "{";
};

}  // namespace

http::Response PrometheusApi::BuildInfo() {
  Object out;
  out.Text("version", kSpokenVersion);
  out.Text("revision", Revision());
  out.Text("branch", "drover-receiver " + std::string(Version()));
  out.Text("buildUser", "");
  out.Text("buildDate", "");
  out.Text("goVersion", "");
  return Success(out.Take());
}

http::Response PrometheusApi::RuntimeInfo() {
  char folder[4096] = {};
  char host[256] = {};
  if (::getcwd(folder, sizeof folder) == nullptr) folder[0] = '\0';
  if (::gethostname(host, sizeof host - 1) != 0) host[0] = '\0';
  Object out;
  out.Text("startTime", FormatRfc3339(status_.start_time, 9));
  out.Text("CWD", folder);
  out.Text("hostname", host);
  out.Text("serverTime", FormatRfc3339(clock_.Now(), 9));
  out.Raw("reloadConfigSuccess", status_.reload_ok() ? "true" : "false");
  out.Text("lastConfigTime", FormatRfc3339(status_.reload_time(), 0));
  out.Raw("corruptionCount", std::to_string(head_.replay().corrupt));
  out.Raw("goroutineCount", "0");
  out.Raw("GOMAXPROCS", std::to_string(std::thread::hardware_concurrency()));
  out.Raw("GOMEMLIMIT", "0");
  out.Text("GOGC", "");
  out.Text("GODEBUG", "");
  out.Text("storageRetention", status_.storage_retention);
  return Success(out.Take());
}

http::Response PrometheusApi::Config() {
  Object out;
  out.Text("yaml", status_.config_yaml());
  return Success(out.Take());
}

http::Response PrometheusApi::FlagList() {
  Object out;
  for (const auto& [name, value] : status_.flags()) out.Text(name, value);
  return Success(out.Take());
}

http::Response PrometheusApi::TsdbStatus(const http::Request& request) {
  const http::Form form = http::FormOf(request);
  if (const std::string_view text = form.Get("limit"); !text.empty()) {
    const auto limit = ParseInt(text);
    if (!limit || *limit < 1)
      return Failure(ErrorType::kBadData, "limit must be a positive number");
  }
  const storage::HeadStats stats = head_.stats();
  Object head;
  head.Raw("numSeries", std::to_string(stats.series));
  head.Raw("chunkCount", std::to_string(stats.chunks));
  head.Raw("minTime", std::to_string(stats.min_t));
  head.Raw("maxTime", std::to_string(stats.max_t));
  Object out;
  out.Raw("headStats", head.Take());
  return Success(out.Take());
}

}  // namespace drover::api
