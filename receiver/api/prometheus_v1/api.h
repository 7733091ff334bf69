// Prometheus' HTTP API v1 (docs/http_api.md says what is there and where it differs).
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/http/router.h"
#include "receiver/promql/engine.h"
#include "receiver/storage/head/head.h"

namespace drover::api {

// What the status endpoints show; asked at each request.
struct StatusSource {
  std::function<std::string()> config_yaml;
  std::function<std::vector<std::pair<std::string, std::string>>()> flags;
  std::function<bool()> reload_ok;
  std::function<TimePoint()> reload_time;
  TimePoint start_time{};
  std::string storage_retention;
};

// Thread-safe. What it is given outlives it; it outlives the router's server.
class PrometheusApi {
 public:
  PrometheusApi(const promql::Engine& engine, const storage::Head& head, Clock& clock,
                StatusSource status);
  ~PrometheusApi();

  // Adds /api/v1/… for reading, as slow routes; writing and rules are added by their own parts.
  void AddRoutes(http::Router& router);
  // Cancels queries under way (499).
  void Stop();

 private:
  http::Response Query(const http::Request& request);
  http::Response QueryRange(const http::Request& request);
  http::Response FormatQuery(const http::Request& request);
  http::Response SeriesList(const http::Request& request);
  http::Response LabelNames(const http::Request& request);
  http::Response LabelValues(const http::Request& request);
  http::Response Metadata(const http::Request& request);
  http::Response BuildInfo();
  http::Response RuntimeInfo();
  http::Response Config();
  http::Response FlagList();
  http::Response TsdbStatus(const http::Request& request);

  const promql::Engine& engine_;
  const storage::Head& head_;
  Clock& clock_;
  const StatusSource status_;
  std::stop_source stop_;
};

// Vary and CORS headers on every API answer, OPTIONS for every API path.
http::Router::Middleware ApiHeaders();

}  // namespace drover::api
