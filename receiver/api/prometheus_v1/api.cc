#include "receiver/api/prometheus_v1/api.h"

namespace drover::api {

PrometheusApi::PrometheusApi(const promql::Engine& engine, const storage::Head& head, Clock& clock,
                             StatusSource status)
    : engine_(engine), head_(head), clock_(clock), status_(std::move(status)) {}

PrometheusApi::~PrometheusApi() = default;

void PrometheusApi::Stop() { stop_.request_stop(); }

void PrometheusApi::AddRoutes(http::Router& router) {
  const auto add = [&](std::string_view methods, std::string_view path,
                       http::Response (PrometheusApi::*handler)(const http::Request&)) {
    router.Add(methods, path,
               [this, handler](const http::Request& request) { return (this->*handler)(request); },
               {.max_body_bytes = 10 << 20, .slow = true});
  };
  const auto show = [&](std::string_view path, http::Response (PrometheusApi::*handler)()) {
    router.Add("GET,OPTIONS", path,
               [this, handler](const http::Request&) { return (this->*handler)(); });
  };
  add("GET,POST,OPTIONS", "/api/v1/query", &PrometheusApi::Query);
  add("GET,POST,OPTIONS", "/api/v1/query_range", &PrometheusApi::QueryRange);
  add("GET,POST,OPTIONS", "/api/v1/format_query", &PrometheusApi::FormatQuery);
  add("GET,POST,OPTIONS", "/api/v1/series", &PrometheusApi::SeriesList);
  add("GET,POST,OPTIONS", "/api/v1/labels", &PrometheusApi::LabelNames);
  add("GET,OPTIONS", "/api/v1/label/*", &PrometheusApi::LabelValues);
  add("GET,OPTIONS", "/api/v1/metadata", &PrometheusApi::Metadata);
  add("GET,OPTIONS", "/api/v1/status/tsdb", &PrometheusApi::TsdbStatus);
  show("/api/v1/status/buildinfo", &PrometheusApi::BuildInfo);
  show("/api/v1/status/runtimeinfo", &PrometheusApi::RuntimeInfo);
  show("/api/v1/status/config", &PrometheusApi::Config);
  show("/api/v1/status/flags", &PrometheusApi::FlagList);
}

http::Router::Middleware ApiHeaders() {
  return [](const http::Request& request, const http::Handler& next) {
    if (!request.path.starts_with("/api/")) return next(request);
    http::Response response;
    if (request.method == "OPTIONS") {
      response.status = 204;
    } else {
      response = next(request);
    }
    if (response.status == 405 ||
        (response.status == 404 && response.headers.Get("Content-Type").starts_with("text/"))) {
      response.headers.Set("X-Content-Type-Options", "nosniff");
      return response;
    }
    if (request.path == "/api/v1/write") return response;
    response.headers.Add("Vary", "Origin");
    if (const std::string_view origin = request.headers.Get("Origin"); !origin.empty()) {
      response.headers.Set("Access-Control-Allow-Headers",
                           "Accept, Authorization, Content-Type, Origin");
      response.headers.Set("Access-Control-Allow-Methods", "GET, POST, OPTIONS");
      response.headers.Set("Access-Control-Allow-Origin", origin);
      response.headers.Set("Access-Control-Expose-Headers", "Date");
    }
    return response;
  };
}

}  // namespace drover::api
