#include <linux/neighbour.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include "core/os/hot_file.h"
#include "exporters/common/name_filter.h"
#include "exporters/node/collectors.h"
#include "exporters/node/network/arp_table.h"
#include "exporters/node/network/netlink_bytes.h"
#include "exporters/node/network/rt_link.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kEntries{"node_arp_entries", "ARP entries by device", MetricType::kGauge,
                              "device"};

class Arp final : public Collector {
 public:
  Arp(const CollectorInput& input, NameFilter filter)
      : with_netlink_(input.flags.Switch("arp.netlink")),
        file_(*input.roots.proc, "net/arp"),
        socket_(NETLINK_ROUTE),
        filter_(std::move(filter)) {}

  Status Collect(MetricSink& out) override {
    if (with_netlink_) {
      DROVER_CHECK(ReadNetlink());
    } else {
      DROVER_CHECK(file_.Read(text_));
      DROVER_CHECK(ParseArpFile(text_, counts_));
    }
    for (const auto& [device, entries] : counts_) {
      if (filter_.Passes(device)) out.Add(kEntries, {device}, entries);
    }
    return {};
  }

 private:
  // As /proc/net/arp: without what needs no resolution (loopback, tunnels).
  Status ReadNetlink() {
    ndmsg request{};
    request.ndm_family = AF_INET;
    DROVER_CHECK(socket_.Dump(RTM_GETNEIGH, BytesOf(request),
                              {.begin = [this] { by_index_.clear(); },
                               .message =
                                   [this](std::uint16_t type, std::string_view body) {
                                     if (type != RTM_NEWNEIGH) return;
                                     const auto neighbour = ParseNeighbour(body);
                                     if (neighbour && neighbour->family == AF_INET &&
                                         (neighbour->state & NUD_NOARP) == 0)
                                       ++by_index_[neighbour->index];
                                   }}));
    counts_.clear();
    if (by_index_.empty()) return {};
    DROVER_CHECK(names_.Read(socket_));
    for (const auto& [index, entries] : by_index_) {
      const std::string_view name = names_.Get(index);
      if (!name.empty()) counts_.emplace(std::string(name), entries);
    }
    return {};
  }

  const bool with_netlink_;
  HotFile file_;
  NetlinkSocket socket_;
  NameFilter filter_;
  LinkNames names_;
  std::map<std::int32_t, std::uint32_t> by_index_;
  ArpCounts counts_;
  std::string text_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  DROVER_TRY(auto filter,
             NameFilter::Make(input.flags, "arp.device-include", "arp.device-exclude"));
  return std::make_unique<Arp>(input, std::move(filter));
}

}  // namespace

CollectorSpec ArpSpec() {
  using enum CollectorFlag::Kind;
  return {
      "arp",
      true,
      "Entries of the ARP table by device.",
      "rtnetlink or /proc/net/arp",
      {{"arp.device-include", kText, "",
        "Regexp of arp devices to include (mutually exclusive to device-exclude)."},
       {"arp.device-exclude", kText, "",
        "Regexp of arp devices to exclude (mutually exclusive to device-include)."},
       {"arp.netlink", kSwitch, "true", "Use netlink to gather stats instead of /proc/net/arp."}},
      Make,
      {"node_arp_entries"}};
}

}  // namespace drover::exporters::node
