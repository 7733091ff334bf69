#include "exporters/node/network/rt_link.h"

#include <linux/if_link.h>
#include <linux/rtnetlink.h>

#include "exporters/node/network/netlink_bytes.h"

namespace drover::exporters::node {

std::optional<RtLink> ParseRtLink(std::string_view body) {
  const auto header = LoadNative<ifinfomsg>(body);
  if (!header) return std::nullopt;
  RtLink link;
  link.index = header->ifi_index;
  link.flags = header->ifi_flags;
  link.type = header->ifi_type;
  NetlinkAttributes attributes(AfterHeader(body, sizeof *header));
  while (const auto attribute = attributes.Next()) {
    const auto u32 = [&] { return attribute->Number<std::uint32_t>(); };
    const auto u8 = [&] { return attribute->Number<std::uint8_t>(); };
    switch (attribute->type) {
      case IFLA_IFNAME:
        link.name = attribute->Text();
        break;
      case IFLA_ADDRESS:
        link.address = attribute->payload;
        break;
      case IFLA_BROADCAST:
        link.broadcast = attribute->payload;
        break;
      case IFLA_IFALIAS:
        link.alias = attribute->Text();
        break;
      case IFLA_PROP_LIST:
        link.properties = attribute->payload;
        break;
      case IFLA_STATS64:
        link.stats64 = attribute->payload;
        break;
      case IFLA_STATS:
        link.stats32 = attribute->payload;
        break;
      case IFLA_MTU:
        link.mtu = u32().value_or(0);
        break;
      case IFLA_LINK:
        link.parent_index = u32().value_or(0);
        break;
      case IFLA_TXQLEN:
        link.queue_length = u32().value_or(0);
        break;
      case IFLA_OPERSTATE:
        link.operational_state = u8().value_or(0);
        break;
      case IFLA_LINKMODE:
        link.link_mode = u8().value_or(0);
        break;
      case IFLA_GROUP:
        link.group = u32().value_or(0);
        break;
      case IFLA_CARRIER:
        link.carrier = u8();
        break;
      case IFLA_CARRIER_CHANGES:
        link.carrier_changes = u32();
        break;
      case IFLA_CARRIER_UP_COUNT:
        link.carrier_ups = u32();
        break;
      case IFLA_CARRIER_DOWN_COUNT:
        link.carrier_downs = u32();
        break;
      default:
        break;
    }
  }
  if (link.name.empty()) return std::nullopt;
  return link;
}

Status DumpLinks(NetlinkSocket& route_socket, const std::function<void()>& begin,
                 const std::function<void(const RtLink&)>& link) {
  const ifinfomsg all{};
  const auto status =
      route_socket.Dump(RTM_GETLINK, BytesOf(all),
                        {.begin = begin, .message = [&](std::uint16_t type, std::string_view body) {
                           if (type != RTM_NEWLINK) return;
                           if (const auto parsed = ParseRtLink(body)) link(*parsed);
                         }});
  if (!status) return Fail(status.error().With("links"));
  return {};
}

Status LinkNames::Read(NetlinkSocket& route_socket) {
  return DumpLinks(
      route_socket, [this] { names_.clear(); },
      [this](const RtLink& link) { names_.insert_or_assign(link.index, std::string(link.name)); });
}

std::string_view LinkNames::Get(std::int32_t index) const {
  const auto found = names_.find(index);
  return found == names_.end() ? std::string_view() : std::string_view(found->second);
}

std::string FormatHardwareAddress(std::string_view bytes) {
  constexpr char kHex[] = "0123456789abcdef";
  std::string text;
  for (const char byte : bytes) {
    const auto value = static_cast<unsigned char>(byte);
    if (!text.empty()) text += ':';
    text += kHex[value >> 4];
    text += kHex[value & 15];
  }
  return text;
}

}  // namespace drover::exporters::node
