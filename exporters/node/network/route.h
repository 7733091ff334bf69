// One route of a netlink route dump (man 7 rtnetlink: RTM_NEWROUTE, struct rtmsg, RTA_*).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace drover::exporters::node {

struct NextHop {
  std::int32_t index = 0;    // of the interface
  std::string_view gateway;  // raw address, "" for none
  unsigned weight = 0;       // 1 up; 0 when the route has one hop only
};

// Views point into the message.
struct Route {
  std::uint8_t type = 0;      // RTN_*
  std::uint8_t protocol = 0;  // RTPROT_*
  std::uint8_t prefix_length = 0;
  std::uint32_t priority = 0;
  std::string_view destination;       // raw address, "" for the default route
  std::string_view preferred_source;  // raw address, "" for none
  std::vector<NextHop> hops;
};

// The body of one RTM_NEWROUTE message; nullopt when it is too short.
std::optional<Route> ParseRoute(std::string_view body);

// "kernel" of RTPROT_KERNEL; "unknown".
std::string_view RouteProtocolName(std::uint8_t protocol);

}  // namespace drover::exporters::node
