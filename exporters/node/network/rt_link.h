// Network interfaces as rtnetlink describes them (man 7 rtnetlink: RTM_NEWLINK, struct ifinfomsg
// and IFLA_* of include/uapi/linux/if_link.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/result.h"
#include "exporters/node/network/netlink.h"

namespace drover::exporters::node {

// Views point into the message.
struct RtLink {
  std::int32_t index = 0;
  std::uint32_t flags = 0;  // IFF_*
  std::uint16_t type = 0;   // ARPHRD_*
  std::string_view name;
  std::string_view address;    // raw bytes
  std::string_view broadcast;  // raw bytes
  std::string_view alias;
  std::string_view properties;  // IFLA_PROP_LIST: attributes IFLA_ALT_IFNAME
  std::string_view stats64;     // struct rtnl_link_stats64, the kernel's length
  std::string_view stats32;     // struct rtnl_link_stats
  std::uint32_t mtu = 0;
  std::uint32_t parent_index = 0;  // IFLA_LINK; 0 when it is its own
  std::uint32_t queue_length = 0;
  std::uint8_t operational_state = 0;  // RFC 2863: 0 unknown … 6 up
  std::uint8_t link_mode = 0;
  std::uint32_t group = 0;
  std::optional<std::uint8_t> carrier;
  std::optional<std::uint32_t> carrier_changes, carrier_ups, carrier_downs;
};

// The body of one RTM_NEWLINK message; nullopt when it is too short or has no name.
std::optional<RtLink> ParseRtLink(std::string_view body);

// Calls `link` for every interface of this network namespace; `begin` before each attempt.
Status DumpLinks(NetlinkSocket& route_socket, const std::function<void()>& begin,
                 const std::function<void(const RtLink&)>& link);

// "lo" of 1. One thread at a time.
class LinkNames {
 public:
  Status Read(NetlinkSocket& route_socket);  // replaces what was read before
  // "" for an index that is not there.
  std::string_view Get(std::int32_t index) const;

 private:
  std::unordered_map<std::int32_t, std::string> names_;
};

// "02:42:ac:11:00:02"
std::string FormatHardwareAddress(std::string_view bytes);

}  // namespace drover::exporters::node
