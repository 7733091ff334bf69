#include "exporters/node/network/link_modes.h"

#include <linux/ethtool_netlink.h>
#include <linux/netlink.h>

#include "exporters/node/network/netlink_bytes.h"

namespace drover::exporters::node {

std::optional<LinkMode> ParseLinkMode(std::string_view attributes) {
  LinkMode mode;
  NetlinkAttributes walk(attributes);
  while (const auto attribute = walk.Next()) {
    if (attribute->type == ETHTOOL_A_LINKMODES_HEADER) {
      NetlinkAttributes header(attribute->payload);
      while (const auto field = header.Next()) {
        if (field->type == ETHTOOL_A_HEADER_DEV_NAME) mode.device = field->Text();
      }
    } else if (attribute->type == ETHTOOL_A_LINKMODES_SPEED) {
      mode.speed_mbit = attribute->Number<std::uint32_t>().value_or(0);
    } else if (attribute->type == ETHTOOL_A_LINKMODES_DUPLEX) {
      mode.duplex = attribute->Number<std::uint8_t>().value_or(0);
    }
  }
  if (mode.device.empty()) return std::nullopt;
  return mode;
}

std::string_view DuplexName(std::uint8_t duplex) {
  return duplex == 0 ? "Half" : duplex == 1 ? "Full" : "Unknown";
}

Status DumpLinkModes(GenericNetlink& ethtool, LinkModes& out) {
  std::string all;
  AppendAttribute(all, ETHTOOL_A_LINKMODES_HEADER | NLA_F_NESTED, "");
  return ethtool.Dump(
      ETHTOOL_MSG_LINKMODES_GET, all, [&] { out.clear(); },
      [&](std::string_view attributes) {
        if (const auto mode = ParseLinkMode(attributes))
          out.insert_or_assign(std::string(mode->device),
                               SpeedDuplex{mode->speed_mbit, mode->duplex});
      });
}

}  // namespace drover::exporters::node
