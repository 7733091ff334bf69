#include "core/os/hot_file.h"
#include "exporters/node/collectors.h"
#include "exporters/node/families.h"
#include "exporters/node/network/proc_net.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kQueues{"node_udp_queues",
                             "Number of allocated memory in the kernel for UDP datagrams in bytes.",
                             MetricType::kGauge, "queue,ip"};

class UdpQueuesCollector final : public Collector {
 public:
  explicit UdpQueuesCollector(const CollectorInput& input)
      : ipv4_(*input.roots.proc, "net/udp"), ipv6_(*input.roots.proc, "net/udp6") {}

  Status Collect(MetricSink& out) override {
    DROVER_TRY(const bool has_ipv4, Emit(ipv4_, "v4", out));
    DROVER_TRY(const bool has_ipv6, Emit(ipv6_, "v6", out));
    if (!has_ipv4 && !has_ipv6) return Fail(ErrorCode::kNotFound, "no UDP");
    return {};
  }

 private:
  Result<bool> Emit(HotFile& file, std::string_view ip, MetricSink& out) {
    if (const Status read = file.Read(text_); !read) {
      if (read.error().code() == ErrorCode::kNotFound) return false;
      return Fail(read.error());
    }
    DROVER_TRY(const UdpQueues queues, ParseUdpQueues(text_));
    out.Add(kQueues, {"tx", ip}, static_cast<double>(queues.tx_bytes));
    out.Add(kQueues, {"rx", ip}, static_cast<double>(queues.rx_bytes));
    return true;
  }

  HotFile ipv4_, ipv6_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<UdpQueuesCollector>(input);
}

}  // namespace

CollectorSpec UdpQueuesSpec() {
  return {"udp_queues",
          true,
          "Bytes in the queues of UDP sockets.",
          "/proc/net/udp, /proc/net/udp6",
          {},
          Make,
          NamesOf(kQueues)};
}

}  // namespace drover::exporters::node
