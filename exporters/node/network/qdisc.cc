#include <linux/rtnetlink.h>

#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/network/netlink_bytes.h"
#include "exporters/node/network/qdisc_stats.h"
#include "exporters/node/network/rt_link.h"

namespace drover::exporters::node {
namespace {

constexpr auto kCounter = MetricType::kCounter;
constexpr auto kGauge = MetricType::kGauge;
constexpr MetricDesc kBytes{"node_qdisc_bytes_total", "Number of bytes sent.", kCounter,
                            "device,kind"};
constexpr MetricDesc kPackets{"node_qdisc_packets_total", "Number of packets sent.", kCounter,
                              "device,kind"};
constexpr MetricDesc kDrops{"node_qdisc_drops_total", "Number of packets dropped.", kCounter,
                            "device,kind"};
constexpr MetricDesc kRequeues{"node_qdisc_requeues_total",
                               "Number of packets dequeued, not transmitted, and requeued.",
                               kCounter, "device,kind"};
constexpr MetricDesc kOverlimits{"node_qdisc_overlimits_total", "Number of overlimit packets.",
                                 kCounter, "device,kind"};
constexpr MetricDesc kQueueLength{"node_qdisc_current_queue_length",
                                  "Number of packets currently in queue to be sent.", kGauge,
                                  "device,kind"};
constexpr MetricDesc kBacklog{
    "node_qdisc_backlog", "Number of bytes currently in queue to be sent.", kGauge, "device,kind"};

class Qdisc final : public Collector {
 public:
  Qdisc(const CollectorInput& input, NameFilter filter)
      : fixtures_(input.flags.Text("qdisc.fixtures")),
        socket_(NETLINK_ROUTE),
        filter_(std::move(filter)) {}

  Status Collect(MetricSink& out) override {
    if (fixtures_.empty()) {
      DROVER_CHECK(ReadNetlink());
    } else {
      DROVER_TRY(const auto text, ReadUserFile(fixtures_ + "/results.json"));
      DROVER_TRY(qdiscs_, ParseQdiscFixture(text));
    }
    for (const QdiscStats& qdisc : qdiscs_) {
      if (qdisc.parent != 0 || !filter_.Passes(qdisc.device)) continue;
      const auto add = [&](const MetricDesc& desc, std::uint64_t value) {
        out.Add(desc, {qdisc.device, qdisc.kind}, static_cast<double>(value));
      };
      add(kBytes, qdisc.bytes);
      add(kPackets, qdisc.packets);
      add(kDrops, qdisc.drops);
      add(kRequeues, qdisc.requeues);
      add(kOverlimits, qdisc.overlimits);
      add(kQueueLength, qdisc.queue_packets);
      add(kBacklog, qdisc.backlog_bytes);
    }
    return {};
  }

 private:
  Status ReadNetlink() {
    const tcmsg all{};
    DROVER_CHECK(socket_.Dump(RTM_GETQDISC, BytesOf(all),
                              {.begin = [this] { qdiscs_.clear(); },
                               .message =
                                   [this](std::uint16_t type, std::string_view body) {
                                     if (type != RTM_NEWQDISC) return;
                                     if (auto qdisc = ParseQdisc(body))
                                       qdiscs_.push_back(*std::move(qdisc));
                                   }}));
    DROVER_CHECK(names_.Read(socket_));
    for (QdiscStats& qdisc : qdiscs_) qdisc.device = names_.Get(qdisc.index);
    std::erase_if(qdiscs_, [](const QdiscStats& qdisc) { return qdisc.device.empty(); });
    return {};
  }

  const std::string fixtures_;
  NetlinkSocket socket_;
  LinkNames names_;
  NameFilter filter_;
  std::vector<QdiscStats> qdiscs_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto filter,
             NameFilter::Make(input.flags, "qdisc.device-include", "qdisc.device-exclude"));
  return std::make_unique<Qdisc>(input, std::move(filter));
}

}  // namespace

CollectorSpec QdiscSpec() {
  using enum CollectorFlag::Kind;
  return {
      "qdisc",
      false,
      "Queueing disciplines of network interfaces.",
      "rtnetlink",
      {{"qdisc.fixtures", kText, "", "test fixtures to use for qdisc collector end-to-end testing"},
       {"qdisc.device-include", kText, "",
        "Regexp of qdisc devices to include (mutually exclusive to device-exclude)."},
       {"qdisc.device-exclude", kText, "",
        "Regexp of qdisc devices to exclude (mutually exclusive to device-include)."},
       {"qdisk.device-include", kText, "", "DEPRECATED: Use collector.qdisc.device-include", true,
        "qdisc.device-include"},
       {"qdisk.device-exclude", kText, "", "DEPRECATED: Use collector.qdisc.device-exclude", true,
        "qdisc.device-exclude"}},
      Make,
      {"node_qdisc_bytes_total", "node_qdisc_packets_total", "node_qdisc_drops_total",
       "node_qdisc_requeues_total", "node_qdisc_overlimits_total",
       "node_qdisc_current_queue_length", "node_qdisc_backlog"}};
}

}  // namespace drover::exporters::node
