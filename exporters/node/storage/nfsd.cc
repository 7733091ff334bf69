#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/storage/rpc_procedures.h"
#include "exporters/node/storage/rpc_stats.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kCacheHits{
    "node_nfsd_reply_cache_hits_total",
    "Total number of NFSd Reply Cache hits (client lost server response).", kCounter};
constexpr MetricDesc kCacheMisses{
    "node_nfsd_reply_cache_misses_total",
    "Total number of NFSd Reply Cache an operation that requires caching (idempotent).", kCounter};
constexpr MetricDesc kNoCache{
    "node_nfsd_reply_cache_nocache_total",
    "Total number of NFSd Reply Cache non-idempotent operations (rename/delete/…).", kCounter};
constexpr MetricDesc kStale{"node_nfsd_file_handles_stale_total",
                            "Total number of NFSd stale file handles", kCounter};
constexpr MetricDesc kRead{"node_nfsd_disk_bytes_read_total", "Total NFSd bytes read.", kCounter};
constexpr MetricDesc kWritten{"node_nfsd_disk_bytes_written_total", "Total NFSd bytes written.",
                              kCounter};
constexpr MetricDesc kThreads{"node_nfsd_server_threads",
                              "Total number of NFSd kernel threads that are running.", kGauge};
constexpr MetricDesc kAheadSize{"node_nfsd_read_ahead_cache_size_blocks",
                                "How large the read ahead cache is in blocks.", kGauge};
constexpr MetricDesc kAheadNotFound{"node_nfsd_read_ahead_cache_not_found_total",
                                    "Total number of NFSd read ahead cache not found.", kCounter};
constexpr MetricDesc kPackets{"node_nfsd_packets_total",
                              "Total NFSd network packets (sent+received) by protocol type.",
                              kCounter, "proto"};
constexpr MetricDesc kConnections{"node_nfsd_connections_total",
                                  "Total number of NFSd TCP connections.", kCounter};
constexpr MetricDesc kErrors{"node_nfsd_rpc_errors_total",
                             "Total number of NFSd RPC errors by error type.", kCounter, "error"};
constexpr MetricDesc kRpcs{"node_nfsd_server_rpcs_total", "Total number of NFSd RPCs.", kCounter};
constexpr MetricDesc kRequests{"node_nfsd_requests_total",
                               "Total number NFSd Requests by method and protocol.", kCounter,
                               "proto,method"};

constexpr std::pair<std::string_view, std::size_t> kNeeded[] = {{"rc", 3}, {"fh", 5},  {"io", 2},
                                                                {"th", 2}, {"net", 4}, {"rpc", 5}};

class Nfsd final : public Collector {
 public:
  explicit Nfsd(const CollectorInput& input) : file_(*input.roots.proc, "net/rpc/nfsd") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_TRY(stats_, ParseRpcStats(text_));
    for (const auto& [line, numbers] : kNeeded) {
      const auto found = stats_.find(line);
      if (found == stats_.end() || found->second.size() < numbers)
        return Fail(ErrorCode::kInvalid, "rpc/nfsd: no line, or a short one: " + std::string(line));
    }
    out.Add(kCacheHits, Number("rc", 0));
    out.Add(kCacheMisses, Number("rc", 1));
    out.Add(kNoCache, Number("rc", 2));
    out.Add(kStale, Number("fh", 0));
    out.Add(kRead, Number("io", 0));
    out.Add(kWritten, Number("io", 1));
    out.Add(kThreads, Number("th", 0));
    out.Add(kAheadSize, Number("ra", 0));  // the line went with Linux 6.2
    out.Add(kAheadNotFound, Number("ra", 11));
    out.Add(kPackets, {"udp"}, Number("net", 1));
    out.Add(kPackets, {"tcp"}, Number("net", 2));
    out.Add(kConnections, Number("net", 3));
    out.Add(kErrors, {"fmt"}, Number("rpc", 2));
    out.Add(kErrors, {"auth"}, Number("rpc", 3));
    out.Add(kErrors, {"cInt"}, Number("rpc", 4));
    out.Add(kRpcs, Number("rpc", 0));
    EmitProcedures("proc2", "2", kNfsV2Procedures, out);
    EmitProcedures("proc3", "3", kNfsV3Procedures, out);
    EmitProcedures("proc4ops", "4", kNfsV4Operations, out);
    out.Add(kRequests, {"4", "WdelegGetattr"}, Number("wdeleg_getattr", 0));
    return {};
  }

 private:
  // 0 for what this kernel does not count.
  double Number(std::string_view line, std::size_t at) const {
    const auto found = stats_.find(line);
    const bool is_there = found != stats_.end() && at < found->second.size();
    return is_there ? static_cast<double>(found->second[at]) : 0;
  }

  void EmitProcedures(std::string_view line, std::string_view version,
                      std::span<const std::string_view> procedures, MetricSink& out) const {
    for (std::size_t i = 0; i < procedures.size(); ++i) {
      if (procedures[i].empty() || procedures[i] == "Null") continue;
      out.Add(kRequests, {version, procedures[i]}, Number(line, i + 1));
    }
  }

  HotFile file_;
  std::string text_;
  RpcStats stats_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Nfsd>(input);
}

}  // namespace

CollectorSpec NfsdSpec() {
  return {"nfsd",
          true,
          "The NFS server.",
          "/proc/net/rpc/nfsd",
          {},
          Make,
          NamesOf(kCacheHits, kCacheMisses, kNoCache, kStale, kRead, kWritten, kThreads, kAheadSize,
                  kAheadNotFound, kPackets, kConnections, kErrors, kRpcs, kRequests)};
}

}  // namespace drover::exporters::node
