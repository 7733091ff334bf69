#include "core/model/relabel.h"

#include <algorithm>
#include <array>
#include <utility>

#include <openssl/evp.h>

#include "core/base/utf8.h"

namespace drover {
namespace {

constexpr std::array<std::pair<std::string_view, RelabelAction>, 11> kActions = {
    {{"replace", RelabelAction::kReplace},
     {"keep", RelabelAction::kKeep},
     {"drop", RelabelAction::kDrop},
     {"keepequal", RelabelAction::kKeepEqual},
     {"dropequal", RelabelAction::kDropEqual},
     {"hashmod", RelabelAction::kHashMod},
     {"labelmap", RelabelAction::kLabelMap},
     {"labeldrop", RelabelAction::kLabelDrop},
     {"labelkeep", RelabelAction::kLabelKeep},
     {"lowercase", RelabelAction::kLowercase},
     {"uppercase", RelabelAction::kUppercase}}};

// ASCII only changes byte by byte; other scripts keep their case.
std::string Cased(std::string text, bool upper) {
  for (char& c : text) {
    if (upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (!upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return text;
}

// The last eight bytes of the MD5 as a big-endian number, as Prometheus has it.
std::uint64_t HashForModulus(std::string_view text) {
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned length = 0;
  EVP_Digest(text.data(), text.size(), digest, &length, EVP_md5(), nullptr);
  std::uint64_t hash = 0;
  for (unsigned i = 8; i < 16; ++i) hash = hash << 8 | digest[i];
  return hash;
}

bool IsTemplate(std::string_view text) { return text.find('$') != std::string_view::npos; }

}  // namespace

Result<RelabelRule> RelabelRule::Make(const RelabelSpec& given) {
  RelabelSpec spec = given;
  const auto bad = [](std::string why) { return Fail(ErrorCode::kInvalid, std::move(why)); };
  const std::string wanted = Cased(spec.action, false);
  const auto found = std::find_if(kActions.begin(), kActions.end(),
                                  [&](const auto& a) { return a.first == wanted; });
  if (found == kActions.end()) return bad("unknown relabel action \"" + spec.action + "\"");
  const RelabelAction action = found->second;
  using enum RelabelAction;
  const bool wants_target = action == kReplace || action == kHashMod || action == kLowercase ||
                            action == kUppercase || action == kKeepEqual || action == kDropEqual;
  if (wants_target && spec.target_label.empty()) {
    return bad("relabel configuration for " + wanted + " action requires 'target_label' value");
  }
  if (action == kHashMod && spec.modulus == 0)
    return bad("relabel configuration for hashmod requires non-zero modulus");
  if (wants_target && !(action == kReplace && IsTemplate(spec.target_label)) &&
      !IsValidUtf8(spec.target_label)) {
    return bad("\"" + spec.target_label + "\" is invalid 'target_label' for " + wanted + " action");
  }
  const bool only_regex = action == kLabelDrop || action == kLabelKeep;
  if (only_regex && (!spec.source_labels.empty() || !spec.target_label.empty() ||
                     spec.modulus != 0 || spec.separator_given || spec.replacement_given)) {
    return bad(wanted + " action requires only 'regex', and no other fields");
  }
  const bool equal = action == kKeepEqual || action == kDropEqual;
  if (equal &&
      (spec.regex_given || spec.modulus != 0 || spec.separator_given || spec.replacement_given)) {
    return bad(wanted +
               " action requires only 'source_labels' and `target_label`, and no other fields");
  }
  if ((action == kLowercase || action == kUppercase) && spec.replacement_given &&
      spec.replacement != "$1") {
    return bad("'replacement' can not be set for " + wanted + " action");
  }
  DROVER_TRY(Regex regex, Regex::Compile(spec.regex));
  return RelabelRule(std::move(spec), action, std::move(regex));
}

bool RelabelRule::Apply(LabelsBuilder& labels) const {
  std::string value;
  for (std::size_t i = 0; i < spec_.source_labels.size(); ++i) {
    if (i > 0) value += spec_.separator;
    value += labels.Get(spec_.source_labels[i]);
  }
  switch (action_) {
    case RelabelAction::kDrop:
      return !regex_.FullMatch(value);
    case RelabelAction::kKeep:
      return regex_.FullMatch(value);
    case RelabelAction::kDropEqual:
      return labels.Get(spec_.target_label) != value;
    case RelabelAction::kKeepEqual:
      return labels.Get(spec_.target_label) == value;
    case RelabelAction::kReplace: {
      // The usual "copy this label": no groups needed.
      if (spec_.regex == "(.*)" && spec_.replacement == "$1" && !IsTemplate(spec_.target_label)) {
        labels.Set(spec_.target_label, value);
        return true;
      }
      std::vector<std::string_view> groups;
      if (!regex_.FullMatchGroups(value, groups)) return true;
      std::string target;
      regex_.Expand(spec_.target_label, groups, target);
      if (target.empty() || !IsValidUtf8(target)) return true;
      std::string replaced;
      regex_.Expand(spec_.replacement, groups, replaced);
      labels.Set(target, replaced);
      return true;
    }
    case RelabelAction::kLowercase:
      labels.Set(spec_.target_label, Cased(value, false));
      return true;
    case RelabelAction::kUppercase:
      labels.Set(spec_.target_label, Cased(value, true));
      return true;
    case RelabelAction::kHashMod:
      labels.Set(spec_.target_label, std::to_string(HashForModulus(value) % spec_.modulus));
      return true;
    case RelabelAction::kLabelMap: {
      const auto before = labels.labels();
      std::vector<std::string_view> groups;
      for (const auto& [name, old] : before) {
        if (!regex_.FullMatchGroups(name, groups)) continue;
        std::string target;
        regex_.Expand(spec_.replacement, groups, target);
        labels.Set(target, old);
      }
      return true;
    }
    case RelabelAction::kLabelDrop:
    case RelabelAction::kLabelKeep: {
      const auto before = labels.labels();
      for (const auto& [name, old] : before) {
        if (regex_.FullMatch(name) == (action_ == RelabelAction::kLabelDrop)) labels.Del(name);
      }
      return true;
    }
  }
  return true;
}

bool Relabel(const std::vector<RelabelRule>& rules, LabelsBuilder& labels) {
  return std::all_of(rules.begin(), rules.end(),
                     [&](const RelabelRule& rule) { return rule.Apply(labels); });
}

}  // namespace drover
