#include "exporters/node/system/ntp_packet.h"

#include <algorithm>
#include <cmath>

#include "core/base/bytes.h"

namespace drover::exporters::node {
namespace {

constexpr double kFraction = 4294967296.0;  // of a second
constexpr double kEpoch = 2208988800;       // 1970 in seconds since 1900
constexpr std::size_t kPacketBytes = 48;

double ShortSeconds(std::uint32_t value) { return value / 65536.0; }

}  // namespace

Result<NtpPacket> ParseNtpPacket(std::string_view bytes) {
  if (bytes.size() < kPacketBytes) return Fail(ErrorCode::kInvalid, "ntp: short packet");
  Cursor cursor(bytes);
  NtpPacket packet;
  const unsigned first = cursor.Byte();
  packet.leap = first >> 6;
  packet.mode = first & 7;
  packet.stratum = cursor.Byte();
  cursor.Take(2);  // poll, precision
  packet.root_delay_seconds = ShortSeconds(cursor.BigEndian<std::uint32_t>());
  packet.root_dispersion_seconds = ShortSeconds(cursor.BigEndian<std::uint32_t>());
  cursor.Take(4);  // reference id
  packet.reference = cursor.BigEndian<std::uint64_t>();
  packet.origin = cursor.BigEndian<std::uint64_t>();
  packet.receive = cursor.BigEndian<std::uint64_t>();
  packet.transmit = cursor.BigEndian<std::uint64_t>();
  return packet;
}

std::string NtpRequest(unsigned version, NtpTime cookie) {
  constexpr unsigned kClient = 3;
  constexpr char kPrecision = 0x20;
  std::string bytes(kPacketBytes - sizeof cookie, '\0');
  bytes[0] = static_cast<char>(version << 3 | kClient);
  bytes[3] = kPrecision;
  AppendBigEndian(bytes, cookie);
  return bytes;
}

NtpTime ToNtpTime(double unix_seconds) {
  const double seconds = std::floor(unix_seconds);
  const auto whole = static_cast<std::uint64_t>(static_cast<std::int64_t>(seconds + kEpoch));
  return whole << 32 | static_cast<std::uint64_t>((unix_seconds - seconds) * kFraction);
}

double ToUnixSeconds(NtpTime time) {
  const double seconds = static_cast<double>(time >> 32) - kEpoch;
  return (seconds < 0 ? seconds + kFraction : seconds) +
         static_cast<double>(time & 0xFFFFFFFF) / kFraction;
}

double NtpSeconds(std::int64_t difference) { return static_cast<double>(difference) / kFraction; }

NtpAnswer EvaluateNtp(const NtpPacket& packet, NtpTime sent, NtpTime received) {
  const auto difference = [](NtpTime a, NtpTime b) {
    return NtpSeconds(static_cast<std::int64_t>(a - b));
  };
  constexpr double kMaxAgeSeconds = 131072, kMaxDispersionSeconds = 16;
  constexpr unsigned kNotInSync = 3, kMaxStratum = 15;
  NtpAnswer answer;
  answer.round_trip_seconds =
      std::max(0.0, difference(received, sent) - difference(packet.transmit, packet.receive));
  answer.offset_seconds =
      (difference(packet.receive, sent) + difference(packet.transmit, received)) / 2;
  answer.root_distance_seconds =
      (answer.round_trip_seconds + packet.root_delay_seconds) / 2 + packet.root_dispersion_seconds;
  answer.least_error_seconds =
      std::max({0.0, difference(sent, packet.receive), difference(packet.transmit, received)});
  const double age = difference(packet.transmit, packet.reference);
  answer.is_valid =
      packet.stratum > 0 && packet.stratum <= kMaxStratum && packet.leap != kNotInSync &&
      packet.reference != 0 && age >= 0 && age <= kMaxAgeSeconds &&
      packet.root_delay_seconds / 2 + packet.root_dispersion_seconds <= kMaxDispersionSeconds;
  return answer;
}

}  // namespace drover::exporters::node
