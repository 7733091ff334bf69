// Decoders of what the kernel tells about the network; the first byte chooses one. Property: no
// crash, no read past the end, and views point into the input.
#include <cassert>
#include <cstdint>

#include "exporters/node/network/arp_table.h"
#include "exporters/node/network/genetlink.h"
#include "exporters/node/network/inet_diag.h"
#include "exporters/node/network/ip_text.h"
#include "exporters/node/network/link_modes.h"
#include "exporters/node/network/net_stats.h"
#include "exporters/node/network/netlink_bytes.h"
#include "exporters/node/network/nl80211.h"
#include "exporters/node/network/qdisc_stats.h"
#include "exporters/node/network/route.h"
#include "exporters/node/network/rt_link.h"

namespace {

using namespace drover::exporters::node;

void CheckInside(std::string_view part, std::string_view whole) {
  assert(part.empty() ||
         (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size()));
}

void Walk(std::string_view text, int depth) {
  NetlinkAttributes attributes(text);
  while (const auto attribute = attributes.Next()) {
    CheckInside(attribute->payload, text);
    CheckInside(attribute->Text(), text);
    if (depth < 8) Walk(attribute->payload, depth + 1);
  }
}

void Link(std::string_view text) {
  const auto link = ParseRtLink(text);
  if (!link) return;
  for (const std::string_view view : {link->name, link->address, link->broadcast, link->alias,
                                      link->properties, link->stats64, link->stats32})
    CheckInside(view, text);
  NetDevice device;
  (void)ToNetDevice(*link, device);
  (void)FormatHardwareAddress(link->address);
}

void OneRoute(std::string_view text) {
  const auto route = ParseRoute(text);
  if (!route) return;
  assert(!route->hops.empty());
  for (const NextHop& hop : route->hops) {
    CheckInside(hop.gateway, text);
    assert(FormatIp(hop.gateway).size() < 40);
  }
  (void)FormatIp(route->destination);
  (void)FormatIp(route->preferred_source);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  NetlinkMessages messages(text);
  ArpCounts counts;
  switch (data[0]) {
    case 'm':
      while (const auto message = messages.Next()) {
        CheckInside(message->body, text);
        Walk(message->body, 0);
      }
      break;
    case 'M':
      (void)NetlinkAnswer(1).Take(
          text, [&](std::uint16_t, std::string_view body) { CheckInside(body, text); });
      break;
    case 'l':
      Link(text);
      break;
    case 'n':
      (void)ParseNeighbour(text);
      break;
    case 'a':
      (void)ParseArpFile(text, counts);
      break;
    case 's':
      (void)ParseInetSocket(text);
      break;
    case 'r':
      OneRoute(text);
      break;
    case 'q':
      (void)ParseQdisc(text);
      break;
    case 'j':
      (void)ParseQdiscFixture(text);
      break;
    case 'g':
      (void)ParseGenericFamily(text);
      break;
    case 'd':
      if (const auto mode = ParseLinkMode(text)) CheckInside(mode->device, text);
      break;
    case 'w':
      (void)ParseWifiInterface(text);
      (void)ParseWifiNetwork(text);
      (void)ParseWifiStation(text);
      break;
    case 'f':
      (void)ParseWifiInterfacesFixture(text);
      (void)ParseWifiNetworkFixture(text);
      (void)ParseWifiStationsFixture(text);
      break;
    default:
      break;
  }
  return 0;
}
