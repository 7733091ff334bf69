#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/storage/rpc_procedures.h"
#include "exporters/node/storage/rpc_stats.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr MetricDesc kPackets{"node_nfs_packets_total",
                              "Total NFSd network packets (sent+received) by protocol type.",
                              kCounter, "protocol"};
constexpr MetricDesc kConnections{"node_nfs_connections_total",
                                  "Total number of NFSd TCP connections.", kCounter};
constexpr MetricDesc kRpcs{"node_nfs_rpcs_total", "Total number of RPCs performed.", kCounter};
constexpr MetricDesc kRetransmissions{"node_nfs_rpc_retransmissions_total",
                                      "Number of RPC transmissions performed.", kCounter};
constexpr MetricDesc kAuthRefreshes{"node_nfs_rpc_authentication_refreshes_total",
                                    "Number of RPC authentication refreshes performed.", kCounter};
constexpr MetricDesc kRequests{"node_nfs_requests_total", "Number of NFS procedures invoked.",
                               kCounter, "proto,method"};

class Nfs final : public Collector {
 public:
  explicit Nfs(const CollectorInput& input) : file_(*input.roots.proc, "net/rpc/nfs") {}

  Status Collect(MetricSink& out) override {
    DROVER_CHECK(file_.Read(text_));
    DROVER_TRY(const RpcStats stats, ParseRpcStats(text_));
    const auto net = stats.find("net");
    const auto rpc = stats.find("rpc");
    if (net == stats.end() || net->second.size() != 4 || rpc == stats.end() ||
        rpc->second.size() != 3)
      return Fail(ErrorCode::kInvalid, "rpc/nfs: net or rpc is missing or short");
    out.Add(kPackets, {"udp"}, static_cast<double>(net->second[1]));
    out.Add(kPackets, {"tcp"}, static_cast<double>(net->second[2]));
    out.Add(kConnections, static_cast<double>(net->second[3]));
    out.Add(kRpcs, static_cast<double>(rpc->second[0]));
    out.Add(kRetransmissions, static_cast<double>(rpc->second[1]));
    out.Add(kAuthRefreshes, static_cast<double>(rpc->second[2]));
    EmitProcedures(stats, "proc2", "2", kNfsV2Procedures, out);
    EmitProcedures(stats, "proc3", "3", kNfsV3Procedures, out);
    EmitProcedures(stats, "proc4", "4", kNfsV4ClientProcedures, out);
    return {};
  }

 private:
  // Versions that the kernel lacks, and procedures that came later, were never called: 0.
  static void EmitProcedures(const RpcStats& stats, std::string_view line, std::string_view version,
                             std::span<const std::string_view> procedures, MetricSink& out) {
    const auto found = stats.find(line);
    for (std::size_t i = 0; i < procedures.size(); ++i) {
      const bool is_there = found != stats.end() && i + 1 < found->second.size();
      const auto count = is_there ? found->second[i + 1] : 0;
      out.Add(kRequests, {version, procedures[i]}, static_cast<double>(count));
    }
  }

  HotFile file_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Nfs>(input);
}

}  // namespace

CollectorSpec NfsSpec() {
  return {"nfs",
          true,
          "The NFS client.",
          "/proc/net/rpc/nfs",
          {},
          Make,
          NamesOf(kPackets, kConnections, kRpcs, kRetransmissions, kAuthRefreshes, kRequests)};
}

}  // namespace drover::exporters::node
