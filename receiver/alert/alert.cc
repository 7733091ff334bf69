#include "receiver/alert/alert.h"

#include <cstdio>

namespace drover::alert {

std::uint64_t Fingerprint(const Labels& labels) {
  std::uint64_t hash = 14695981039346656037ULL;
  const auto add = [&hash](unsigned char byte) {
    hash ^= byte;
    hash *= 1099511628211ULL;
  };
  for (const LabelView& label : labels) {
    for (const char c : label.name) add(static_cast<unsigned char>(c));
    add(0xFF);
    for (const char c : label.value) add(static_cast<unsigned char>(c));
    add(0xFF);
  }
  return hash;
}

std::string FingerprintText(std::uint64_t fingerprint) {
  char text[17];
  std::snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(fingerprint));
  return text;
}

}  // namespace drover::alert
