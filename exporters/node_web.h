// The pages of drover-node-exporter: /metrics, the landing page and the health answers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/http/router.h"
#include "exporters/common/runner.h"
#include "exporters/common/text_page.h"

namespace drover::exporters {

struct NodeWebOptions {
  std::string telemetry_path = "/metrics";
  std::size_t max_requests = 40;              // pages under way; more are answered 503. 0: no limit
  bool with_exporter_metrics = true;          // process_*, promhttp_*
  std::vector<std::string> known_collectors;  // on or off, for the error texts of collect[]
};

// Thread-safe: pages are made one after the other.
class NodeWeb {
 public:
  // `runner` and `log` outlive this, this outlives the router.
  NodeWeb(Runner& runner, NodeWebOptions options, const Logger& log);

  void AddRoutes(http::Router& router);

  // A page; collect[] and exclude[] of the query choose collectors.
  http::Response Metrics(const http::Request& request);

 private:
  struct Answers {
    std::atomic<std::uint64_t> ok{0}, failed{0}, refused{0};
  };
  http::Response MakePage(const http::Request& request);
  Result<std::vector<std::size_t>> Choose(const http::Request& request) const;
  void AddOwnMetrics(TextPage& page) const;
  http::Response Landing() const;

  Runner& runner_;
  const NodeWebOptions options_;
  const Logger& log_;
  std::atomic<std::size_t> under_way_{0};
  Answers answers_;
  Mutex mutex_;
  TextPage page_ GUARDED_BY(mutex_);
  std::size_t last_size_ GUARDED_BY(mutex_) = 0;
  std::uint64_t logged_duplicates_ GUARDED_BY(mutex_) = 0;
  MonoTime trimmed_ GUARDED_BY(mutex_){};
};

}  // namespace drover::exporters
