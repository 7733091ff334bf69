#include "receiver/api/alertmanager_v2/api.h"

#include "core/base/numbers.h"
#include "core/base/version.h"
#include "receiver/api/alertmanager_v2/values.h"

namespace drover::api {
namespace v2 {

http::Response GetReceivers(const alerting::Alerting& alerting, const http::Request& request) {
  const auto query = ReadQuery(http::FormOf(request));
  if (!query) return Failure(400, query.error().message());
  const auto runtime = alerting.runtime();
  json::Writer out;
  out.BeginArray();
  for (const alerting::ReceiverConfig& receiver : runtime->config().receivers) {
    if (!query->WantsReceiver(receiver.name, runtime->config())) continue;
    out.BeginObject().Key("labels");
    WriteMap(out, receiver.labels);
    out.Key("name").String(receiver.name).EndObject();
  }
  out.EndArray();
  return Answer(200, out.Take() + "\n");
}

http::Response GetStatus(const alerting::Alerting& alerting) {
  json::Writer out;
  out.BeginObject().Key("cluster").BeginObject().Key("peers").BeginArray().EndArray();
  out.Key("status").String("disabled").EndObject();
  out.Key("config").BeginObject().Key("original");
  out.String(WriteFields(alerting.runtime()->config())).EndObject();
  out.Key("uptime").String(FormatRfc3339(alerting.started_at()));
  out.Key("versionInfo").BeginObject();
  out.Key("branch").String("").Key("buildDate").String("").Key("buildUser").String("");
  out.Key("goVersion").String("").Key("revision").String(Revision());
  out.Key("version").String(Version()).EndObject().EndObject();
  return Answer(200, out.Take() + "\n");
}

namespace {

http::Response WrongMethod(const http::Request& request, std::string_view allowed) {
  http::Response out = ProtocolFailure(
      405, 405,
      "method " + request.method + " is not allowed, but [" + std::string(allowed) + "] are");
  out.headers.Set("Allow", allowed);
  return out;
}

http::Response Serve(alerting::Alerting& alerting, const http::Request& request,
                     std::string_view path) {
  const std::string& method = request.method;
  const bool get = method == "GET" || method == "HEAD";
  if (path == "/status") return get ? GetStatus(alerting) : WrongMethod(request, "GET");
  if (path == "/receivers")
    return get ? GetReceivers(alerting, request) : WrongMethod(request, "GET");
  if (path == "/alerts/groups")
    return get ? GetGroups(alerting, request) : WrongMethod(request, "GET");
  if (path == "/alerts") {
    if (get) return GetAlerts(alerting, request);
    return method == "POST" ? PostAlerts(alerting, request) : WrongMethod(request, "GET,POST");
  }
  if (path == "/silences") {
    if (get) return GetSilences(alerting, request);
    return method == "POST" ? PostSilence(alerting, request) : WrongMethod(request, "GET,POST");
  }
  constexpr std::string_view kSilence = "/silence/";
  if (path.starts_with(kSilence)) {
    const std::string id(path.substr(kSilence.size()));
    if (get) return GetSilence(alerting, id);
    return method == "DELETE" ? DeleteSilence(alerting, id) : WrongMethod(request, "DELETE,GET");
  }
  return ProtocolFailure(404, 404, "path " + request.path + " was not found");
}

void AllowOrigins(http::Response& response) {
  response.headers.Set("Access-Control-Allow-Origin", "*");
  response.headers.Set("Access-Control-Allow-Headers",
                       "Accept, Authorization, Content-Type, Origin");
  response.headers.Set("Access-Control-Allow-Methods", "GET, POST, DELETE, OPTIONS");
}

}  // namespace
}  // namespace v2

namespace {
constexpr std::string_view kRoot = "/api/v2";
constexpr std::uint64_t kMaxBodyBytes = 64 << 20;
}  // namespace

void AddAlertmanagerApi(http::Router& router, alerting::Alerting& alerting) {
  router.Add("GET,HEAD,POST,PUT,DELETE,PATCH,OPTIONS", std::string(kRoot) + "/*",
             [&alerting](const http::Request& request) {
               http::Response out;
               if (request.method == "OPTIONS") {
                 out.status = 200;
               } else {
                 out = v2::Serve(alerting, request,
                                 std::string_view(request.path).substr(kRoot.size()));
               }
               v2::AllowOrigins(out);
               return out;
             },
             {.max_body_bytes = kMaxBodyBytes});
}

}  // namespace drover::api
