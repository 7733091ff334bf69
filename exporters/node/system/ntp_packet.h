// A packet of NTP (RFC 5905, section 7.3) and what one question and its answer tell.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace drover::exporters::node {

using NtpTime = std::uint64_t;  // seconds since 1900, 32 bits of fraction; wraps in 2036

struct NtpPacket {
  unsigned leap = 0;  // 0 none, 1 a second more, 2 a second less, 3 not in sync
  unsigned mode = 0;  // 4: server
  unsigned stratum = 0;
  double root_delay_seconds = 0;
  double root_dispersion_seconds = 0;
  NtpTime reference = 0, origin = 0, receive = 0, transmit = 0;
};

// kInvalid when shorter than 48 bytes.
Result<NtpPacket> ParseNtpPacket(std::string_view bytes);
// A client's question; the answer repeats `cookie` as its origin.
std::string NtpRequest(unsigned version, NtpTime cookie);

NtpTime ToNtpTime(double unix_seconds);
double ToUnixSeconds(NtpTime time);  // of 1970 to 2106
double NtpSeconds(std::int64_t difference);

struct NtpAnswer {
  double round_trip_seconds = 0;
  double offset_seconds = 0;         // of the server's clock from ours
  double root_distance_seconds = 0;  // largest error towards the primary server
  double least_error_seconds = 0;    // by which the four times contradict each other
  bool is_valid = false;             // by RFC 5905's rules for a server that may be used
};
NtpAnswer EvaluateNtp(const NtpPacket& packet, NtpTime sent, NtpTime received);

}  // namespace drover::exporters::node
