// What drover-pushprox proxy is told, and its limits.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/clock.h"
#include "core/config/describe.h"
#include "core/config/flags.h"

namespace drover::pushprox {

struct ProxyOptions {
  std::string listen = ":8080";
  std::string web_config_file;
  std::string access_file;
  bool insecure = false;
  bool compat_codes = false;
  Millis registration_timeout{300'000};
  Millis max_timeout{300'000};
  Millis default_timeout{15'000};
  Millis poll_hold{25'000};  // 0: until a scrape comes
  Millis away_wait{6'000};   // for a client that is between two polls
  Millis recent{30'000};     // polled within this: probably between two polls
  std::int64_t max_names = 20'000;
  std::int64_t max_connections = 30'000;
  std::int64_t max_waiting = 2'000;  // scrapes under way
  std::int64_t max_waiting_per_name = 64;
  std::int64_t max_relays = 5'000;  // connections of CONNECT
  ByteSize max_scrape_bytes{512ULL << 20};
  std::size_t max_head_bytes = 32 << 10;
  Millis head_timeout{10'000};   // from the first byte of a request, or TLS handshake, to its head
  Millis idle_timeout{120'000};  // a kept-alive connection without a request
  Millis relay_idle{300'000};    // a relay through which nothing goes
  Millis stall_timeout{30'000};  // a push that brings nothing, an answer that is not read
};

void AddFlags(Flags& flags, ProxyOptions& options);
Status Validate(const ProxyOptions& options);

}  // namespace drover::pushprox
