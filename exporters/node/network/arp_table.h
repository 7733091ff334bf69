// Neighbours of IPv4: from a netlink neighbour dump (man 7 rtnetlink: RTM_NEWNEIGH, struct ndmsg)
// or from /proc/net/arp (man 5 proc).
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace drover::exporters::node {

struct Neighbour {
  std::uint8_t family = 0;
  std::int32_t index = 0;   // of the interface
  std::uint16_t state = 0;  // NUD_*
};

// The body of one RTM_NEWNEIGH message; nullopt when it is too short.
std::optional<Neighbour> ParseNeighbour(std::string_view body);

using ArpCounts = std::map<std::string, std::uint32_t, std::less<>>;  // entries by device

// Replaces `out`. kInvalid for a line that is neither the heading nor six columns.
Status ParseArpFile(std::string_view text, ArpCounts& out);

}  // namespace drover::exporters::node
