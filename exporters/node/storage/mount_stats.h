// /proc/<pid>/mountstats, of NFS mounts (kernel: fs/nfs/super.c, net/sunrpc/stats.c and xprtsock.c;
// nfs-utils: mountstats(8)).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

// Views point into the text. Arrays are in the order of the kernel's columns.
struct NfsTransport {
  std::string_view protocol;  // tcp, udp, rdma
  // port, bind, connect, connect time, idle time, sends, receives, bad ids, active, backlog, slots,
  // sending queue, pending queue; 0 where the protocol or the version has no such number.
  std::array<std::uint64_t, 13> counts{};
};
struct NfsOperation {
  std::string_view name;
  // requests, transmissions, major timeouts, bytes sent, received, and milliseconds queued, of
  // responses, of requests.
  std::array<std::uint64_t, 8> counts{};
};
struct NfsMount {
  std::size_t index = 0;  // of the mount among all of the file
  std::string_view device, mount_point;
  std::uint64_t age_seconds = 0;
  std::vector<std::uint64_t> bytes;   // 8 numbers, or none
  std::vector<std::uint64_t> events;  // 27 numbers, or none
  std::vector<NfsTransport> transports;
  std::vector<NfsOperation> operations;
};

// The NFS mounts that carry statistics. kInvalid for a line of known name in another form.
Status ParseMountStats(std::string_view text, std::vector<NfsMount>& out);

// The addr= option of each mount of a mountinfo, "" without one, in file order.
std::vector<std::string_view> ParseMountAddresses(std::string_view mountinfo);

}  // namespace drover::exporters::node
