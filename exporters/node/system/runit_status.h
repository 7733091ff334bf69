// supervise/status of a service under runit (http://smarden.org/runit/runsv.8.html): 20 bytes. 0 to
// 7: when the state changed, TAI64, most significant byte first; 12 to 15: process id; 17: what is
// wanted, 'u' or 'd'; 19: 0 down, 1 run, 2 finish.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace drover::exporters::node {

struct RunitStatus {
  unsigned state = 0;
  bool is_wanted_up = false;
  std::int64_t changed_unix_seconds = 0;
};

// nullopt when it is too short.
std::optional<RunitStatus> ParseRunitStatus(std::string_view bytes);

}  // namespace drover::exporters::node
