// Small tables of /proc/net (kernel: Documentation/networking/proc_net_tcp.rst,
// net/core/net-procfs.c, net/netfilter/nf_conntrack_standalone.c). Views point into the texts. Each
// answers kInvalid for a line that breaks its form, because a part of a sum would be a wrong
// number.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

// netstat and snmp: a line of names and a line of values per protocol ("TcpExt: A B", "TcpExt: 1
// 2"). snmp6: "Ip6InReceives 7", where the protocol ends with the 6. Lines of another form are
// skipped there. `sink` gets protocol, name, value.
using SnmpSink = std::function<void(std::string_view, std::string_view, double)>;
Status ParseSnmp(std::string_view text, const SnmpSink& sink);
Status ParseSnmp6(std::string_view text, const SnmpSink& sink);

// sockstat, sockstat6: "TCP: inuse 4 orphan 0 tw 4 alloc 17 mem 1".
struct SockStat {
  std::string_view protocol;
  std::int64_t in_use = 0;  // absent is 0, as upstream has it
  std::optional<std::int64_t> orphan, tw, alloc, mem_pages, memory;
};
struct SockStats {
  std::optional<std::int64_t> used;  // the line "sockets:"
  std::vector<SockStat> protocols;
};
Status ParseSockStat(std::string_view text, SockStats& out);

// softnet_stat: one line of hex numbers per CPU; kernels have 9, 10, 11, 13 or more of them. Fields
// that an old kernel lacks are 0; its CPUs are counted.
struct SoftnetStat {
  std::uint32_t cpu = 0;
  std::uint32_t processed = 0, dropped = 0, time_squeezed = 0, cpu_collision = 0;
  std::uint32_t received_rps = 0, flow_limit = 0, backlog = 0;
};
Status ParseSoftnetStat(std::string_view text, std::vector<SoftnetStat>& out);

// stat/nf_conntrack: summed over the CPUs.
struct ConntrackStat {
  std::uint64_t found = 0, invalid = 0, ignore = 0, insert = 0, insert_failed = 0, drop = 0,
                early_drop = 0, search_restart = 0;
};
Result<ConntrackStat> ParseConntrackStat(std::string_view text);

// udp, udp6: bytes waiting in the queues of all sockets.
struct UdpQueues {
  std::uint64_t tx_bytes = 0, rx_bytes = 0;
};
Result<UdpQueues> ParseUdpQueues(std::string_view text);

}  // namespace drover::exporters::node
