// The pages of drover-node-exporter: /metrics, the landing page and the health answers.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/mutex.h"
#include "core/http/content_coding.h"
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

// Thread-safe: pages are made one after the other. Those who ask for the same (collectors, format,
// coding) while another page is being made get one page together: it begins after each of them
// asked, so nobody gets an older state of the host than if he had been alone.
class NodeWeb {
 public:
  // `runner` and `log` outlive this, this outlives the router.
  NodeWeb(Runner& runner, NodeWebOptions options, const Logger& log);

  void AddRoutes(http::Router& router);

  // A page; collect[] and exclude[] of the query choose collectors.
  http::Response Metrics(const http::Request& request);

  std::size_t under_way() const { return under_way_.load(); }  // pages

 private:
  struct Answers {
    std::atomic<std::uint64_t> ok{0}, failed{0}, refused{0};
  };
  struct Wanted {
    std::vector<std::size_t> which;
    bool openmetrics = false;
    std::string content_type;
    http::ContentCoding coding = http::ContentCoding::kIdentity;
    bool operator==(const Wanted&) const = default;
  };
  struct Round {  // a page and those who wait for it
    Wanted wanted;
    std::optional<http::Response> response;
  };
  http::Response MakePage(const http::Request& request);
  http::Response MakeShared(Wanted wanted);
  http::Response Collect(const Wanted& wanted) REQUIRES(mutex_);
  Result<std::vector<std::size_t>> Choose(const http::Request& request) const;
  void ReleaseMemory() REQUIRES(mutex_);
  void AddOwnMetrics(TextPage& page) const REQUIRES(mutex_);
  http::Response Landing() const;

  Runner& runner_;
  const NodeWebOptions options_;
  const Logger& log_;
  std::atomic<std::size_t> under_way_{0};
  Answers answers_;
  Mutex mutex_;  // taken before rounds_mutex_
  TextPage page_ GUARDED_BY(mutex_);
  std::string text_ GUARDED_BY(mutex_);
  std::uint64_t duplicates_ GUARDED_BY(mutex_) = 0;
  std::atomic<std::uint64_t> pages_with_duplicates_{0};
  Mutex rounds_mutex_;
  CondVar round_done_;
  std::vector<std::shared_ptr<Round>> rounds_ GUARDED_BY(rounds_mutex_);  // not begun
  MonoTime trimmed_ GUARDED_BY(mutex_){};
};

}  // namespace drover::exporters
