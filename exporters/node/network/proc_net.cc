#include "exporters/node/network/proc_net.h"

#include <array>
#include <charconv>
#include <string>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

template <typename Int>
std::optional<Int> ParseHex(std::string_view text) {
  Int value = 0;
  const char* const end = text.data() + text.size();
  const auto [at, error] = std::from_chars(text.data(), end, value, 16);
  if (text.empty() || error != std::errc() || at != end) return std::nullopt;
  return value;
}

tl::unexpected<Error> BadLine(std::string_view file, std::string_view line) {
  return Fail(ErrorCode::kInvalid,
              std::string(file) + ": unexpected line: " + std::string(line.substr(0, 60)));
}

}  // namespace

Status ParseSnmp(std::string_view text, const SnmpSink& sink) {
  if (text.empty()) return Fail(ErrorCode::kInvalid, "no line");
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view names = line;
    std::string_view values = NextLine(text);
    std::string_view protocol = NextField(names);
    if (!protocol.ends_with(':') || NextField(values) != protocol) return BadLine("snmp", line);
    protocol.remove_suffix(1);
    for (;;) {
      const std::string_view name = NextField(names);
      const std::string_view text_value = NextField(values);
      if (name.empty() != text_value.empty()) return BadLine("snmp", line);
      if (name.empty()) break;
      const auto value = ParseFloat(text_value);
      if (!value) return BadLine("snmp", line);
      sink(protocol, name, *value);
    }
  }
  return {};
}

Status ParseSnmp6(std::string_view text, const SnmpSink& sink) {
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line;
    const std::string_view key = NextField(rest);
    const std::string_view text_value = NextField(rest);
    const std::size_t six = key.find('6');
    if (text_value.empty() || six == std::string_view::npos) continue;
    const auto value = ParseFloat(text_value);
    if (!value) return BadLine("snmp6", line);
    sink(key.substr(0, six + 1), key.substr(six + 1), *value);
  }
  return {};
}

Status ParseSockStat(std::string_view text, SockStats& out) {
  out.used.reset();
  out.protocols.clear();
  if (text.empty()) return Fail(ErrorCode::kInvalid, "sockstat: no line");
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line;
    SockStat stat;
    stat.protocol = NextField(rest);
    if (stat.protocol.ends_with(':')) stat.protocol.remove_suffix(1);
    std::size_t pairs = 0;
    std::optional<std::int64_t> in_use, used;
    for (auto key = NextField(rest); !key.empty(); key = NextField(rest), ++pairs) {
      const auto value = ParseInt(NextField(rest));
      if (!value) return BadLine("sockstat", line);
      std::optional<std::int64_t>* const field = key == "inuse"    ? &in_use
                                                 : key == "used"   ? &used
                                                 : key == "orphan" ? &stat.orphan
                                                 : key == "tw"     ? &stat.tw
                                                 : key == "alloc"  ? &stat.alloc
                                                 : key == "mem"    ? &stat.mem_pages
                                                 : key == "memory" ? &stat.memory
                                                                   : nullptr;
      if (field != nullptr) *field = value;
    }
    if (pairs == 0) return BadLine("sockstat", line);
    if (stat.protocol == "sockets") {
      out.used = used;
      continue;
    }
    stat.in_use = in_use.value_or(0);
    out.protocols.push_back(stat);
  }
  return {};
}

Status ParseSoftnetStat(std::string_view text, std::vector<SoftnetStat>& out) {
  out.clear();
  if (text.empty()) return Fail(ErrorCode::kInvalid, "softnet_stat: no line");
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line;
    std::array<std::uint32_t, 13> columns{};
    std::size_t count = 0;
    for (auto field = NextField(rest); !field.empty() && count < columns.size();
         field = NextField(rest)) {
      const auto value = ParseHex<std::uint32_t>(field);
      if (!value) return BadLine("softnet_stat", line);
      columns[count++] = *value;
    }
    if (count < 9) return BadLine("softnet_stat", line);
    SoftnetStat stat;
    stat.processed = columns[0];
    stat.dropped = columns[1];
    stat.time_squeezed = columns[2];
    stat.cpu_collision = columns[8];
    stat.received_rps = columns[9];
    stat.flow_limit = columns[10];
    const bool has_cpu = count == columns.size();
    stat.backlog = has_cpu ? columns[11] : 0;
    stat.cpu = has_cpu ? columns[12] : static_cast<std::uint32_t>(out.size());
    out.push_back(stat);
  }
  return {};
}

Result<ConntrackStat> ParseConntrackStat(std::string_view text) {
  ConntrackStat sum;
  NextLine(text);  // names
  if (text.empty()) return Fail(ErrorCode::kInvalid, "nf_conntrack: no CPU");
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line;
    std::array<std::uint64_t, 17> columns{};
    std::size_t count = 0;
    for (auto field = NextField(rest); !field.empty(); field = NextField(rest)) {
      const auto value = ParseHex<std::uint64_t>(field);
      if (!value || count == columns.size()) return BadLine("nf_conntrack", line);
      columns[count++] = *value;
    }
    if (count < 16) return BadLine("nf_conntrack", line);
    sum.found += columns[2];
    sum.invalid += columns[4];
    sum.ignore += columns[5];
    sum.insert += columns[8];
    sum.insert_failed += columns[9];
    sum.drop += columns[10];
    sum.early_drop += columns[11];
    sum.search_restart += columns[16];
  }
  return sum;
}

Result<UdpQueues> ParseUdpQueues(std::string_view text) {
  constexpr std::size_t kColumns = 13;  // up to drops
  UdpQueues sum;
  std::string_view names = NextLine(text);
  if (NextField(names) != "sl") return Fail(ErrorCode::kInvalid, "udp: no heading");
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    std::string_view rest = line;
    std::string_view queues;
    std::size_t count = 0;
    for (auto field = NextField(rest); !field.empty(); field = NextField(rest)) {
      if (++count == 5) queues = field;
    }
    const std::size_t colon = queues.find(':');
    if (count < kColumns || colon == std::string_view::npos) return BadLine("udp", line);
    const auto tx = ParseHex<std::uint64_t>(queues.substr(0, colon));
    const auto rx = ParseHex<std::uint64_t>(queues.substr(colon + 1));
    if (!tx || !rx) return BadLine("udp", line);
    sum.tx_bytes += *tx;
    sum.rx_bytes += *rx;
  }
  return sum;
}

}  // namespace drover::exporters::node
