#include "exporters/node/system/small_tables.h"

#include <string>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

tl::unexpected<Error> Malformed(std::string_view file, std::string_view line) {
  return Fail(ErrorCode::kInvalid,
              std::string(file) + ": malformed line: " + std::string(line.substr(0, 80)));
}

}  // namespace

Status ParseCgroups(std::string_view text, std::vector<CgroupSubsystem>& out) {
  out.clear();
  if (!NextLine(text).starts_with("#subsys_name"))
    return Fail(ErrorCode::kInvalid, "cgroups: no heading");
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    if (Trim(line).empty()) continue;
    std::string_view rest = line;
    CgroupSubsystem one;
    one.name = NextField(rest);
    const auto hierarchy = ParseUint(NextField(rest));
    const auto count = ParseUint(NextField(rest));
    const auto enabled = ParseUint(NextField(rest));
    if (!hierarchy || !count || !enabled) return Malformed("cgroups", line);
    one.cgroups = static_cast<double>(*count);
    one.enabled = *enabled != 0;
    out.push_back(one);
  }
  return {};
}

Status ParseSoftIrqs(std::string_view text, std::vector<SoftIrq>& out) {
  out.clear();
  if (!Trim(NextLine(text)).starts_with("CPU"))
    return Fail(ErrorCode::kInvalid, "softirqs: no heading");
  while (!text.empty()) {
    const std::string_view line = NextLine(text);
    if (Trim(line).empty()) continue;
    std::string_view rest = line;
    SoftIrq one;
    one.type = NextField(rest);
    if (!one.type.ends_with(':')) return Malformed("softirqs", line);
    one.type.remove_suffix(1);
    for (std::string_view field = NextField(rest); !field.empty(); field = NextField(rest)) {
      const auto count = ParseUint(field);
      if (!count) return Malformed("softirqs", line);
      one.counts.push_back(static_cast<double>(*count));
    }
    out.push_back(std::move(one));
  }
  return {};
}

Vulnerability ParseVulnerability(std::string_view text) {
  constexpr struct {
    std::string_view prefix, state;
    bool keeps_rest;
  } kStates[] = {{"Not affected", "not affected", false},
                 {"Vulnerable", "vulnerable", true},
                 {"Mitigation", "mitigation", true},
                 {"Unknown", "unknown", true}};
  text = Trim(text);
  for (const auto& [prefix, state, keeps_rest] : kStates) {
    if (!text.starts_with(prefix)) continue;
    std::string_view rest = keeps_rest ? text.substr(prefix.size()) : std::string_view();
    rest.remove_prefix(std::min(rest.size(), rest.find_first_not_of(":; ")));
    return {state, rest};
  }
  return {"unknown", text};
}

}  // namespace drover::exporters::node
