#include "exporters/node/memory/memory_tables.h"

#include <array>
#include <string>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

tl::unexpected<Error> Malformed(std::string_view file, std::string_view line) {
  return Fail(ErrorCode::kInvalid,
              std::string(file) + ": malformed line: " + std::string(line.substr(0, 80)));
}

// "Node 0, zone      DMA …": false when the line is another.
bool TakeZone(std::string_view& line, std::string_view& node, std::string_view& zone) {
  std::string_view rest = line;
  if (NextField(rest) != "Node") return false;
  node = NextField(rest);
  if (node.ends_with(',')) node.remove_suffix(1);
  if (NextField(rest) != "zone") return false;
  zone = NextField(rest);
  line = rest;
  return !node.empty() && !zone.empty();
}

void EmitProtection(std::string_view list, std::string_view node, std::string_view zone,
                    const ZoneSink& sink) {
  for (std::size_t i = 0; !list.empty(); ++i) {
    std::string_view one = list.substr(0, list.find_first_of(",)"));
    list.remove_prefix(std::min(list.size(), one.size() + 1));
    const auto value = ParseFloat(Trim(one));
    if (value) sink(node, zone, "protection_" + std::to_string(i), *value);
  }
}

// "  key value"; the per-CPU lines ("high: 0") and headings ("per-node stats") are others.
Status EmitZoneLine(std::string_view line, std::string_view node, std::string_view zone,
                    const ZoneSink& sink) {
  std::string_view rest = line;
  std::string_view key = NextField(rest);
  if (key == "pages") key = NextField(rest);
  if (key == "protection:") {
    const std::size_t open = rest.find('(');
    if (open == std::string_view::npos) return Malformed("zoneinfo", line);
    EmitProtection(rest.substr(open + 1), node, zone, sink);
    return {};
  }
  const std::string_view text = NextField(rest);
  if (text.empty() || key.ends_with(':') || !Trim(rest).empty()) return {};
  const auto value = ParseFloat(text);
  if (!value && line == "per-node stats") return {};
  if (!value) return Malformed("zoneinfo", line);
  sink(node, zone, key, *value);
  return {};
}

}  // namespace

Status ParseBuddyInfo(std::string_view text, std::vector<BuddyZone>& out) {
  out.clear();
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    if (Trim(line).empty()) continue;
    std::string_view rest = line;
    BuddyZone zone;
    if (!TakeZone(rest, zone.node, zone.zone)) return Malformed("buddyinfo", line);
    for (std::string_view field = NextField(rest); !field.empty(); field = NextField(rest)) {
      const auto count = ParseFloat(field);
      if (!count) return Malformed("buddyinfo", line);
      zone.blocks.push_back(*count);
    }
    if (zone.blocks.empty()) return Malformed("buddyinfo", line);
    out.push_back(std::move(zone));
  }
  if (out.empty()) return Fail(ErrorCode::kInvalid, "buddyinfo: no zone in it");
  return {};
}

Status ParseZoneInfo(std::string_view text, const ZoneSink& sink) {
  std::string_view node, zone;
  while (!text.empty()) {
    std::string_view line = NextLine(text);
    if (TakeZone(line, node, zone)) continue;
    line = Trim(line);
    if (zone.empty()) {
      if (line.empty()) continue;
      return Malformed("zoneinfo", line);
    }
    if (line.empty()) continue;
    DROVER_CHECK(EmitZoneLine(line, node, zone, sink));
  }
  if (zone.empty()) return Fail(ErrorCode::kInvalid, "zoneinfo: no zone in it");
  return {};
}

Status ParseSlabInfo(std::string_view text, std::vector<Slab>& out) {
  out.clear();
  const std::string_view heading = NextLine(text);
  if (!heading.starts_with("slabinfo - version: 2."))
    return Fail(ErrorCode::kInvalid, "slabinfo: not of version 2");
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    if (line.starts_with('#') || Trim(line).empty()) continue;
    std::string_view rest = line;
    Slab slab;
    slab.name = NextField(rest);
    for (double* number : {&slab.active_objects, &slab.objects, &slab.object_size_bytes,
                           &slab.objects_per_slab, &slab.pages_per_slab}) {
      const auto value = ParseFloat(NextField(rest));
      if (!value) return Malformed("slabinfo", line);
      *number = *value;
    }
    out.push_back(slab);
  }
  return {};
}

Status ParseSwaps(std::string_view text, std::vector<SwapDevice>& out) {
  out.clear();
  if (!NextLine(text).starts_with("Filename"))
    return Fail(ErrorCode::kInvalid, "swaps: no heading");
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    if (Trim(line).empty()) continue;
    std::string_view rest = line;
    SwapDevice swap;
    swap.device = NextField(rest);
    swap.type = NextField(rest);
    const auto size = ParseFloat(NextField(rest));
    const auto used = ParseFloat(NextField(rest));
    const auto priority = ParseFloat(NextField(rest));
    if (!size || !used || !priority) return Malformed("swaps", line);
    swap.size_bytes = *size * 1024;
    swap.used_bytes = *used * 1024;
    swap.priority = *priority;
    out.push_back(swap);
  }
  return {};
}

Status ParseNodeMemInfo(std::string_view text, std::vector<NodeMemField>& out) {
  out.clear();
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    if (Trim(line).empty()) continue;
    std::string_view rest = line;
    const std::string_view word = NextField(rest);
    NextField(rest);
    std::string_view key = NextField(rest);
    const auto value = ParseFloat(NextField(rest));
    if (word != "Node" || !key.ends_with(':') || !value) return Malformed("meminfo", line);
    key.remove_suffix(1);
    out.push_back({key, NextField(rest) == "kB" ? *value * 1024 : *value});
  }
  return {};
}

Status ParseNumaStat(std::string_view text, std::vector<NodeMemField>& out) {
  out.clear();
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    if (Trim(line).empty()) continue;
    std::string_view rest = line;
    const std::string_view key = NextField(rest);
    const auto value = ParseFloat(NextField(rest));
    if (!value) return Malformed("numastat", line);
    out.push_back({key, *value});
  }
  return {};
}

}  // namespace drover::exporters::node
