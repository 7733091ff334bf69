#include "exporters/node/network/route.h"

#include <linux/rtnetlink.h>

#include <algorithm>

#include "exporters/node/network/netlink_bytes.h"

namespace drover::exporters::node {
namespace {

std::vector<NextHop> ParseHops(std::string_view bytes) {
  std::vector<NextHop> hops;
  while (const auto header = LoadNative<rtnexthop>(bytes)) {
    if (header->rtnh_len < sizeof *header || header->rtnh_len > bytes.size()) break;
    NextHop hop{header->rtnh_ifindex, {}, header->rtnh_hops + 1U};
    NetlinkAttributes attributes(bytes.substr(sizeof *header, header->rtnh_len - sizeof *header));
    while (const auto attribute = attributes.Next()) {
      if (attribute->type == RTA_GATEWAY) hop.gateway = attribute->payload;
    }
    hops.push_back(hop);
    bytes = AfterHeader(bytes, header->rtnh_len);
  }
  return hops;
}

struct ProtocolName {
  std::uint8_t protocol;
  std::string_view name;
};
constexpr ProtocolName kProtocols[] = {
    {0, "unspec"}, {1, "redirect"}, {2, "kernel"},   {3, "boot"},   {4, "static"},    {8, "gated"},
    {9, "ra"},     {10, "mrt"},     {11, "zebra"},   {12, "bird"},  {13, "dnrouted"}, {14, "xorp"},
    {15, "ntk"},   {16, "dhcp"},    {17, "mrouted"}, {42, "babel"}, {186, "bgp"},     {187, "isis"},
    {188, "ospf"}, {189, "rip"},    {192, "eigrp"},
};

}  // namespace

std::optional<Route> ParseRoute(std::string_view body) {
  const auto header = LoadNative<rtmsg>(body);
  if (!header) return std::nullopt;
  Route route;
  route.type = header->rtm_type;
  route.protocol = header->rtm_protocol;
  route.prefix_length = header->rtm_dst_len;
  NextHop single;
  NetlinkAttributes attributes(AfterHeader(body, sizeof *header));
  while (const auto attribute = attributes.Next()) {
    switch (attribute->type) {
      case RTA_DST:
        route.destination = attribute->payload;
        break;
      case RTA_PREFSRC:
        route.preferred_source = attribute->payload;
        break;
      case RTA_GATEWAY:
        single.gateway = attribute->payload;
        break;
      case RTA_OIF:
        single.index = attribute->Number<std::int32_t>().value_or(0);
        break;
      case RTA_PRIORITY:
        route.priority = attribute->Number<std::uint32_t>().value_or(0);
        break;
      case RTA_MULTIPATH:
        route.hops = ParseHops(attribute->payload);
        break;
      default:
        break;
    }
  }
  if (route.hops.empty()) route.hops.push_back(single);
  return route;
}

std::string_view RouteProtocolName(std::uint8_t protocol) {
  const auto* found =
      std::find_if(std::begin(kProtocols), std::end(kProtocols),
                   [&](const ProtocolName& one) { return one.protocol == protocol; });
  return found == std::end(kProtocols) ? "unknown" : found->name;
}

}  // namespace drover::exporters::node
