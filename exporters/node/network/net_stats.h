// Counters of network interfaces: from a netlink link dump (man 7 rtnetlink, RTM_NEWLINK with
// IFLA_STATS64) or from /proc/net/dev.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "exporters/node/network/rt_link.h"

namespace drover::exporters::node {

// Names of counters as node_exporter's detailed mode has them; a source fills what it knows.
enum class NetCounter {
  kReceivePackets,
  kTransmitPackets,
  kReceiveBytes,
  kTransmitBytes,
  kReceiveErrors,
  kTransmitErrors,
  kReceiveDropped,
  kTransmitDropped,
  kMulticast,
  kCollisions,
  kReceiveLengthErrors,
  kReceiveOverErrors,
  kReceiveCrcErrors,
  kReceiveFrameErrors,
  kReceiveFifoErrors,
  kReceiveMissedErrors,
  kTransmitAbortedErrors,
  kTransmitCarrierErrors,
  kTransmitFifoErrors,
  kTransmitHeartbeatErrors,
  kTransmitWindowErrors,
  kReceiveCompressed,
  kTransmitCompressed,
  kReceiveNohandler,
};
inline constexpr std::size_t kNetCounters = 24;  // in the order of struct rtnl_link_stats64
std::string_view Name(NetCounter counter);       // "receive_packets"

struct NetDevice {
  std::string name;
  std::uint64_t counters[kNetCounters] = {};
  std::uint32_t present = 0;  // bit i: counters[i] is known

  bool Has(NetCounter counter) const {
    return (present >> static_cast<unsigned>(counter) & 1) != 0;
  }
  std::uint64_t Get(NetCounter counter) const { return counters[static_cast<unsigned>(counter)]; }
};

// The counters of a link: 64 bits wide, else 32. False for a device without any.
bool ToNetDevice(const RtLink& link, NetDevice& device);

// Replaces `out`. kInvalid for a line with fewer than 16 numbers.
Status ParseNetDev(std::string_view text, std::vector<NetDevice>& out);

// A link dump of this process's network namespace. One thread at a time; keeps its socket.
class LinkDump {
 public:
  LinkDump();
  Status Read(std::vector<NetDevice>& out);  // replaces `out`

 private:
  NetlinkSocket socket_;
};

}  // namespace drover::exporters::node
