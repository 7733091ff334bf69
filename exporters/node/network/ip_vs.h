// Linux virtual server (kernel: net/netfilter/ipvs/ip_vs_ctl.c): totals and the servers behind each
// service.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

// /proc/net/ip_vs_stats, its third line in hex.
struct IpVsStats {
  std::uint64_t connections = 0, incoming_packets = 0, outgoing_packets = 0, incoming_bytes = 0,
                outgoing_bytes = 0;
};
Result<IpVsStats> ParseIpVsStats(std::string_view text);

// One line "-> address:port" of /proc/net/ip_vs with the service above it.
struct IpVsBackend {
  std::string local_address;  // "" for a service chosen by a firewall mark
  std::uint64_t local_port = 0;
  std::string local_mark;
  std::string remote_address;
  std::uint64_t remote_port = 0;
  std::string proto;  // TCP, UDP, FWM
  std::uint64_t weight = 0, active = 0, inactive = 0;
};
// kInvalid for an address or number that is none. Services of other protocols are skipped with
// their servers. An empty text is kInvalid: the file always has its header.
Result<std::vector<IpVsBackend>> ParseIpVs(std::string_view text);

}  // namespace drover::exporters::node
