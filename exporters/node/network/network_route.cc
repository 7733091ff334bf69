#include <linux/rtnetlink.h>

#include <map>

#include "exporters/node/collectors.h"
#include "exporters/node/network/ip_text.h"
#include "exporters/node/network/netlink_bytes.h"
#include "exporters/node/network/route.h"
#include "exporters/node/network/rt_link.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kInfo{"node_network_route_info", "network routing table information",
                           MetricType::kGauge, "device,src,dest,gw,priority,proto,weight"};
constexpr MetricDesc kRoutes{"node_network_routes", "network routes by interface",
                             MetricType::kGauge, "device"};

class NetworkRoute final : public Collector {
 public:
  NetworkRoute() : socket_(NETLINK_ROUTE) {}

  // Unicast routes of all tables and families.
  Status Collect(MetricSink& out) override {
    DROVER_CHECK(names_.Read(socket_));
    const rtmsg all{};
    DROVER_CHECK(socket_.Dump(RTM_GETROUTE, BytesOf(all),
                              {.begin = [this] { rows_.clear(); },
                               .message =
                                   [this](std::uint16_t type, std::string_view body) {
                                     if (type != RTM_NEWROUTE) return;
                                     const auto route = ParseRoute(body);
                                     if (route && route->type == RTN_UNICAST) Take(*route);
                                   }}));
    std::map<std::string_view, unsigned> routes;
    for (const Row& row : rows_) {
      out.Add(kInfo,
              {row.device, row.source, row.destination, row.gateway, row.priority, row.protocol,
               row.weight},
              1);
      ++routes[row.device];
    }
    for (const auto& [device, count] : routes) out.Add(kRoutes, {device}, count);
    return {};
  }

 private:
  struct Row {
    std::string device, source, destination, gateway, priority, weight;
    std::string_view protocol;
  };

  void Take(const Route& route) {
    for (const NextHop& hop : route.hops) {
      rows_.push_back(
          {std::string(names_.Get(hop.index)), FormatIp(route.preferred_source),
           route.prefix_length == 0
               ? "default"
               : FormatIp(route.destination) + "/" + std::to_string(route.prefix_length),
           FormatIp(hop.gateway), std::to_string(route.priority),
           hop.weight == 0 ? "" : std::to_string(hop.weight), RouteProtocolName(route.protocol)});
    }
  }

  NetlinkSocket socket_;
  LinkNames names_;
  std::vector<Row> rows_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput&) {
  return std::make_unique<NetworkRoute>();
}

}  // namespace

CollectorSpec NetworkRouteSpec() {
  return {"network_route",
          false,
          "Routes of the kernel's tables, and how many each interface has.",
          "rtnetlink",
          {},
          Make,
          {"node_network_route_info", "node_network_routes"}};
}

}  // namespace drover::exporters::node
