#include "exporters/node/network/net_stats.h"

#include <linux/netlink.h>

#include <algorithm>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"
#include "exporters/node/network/netlink_bytes.h"

namespace drover::exporters::node {
namespace {

constexpr std::string_view kNames[kNetCounters] = {"receive_packets",
                                                   "transmit_packets",
                                                   "receive_bytes",
                                                   "transmit_bytes",
                                                   "receive_errors",
                                                   "transmit_errors",
                                                   "receive_dropped",
                                                   "transmit_dropped",
                                                   "multicast",
                                                   "collisions",
                                                   "receive_length_errors",
                                                   "receive_over_errors",
                                                   "receive_crc_errors",
                                                   "receive_frame_errors",
                                                   "receive_fifo_errors",
                                                   "receive_missed_errors",
                                                   "transmit_aborted_errors",
                                                   "transmit_carrier_errors",
                                                   "transmit_fifo_errors",
                                                   "transmit_heartbeat_errors",
                                                   "transmit_window_errors",
                                                   "receive_compressed",
                                                   "transmit_compressed",
                                                   "receive_nohandler"};

// The columns of /proc/net/dev.
constexpr NetCounter kColumns[16] = {
    NetCounter::kReceiveBytes,          NetCounter::kReceivePackets,
    NetCounter::kReceiveErrors,         NetCounter::kReceiveDropped,
    NetCounter::kReceiveFifoErrors,     NetCounter::kReceiveFrameErrors,
    NetCounter::kReceiveCompressed,     NetCounter::kMulticast,
    NetCounter::kTransmitBytes,         NetCounter::kTransmitPackets,
    NetCounter::kTransmitErrors,        NetCounter::kTransmitDropped,
    NetCounter::kTransmitFifoErrors,    NetCounter::kCollisions,
    NetCounter::kTransmitCarrierErrors, NetCounter::kTransmitCompressed};

template <typename Word>
void TakeCounters(std::string_view bytes, NetDevice& device) {
  const std::size_t known = std::min(bytes.size() / sizeof(Word), kNetCounters);
  for (std::size_t i = 0; i < known; ++i)
    device.counters[i] = *LoadNative<Word>(bytes.substr(i * sizeof(Word)));
  device.present = (1U << known) - 1;
}

}  // namespace

LinkDump::LinkDump() : socket_(NETLINK_ROUTE) {}

std::string_view Name(NetCounter counter) { return kNames[static_cast<std::size_t>(counter)]; }

bool ToNetDevice(const RtLink& link, NetDevice& device) {
  device.name = link.name;
  if (link.stats64.size() >= sizeof(std::uint64_t)) {
    TakeCounters<std::uint64_t>(link.stats64, device);
  } else {
    TakeCounters<std::uint32_t>(link.stats32, device);
  }
  return device.present != 0;
}

Status ParseNetDev(std::string_view text, std::vector<NetDevice>& out) {
  out.clear();
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    const std::size_t colon = line.rfind(':');      // a name may hold colons, the numbers do not
    if (colon == std::string_view::npos) continue;  // the two lines of headings
    NetDevice device;
    device.name = Trim(line.substr(0, colon));
    std::string_view rest = line.substr(colon + 1);
    for (const NetCounter column : kColumns) {
      const auto value = ParseUint(NextField(rest));
      if (!value)
        return Fail(ErrorCode::kInvalid, "net/dev: short line: " + std::string(line.substr(0, 80)));
      device.counters[static_cast<unsigned>(column)] = *value;
      device.present |= 1U << static_cast<unsigned>(column);
    }
    out.push_back(std::move(device));
  }
  return {};
}

Status LinkDump::Read(std::vector<NetDevice>& out) {
  return DumpLinks(
      socket_, [&] { out.clear(); },
      [&](const RtLink& link) {
        NetDevice device;
        if (ToNetDevice(link, device)) out.push_back(std::move(device));
      });
}

}  // namespace drover::exporters::node
