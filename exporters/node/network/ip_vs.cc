#include "exporters/node/network/ip_vs.h"

#include <arpa/inet.h>

#include <array>
#include <charconv>
#include <optional>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"
#include "exporters/node/network/ip_text.h"

namespace drover::exporters::node {
namespace {

std::optional<std::uint64_t> ParseHex(std::string_view text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value, 16);
  if (text.empty() || error != std::errc() || at != end) return std::nullopt;
  return value;
}

// C0A80016:0CEA, or [2001:0db8:…]:0CEA with all digits.
bool ParseAddress(std::string_view text, std::string& address, std::uint64_t& port) {
  constexpr std::size_t kIpv4 = 13;
  constexpr std::size_t kIpv6 = 46;
  if (text.size() != kIpv4 && text.size() != kIpv6) return false;
  const auto number = ParseHex(text.substr(text.size() - 4));
  if (!number) return false;
  port = *number;
  if (text.size() == kIpv4) {
    const auto bits = ParseHex(text.substr(0, 8));
    if (!bits) return false;
    const std::uint32_t raw = htonl(static_cast<std::uint32_t>(*bits));
    address = FormatIp(std::string_view(reinterpret_cast<const char*>(&raw), sizeof raw));
    return true;
  }
  in6_addr raw{};
  if (::inet_pton(AF_INET6, std::string(text.substr(1, 39)).c_str(), &raw) != 1) return false;
  address = FormatIp(std::string_view(reinterpret_cast<const char*>(&raw), sizeof raw));
  return true;
}

tl::unexpected<Error> BadLine(std::string_view line) {
  return Fail(ErrorCode::kInvalid, "ip_vs: unexpected line: " + std::string(line.substr(0, 80)));
}

}  // namespace

Result<IpVsStats> ParseIpVsStats(std::string_view text) {
  NextLine(text);
  NextLine(text);
  const std::string_view line = NextLine(text);
  if (text.empty()) return Fail(ErrorCode::kInvalid, "ip_vs_stats is too short");
  std::string_view rest = line;
  IpVsStats stats;
  for (std::uint64_t* const field :
       {&stats.connections, &stats.incoming_packets, &stats.outgoing_packets, &stats.incoming_bytes,
        &stats.outgoing_bytes}) {
    const auto value = ParseHex(NextField(rest));
    if (!value) return BadLine(line);
    *field = *value;
  }
  return stats;
}

Result<std::vector<IpVsBackend>> ParseIpVs(std::string_view text) {
  if (text.empty()) return Fail(ErrorCode::kInvalid, "ip_vs is empty");
  std::vector<IpVsBackend> backends;
  IpVsBackend service;
  bool is_known = false;
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line;
    const std::string_view first = NextField(rest);
    const std::string_view second = NextField(rest);
    if (first == "TCP" || first == "UDP" || first == "FWM") {
      service = {};
      service.proto = first;
      is_known = true;
      if (first == "FWM") {
        service.local_mark = second;
      } else if (!ParseAddress(second, service.local_address, service.local_port)) {
        return BadLine(line);
      }
    } else if (first == "->") {
      if (second == "RemoteAddress:Port" || !is_known) continue;
      IpVsBackend backend = service;
      NextField(rest);  // how packets are forwarded
      const auto weight = ParseUint(NextField(rest));
      const auto active = ParseUint(NextField(rest));
      const auto inactive = ParseUint(NextField(rest));
      if (!weight || !active || !inactive ||
          !ParseAddress(second, backend.remote_address, backend.remote_port))
        return BadLine(line);
      backend.weight = *weight;
      backend.active = *active;
      backend.inactive = *inactive;
      backends.push_back(std::move(backend));
    } else {
      is_known = false;
    }
  }
  return backends;
}

}  // namespace drover::exporters::node
