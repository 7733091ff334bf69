// Speed and duplex of links by ethtool's netlink family
// (https://www.kernel.org/doc/html/latest/networking/ethtool-netlink.html, LINKMODES_GET).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "exporters/node/network/genetlink.h"

namespace drover::exporters::node {

struct LinkMode {
  std::string_view device;       // a view into the message
  std::uint32_t speed_mbit = 0;  // 0xFFFFFFFF: unknown
  std::uint8_t duplex = 0;       // 0 half, 1 full, 0xFF unknown
};

// One answer's attributes; nullopt without a device's name.
std::optional<LinkMode> ParseLinkMode(std::string_view attributes);

std::string_view DuplexName(std::uint8_t duplex);  // "Half", "Full", "Unknown"

struct SpeedDuplex {
  std::uint32_t speed_mbit = 0;
  std::uint8_t duplex = 0;
};
using LinkModes = std::map<std::string, SpeedDuplex, std::less<>>;  // by device

// Replaces `out` by the links that have such a thing. kNotFound: the kernel has no such family.
Status DumpLinkModes(GenericNetlink& ethtool, LinkModes& out);

}  // namespace drover::exporters::node
