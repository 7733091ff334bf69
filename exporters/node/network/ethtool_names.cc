#include "exporters/node/network/ethtool_names.h"

namespace drover::exporters::node {
namespace {

// Every `word` that has an end of the text or an underscore on both sides. An underscore belongs to
// one match only: of "rx_rx" the second stays.
std::string SpellOut(std::string_view text, std::string_view word, std::string_view spelt) {
  std::string out;
  bool used_underscore = false;  // the one before `at` was the last match's end
  for (std::size_t at = 0; at < text.size();) {
    const bool begins = at == 0 || (text[at - 1] == '_' && !used_underscore);
    const std::size_t end = at + word.size();
    if (begins && text.substr(at).starts_with(word) && (end == text.size() || text[end] == '_')) {
      out += spelt;
      if (end < text.size()) out += '_';
      used_underscore = true;
      at = end + 1;
    } else {
      out += text[at++];
      used_underscore = false;
    }
  }
  return out;
}

}  // namespace

std::string EthtoolMetricName(std::string_view sanitized) {
  std::string lower(sanitized);
  for (char& c : lower) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  lower.erase(0, lower.find_first_not_of('_'));
  return SpellOut(SpellOut(lower, "rx", "received"), "tx", "transmitted");
}

}  // namespace drover::exporters::node
