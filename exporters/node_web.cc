#include "exporters/node_web.h"

#include <sys/resource.h>

#include <algorithm>
#include <limits>
#include <numeric>

#include "core/base/version.h"
#include "core/exposition/negotiate.h"
#include "core/http/url.h"
#include "core/os/process_stats.h"
#include "core/os/release_memory.h"

namespace drover::exporters {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kBuildInfo{
    "node_exporter_build_info",
    "A metric with a constant '1' value labeled by version, revision, branch, goversion from which "
    "node_exporter was built, and the goos and goarch for the build.",
    kGauge, "version,revision,branch,goversion,goos,goarch,tags"};
constexpr MetricDesc kCpuSeconds{"process_cpu_seconds_total",
                                 "Total user and system CPU time spent in seconds.", kCounter};
constexpr MetricDesc kMaxFds{"process_max_fds", "Maximum number of open file descriptors."};
constexpr MetricDesc kOpenFds{"process_open_fds", "Number of open file descriptors."};
constexpr MetricDesc kResident{"process_resident_memory_bytes", "Resident memory size in bytes."};
constexpr MetricDesc kAnonymous{
    "process_anonymous_memory_bytes",
    "Resident anonymous memory in bytes: without program and library text."};
constexpr MetricDesc kStartTime{"process_start_time_seconds",
                                "Start time of the process since unix epoch in seconds."};
constexpr MetricDesc kThreads{"process_threads", "Number of threads."};
constexpr MetricDesc kVirtual{"process_virtual_memory_bytes", "Virtual memory size in bytes."};
constexpr MetricDesc kVirtualMax{"process_virtual_memory_max_bytes",
                                 "Maximum amount of virtual memory available in bytes."};
constexpr MetricDesc kErrors{
    "promhttp_metric_handler_errors_total",
    "Total number of internal errors encountered by the promhttp metric handler.", kCounter,
    "cause"};
constexpr MetricDesc kDuplicates{
    "drover_exporter_duplicate_series_total",
    "Series left out of pages because one with the same labels stood there.", kCounter};
constexpr MetricDesc kInFlight{"promhttp_metric_handler_requests_in_flight",
                               "Current number of scrapes being served."};
constexpr MetricDesc kRequests{"promhttp_metric_handler_requests_total",
                               "Total number of scrapes by HTTP status code.", kCounter, "code"};

// Upstream's labels, so that joins on them keep working; what only a Go program has is empty.
#if defined(__x86_64__)
constexpr std::string_view kGoArch = "amd64";
#elif defined(__aarch64__)
constexpr std::string_view kGoArch = "arm64";
#else
constexpr std::string_view kGoArch = "";
#endif

// Freed memory goes back to the system after a page, but not at every page of a fast scraper: the
// next page would fault it in again.
constexpr std::chrono::seconds kTrimEvery{10};

}  // namespace

NodeWeb::NodeWeb(Runner& runner, NodeWebOptions options, const Logger& log)
    : runner_(runner), options_(std::move(options)), log_(log) {}

void NodeWeb::AddRoutes(http::Router& router) {
  constexpr std::string_view kMethods = "GET,HEAD,POST";
  router.Add(kMethods, options_.telemetry_path,
             [this](const http::Request& request) { return Metrics(request); });
  if (options_.telemetry_path != "/")
    router.Add(kMethods, "/", [this](const http::Request&) { return Landing(); });
  router.Add("GET,HEAD", "/-/healthy", [](const http::Request&) {
    return http::Response::Text(200, "drover-node-exporter is Healthy.\n");
  });
  router.Add("GET,HEAD", "/-/ready", [](const http::Request&) {
    return http::Response::Text(200, "drover-node-exporter is Ready.\n");
  });
}

http::Response NodeWeb::Landing() const {
  std::string path;
  for (const char c : options_.telemetry_path) {
    if (c == '&' || c == '<' || c == '>' || c == '"') {
      path += "&#" + std::to_string(static_cast<int>(c)) + ';';
    } else {
      path += c;
    }
  }
  return http::Response::Html(
      "<!DOCTYPE html>\n<html lang=\"en\">\n<head><meta charset=\"utf-8\"><title>Node "
      "Exporter</title></head>\n<body>\n<h1>Node Exporter</h1>\n<p>drover-node-exporter, version " +
      std::string(Version()) + " (" + std::string(Revision()) + ")</p>\n<ul>\n<li><a href=\"" +
      path +
      "\">Metrics</a></li>\n<li><a href=\"/-/healthy\">Health</a></li>\n</ul>\n</body>\n</html>\n");
}

Result<std::vector<std::size_t>> NodeWeb::Choose(const http::Request& request) const {
  const http::Form form = http::FormOf(request);
  const auto collect = form.All("collect[]");
  const auto exclude = form.All("exclude[]");
  if (!collect.empty() && !exclude.empty())
    return Fail(ErrorCode::kInvalid, "Combined collect and exclude queries are not allowed.");
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < runner_.size(); ++i) {
    const auto is_named = [&](const std::vector<std::string>& names) {
      return std::find(names.begin(), names.end(), runner_.name(i)) != names.end();
    };
    if (collect.empty() ? !is_named(exclude) : is_named(collect)) which.push_back(i);
  }
  for (const std::string& name : collect) {
    const bool is_on = std::any_of(which.begin(), which.end(),
                                   [&](std::size_t i) { return runner_.name(i) == name; });
    if (is_on) continue;
    const auto& known = options_.known_collectors;
    const bool is_known = std::find(known.begin(), known.end(), name) != known.end();
    return Fail(ErrorCode::kInvalid,
                "Couldn't create filtered metrics handler: couldn't create collector: " +
                    std::string(is_known ? "disabled" : "missing") + " collector: " + name);
  }
  return which;
}

http::Response NodeWeb::Metrics(const http::Request& request) {
  struct Leave {
    std::atomic<std::size_t>& count;
    ~Leave() { --count; }
  } const leave{under_way_};
  if (++under_way_ > options_.max_requests && options_.max_requests > 0) {
    ++answers_.refused;
    return http::Response::Text(503, "Limit of concurrent requests reached (" +
                                         std::to_string(options_.max_requests) +
                                         "), try again later.\n");
  }
  http::Response response = MakePage(request);
  ++(response.status == 200 ? answers_.ok : answers_.failed);
  return response;
}

http::Response NodeWeb::MakePage(const http::Request& request) {
  const auto which = Choose(request);
  if (!which) return http::Response::Text(400, which.error().message());
  const auto form = exposition::ChoosePageForm(request.headers.Get("Accept"));
  return MakeShared({*which, form.is_openmetrics, exposition::ContentType(form),
                     http::ChooseCoding(request.headers.Get("Accept-Encoding"))});
}

http::Response NodeWeb::MakeShared(Wanted wanted) {
  std::shared_ptr<Round> round;
  {
    Lock lock(rounds_mutex_);
    for (const auto& one : rounds_) {
      if (one->wanted == wanted) round = one;
    }
    if (round) {
      round_done_.Wait(rounds_mutex_, [&] { return round->response.has_value(); });
      return *round->response;
    }
    round = std::make_shared<Round>();
    round->wanted = std::move(wanted);
    rounds_.push_back(round);
  }
  Lock lock(mutex_);
  {
    Lock begin(rounds_mutex_);  // who comes from now on waits for the next one
    std::erase(rounds_, round);
  }
  http::Response response;
  try {
    response = Collect(round->wanted);
  } catch (const std::exception& error) {
    log_.Error("page failed", {{"err", error.what()}});
    response = http::Response::Text(500, "internal error\n");
  }
  Lock done(rounds_mutex_);
  round->response = std::move(response);
  round_done_.NotifyAll();
  return *round->response;
}

http::Response NodeWeb::Collect(const Wanted& wanted) {
  text_.clear();
  const bool is_whole = runner_.Run(wanted.which, page_);
  page_.Add(kBuildInfo, {Version(), Revision(), "", "", "linux", kGoArch, ""}, 1);
  if (options_.with_exporter_metrics) AddOwnMetrics(page_);
  page_.Render(text_,
               wanted.openmetrics ? TextPage::Format::kOpenMetrics : TextPage::Format::kText);
  if (!is_whole) return http::Response::Text(503, "The exporter is ending.\n");
  if (page_.duplicates() > duplicates_) {
    ++pages_with_duplicates_;
    log_.Debug("duplicate series left out", {{"total", page_.duplicates()}});
    duplicates_ = page_.duplicates();
  }
  http::Response response;
  response.headers.Add("Content-Type", wanted.content_type);
  response.headers.Add("Vary", "Accept, Accept-Encoding");
  http::Encode(wanted.coding, text_, response.body);
  if (wanted.coding != http::ContentCoding::kIdentity)
    response.headers.Add("Content-Encoding", http::Name(wanted.coding));
  ReleaseMemory();
  return response;
}

void NodeWeb::ReleaseMemory() {
  const MonoTime now = std::chrono::steady_clock::now();
  const bool is_first = trimmed_ == MonoTime();
  if (now - trimmed_ < kTrimEvery) return;
  TrimHeap();
  if (is_first) ForgetStartupPages();
  trimmed_ = now;
}

void NodeWeb::AddOwnMetrics(TextPage& page) const {
  const auto number = [](auto v) { return static_cast<double>(v); };
  page.Add(kErrors, {"encoding"}, 0);
  page.Add(kErrors, {"gathering"}, number(pages_with_duplicates_.load()));
  page.Add(kDuplicates, number(page.duplicates()));
  page.Add(kInFlight, number(under_way_.load()));
  page.Add(kRequests, {"200"}, number(answers_.ok.load()));
  page.Add(kRequests, {"400"}, number(answers_.failed.load()));
  page.Add(kRequests, {"503"}, number(answers_.refused.load()));
  const auto stats = ReadProcessStats();
  if (!stats) return;
  page.Add(kCpuSeconds, stats->cpu_seconds);
  page.Add(kMaxFds, number(stats->max_fds));
  page.Add(kOpenFds, number(stats->open_fds));
  page.Add(kResident, number(stats->resident_bytes));
  page.Add(kAnonymous, number(stats->anonymous_bytes));
  page.Add(kStartTime, stats->start_time_seconds);
  page.Add(kThreads, number(stats->threads));
  page.Add(kVirtual, number(stats->virtual_bytes));
  rlimit limit{};
  if (::getrlimit(RLIMIT_AS, &limit) == 0)
    page.Add(kVirtualMax, number(limit.rlim_cur));  // unlimited is 2^64-1, as upstream prints it
}

}  // namespace drover::exporters
