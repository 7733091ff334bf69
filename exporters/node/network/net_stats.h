// Counters of network interfaces: from a netlink link dump (man 7 rtnetlink, RTM_NEWLINK with
// IFLA_STATS64) or from /proc/net/dev.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

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

// One datagram of a link dump (several messages). Appends to `out`; devices without 64-bit counters
// are left out. True when the dump's end was in it. kUnavailable: the kernel's error.
Result<bool> ParseLinkDump(std::string_view datagram, std::vector<NetDevice>& out);

// Replaces `out`. kInvalid for a line with fewer than 16 numbers.
Status ParseNetDev(std::string_view text, std::vector<NetDevice>& out);

// A link dump of this process's network namespace. One thread at a time; keeps its socket.
class LinkDump {
 public:
  LinkDump() = default;
  ~LinkDump();
  LinkDump(const LinkDump&) = delete;
  LinkDump& operator=(const LinkDump&) = delete;
  Status Read(std::vector<NetDevice>& out);  // replaces `out`

 private:
  Status ReadOnce(std::vector<NetDevice>& out);
  void Close();

  int fd_ = -1;
  std::uint32_t sequence_ = 0;
  std::string buffer_;
};

}  // namespace drover::exporters::node
