// /proc/net/rpc/nfs and nfsd (kernel: fs/nfsd/stats.c, net/sunrpc/stats.c): lines of a name and
// numbers. The lines procN begin with how many numbers follow.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

using RpcStats = std::map<std::string, std::vector<std::uint64_t>, std::less<>>;

// Of "th" only the first two numbers count, the rest is a histogram of seconds. kInvalid for a line
// without a number, one that is none, or a procN line of another length than it says.
Result<RpcStats> ParseRpcStats(std::string_view text);

}  // namespace drover::exporters::node
