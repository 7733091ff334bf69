#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <array>

#include "exporters/node/collectors.h"
#include "exporters/node/network/inet_diag.h"
#include "exporters/node/network/netlink.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kStates{"node_tcp_connection_states", "Number of connection states.",
                             MetricType::kGauge, "state"};
constexpr std::string_view kNames[] = {"unknown",    "established", "syn_sent",  "syn_recv",
                                       "fin_wait1",  "fin_wait2",   "time_wait", "close",
                                       "close_wait", "last_ack",    "listen",    "closing"};
constexpr std::size_t kStateCount = std::size(kNames);

class TcpStat final : public Collector {
 public:
  explicit TcpStat(const CollectorInput& input)
      : proc_(input.roots.proc), socket_(NETLINK_SOCK_DIAG) {}

  // Queues and states appear when there is at least one socket, a state when it has one.
  Status Collect(MetricSink& out) override {
    Totals totals;
    DROVER_CHECK(Count(AF_INET, totals));
    if (proc_->Exists("net/tcp6")) DROVER_CHECK(Count(AF_INET6, totals));
    if (totals.sockets == 0) return {};
    for (std::size_t state = 0; state < kStateCount; ++state) {
      if (totals.states[state] != 0)
        out.Add(kStates, {kNames[state]}, static_cast<double>(totals.states[state]));
    }
    out.Add(kStates, {"rx_queued_bytes"}, static_cast<double>(totals.receive_queue_bytes));
    out.Add(kStates, {"tx_queued_bytes"}, static_cast<double>(totals.send_queue_bytes));
    return {};
  }

 private:
  struct Totals {
    std::uint64_t sockets = 0;
    std::array<std::uint64_t, kStateCount> states{};
    std::uint64_t receive_queue_bytes = 0;
    std::uint64_t send_queue_bytes = 0;
  };

  Status Count(std::uint8_t family, Totals& totals) {
    const Totals before = totals;
    return socket_.Dump(SOCK_DIAG_BY_FAMILY, TcpSocketsRequest(family),
                        {.begin = [&] { totals = before; },
                         .message =
                             [&](std::uint16_t, std::string_view body) {
                               const auto one = ParseInetSocket(body);
                               if (!one) return;
                               ++totals.sockets;
                               ++totals.states[one->state < kStateCount ? one->state : 0];
                               totals.receive_queue_bytes += one->receive_queue_bytes;
                               totals.send_queue_bytes += one->send_queue_bytes;
                             }});
  }

  const std::shared_ptr<FileSystem> proc_;
  NetlinkSocket socket_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<TcpStat>(input);
}

}  // namespace

CollectorSpec TcpStatSpec() {
  return {"tcpstat",
          false,
          "TCP sockets by state, and bytes in their queues.",
          "sock_diag (inet_diag), IPv4 and IPv6",
          {},
          Make,
          {"node_tcp_connection_states"}};
}

}  // namespace drover::exporters::node
