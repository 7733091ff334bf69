// One queueing discipline of a netlink dump (man 7 rtnetlink: RTM_NEWQDISC, struct tcmsg;
// TCA_STATS2 of include/uapi/linux/gen_stats.h, else TCA_STATS).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct QdiscStats {
  std::int32_t index = 0;    // of the interface
  std::uint32_t parent = 0;  // 0: it is the interface's root
  std::string device;
  std::string kind;  // "fq_codel"
  std::uint64_t bytes = 0;
  std::uint64_t packets = 0;
  std::uint32_t drops = 0;
  std::uint32_t requeues = 0;
  std::uint32_t overlimits = 0;
  std::uint32_t queue_packets = 0;
  std::uint32_t backlog_bytes = 0;
};

// The body of one RTM_NEWQDISC message, device left empty; nullopt when it is too short.
std::optional<QdiscStats> ParseQdisc(std::string_view body);

// --collector.qdisc.fixtures: an array of {"IfaceName":, "Kind":, "Bytes":, …}.
Result<std::vector<QdiscStats>> ParseQdiscFixture(std::string_view json);

}  // namespace drover::exporters::node
