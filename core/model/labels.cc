#include "core/model/labels.h"

#include <algorithm>
#include <cstdio>

#include <xxhash.h>

#include "core/base/bytes.h"
#include "core/base/utf8.h"

namespace drover {
namespace {

// Nearly every name and value is shorter than 128 bytes: one length byte.
std::string_view TakeString(std::string_view& rest) {
  auto length = static_cast<std::size_t>(static_cast<unsigned char>(rest.front()));
  if (length < 0x80) {
    rest.remove_prefix(1);
  } else {
    Cursor cursor(rest);
    length = cursor.Uvarint();
    rest = cursor.rest();
  }
  const std::string_view text = rest.substr(0, length);
  rest.remove_prefix(text.size());
  return text;
}

void AppendLabel(std::string& out, std::string_view name, std::string_view value) {
  AppendBytes(out, name);
  AppendBytes(out, value);
}

void AppendPair(std::string& out, const LabelView& label) {
  if (IsLegacyLabelName(label.name)) {
    out += label.name;
  } else {
    AppendGoQuoted(out, label.name);
  }
  out += '=';
  AppendGoQuoted(out, label.value);
}

}  // namespace

Labels::Labels(std::vector<LabelView> labels) {
  std::stable_sort(labels.begin(), labels.end(),
                   [](const LabelView& a, const LabelView& b) { return a.name < b.name; });
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i + 1 < labels.size() && labels[i + 1].name == labels[i].name) continue;
    if (!labels[i].value.empty()) AppendLabel(data_, labels[i].name, labels[i].value);
  }
}

void Labels::Iterator::Read() {
  if (rest_.empty()) {
    label_ = {};
    return;
  }
  label_.name = TakeString(rest_);
  label_.value = TakeString(rest_);
}

std::size_t Labels::size() const {
  std::size_t n = 0;
  for (auto it = begin(); it != end(); ++it) ++n;
  return n;
}

std::string_view Labels::Get(std::string_view name) const {
  for (const LabelView& label : *this) {
    if (label.name == name) return label.value;
    if (label.name > name) break;
  }
  return {};
}

std::uint64_t Labels::Hash() const { return XXH3_64bits(data_.data(), data_.size()); }

int Labels::Compare(const Labels& other) const {
  auto a = begin();
  auto b = other.begin();
  for (; a != end() && b != other.end(); ++a, ++b) {
    if (const int order = a->name.compare(b->name); order != 0) return order;
    if (const int order = a->value.compare(b->value); order != 0) return order;
  }
  if (a == end()) return b == other.end() ? 0 : -1;
  return 1;
}

std::string Labels::ToString() const {
  std::string out = "{";
  for (const LabelView& label : *this) {
    if (out.size() > 1) out += ", ";
    AppendPair(out, label);
  }
  out += '}';
  return out;
}

std::string Labels::ToMetricString() const {
  const std::string_view name = Get(kMetricName);
  std::string out;
  const bool plain_name = IsLegacyMetricName(name);
  if (plain_name) out += name;
  std::string inner;
  if (!name.empty() && !plain_name) AppendGoQuoted(inner, name);
  for (const LabelView& label : *this) {
    if (label.name == kMetricName) continue;
    if (!inner.empty()) inner += ", ";
    AppendPair(inner, label);
  }
  if (!inner.empty() || !plain_name) out += "{" + inner + "}";
  return out;
}

void LabelsBuilder::Reset(const Labels& base) {
  labels_.clear();
  for (const LabelView& label : base) labels_.emplace_back(label.name, label.value);
}

namespace {
auto FindName(const std::vector<std::pair<std::string, std::string>>& labels,
              std::string_view name) {
  return std::lower_bound(labels.begin(), labels.end(), name,
                          [](const auto& label, std::string_view n) { return label.first < n; });
}
}  // namespace

void LabelsBuilder::Set(std::string_view name, std::string_view value) {
  if (value.empty()) return Del(name);
  const auto at = FindName(labels_, name);
  if (at != labels_.end() && at->first == name) {
    labels_[static_cast<std::size_t>(at - labels_.begin())].second = std::string(value);
  } else {
    labels_.emplace(at, name, value);
  }
}

void LabelsBuilder::Del(std::string_view name) {
  const auto at = FindName(labels_, name);
  if (at != labels_.end() && at->first == name) labels_.erase(at);
}

void LabelsBuilder::Keep(const std::vector<std::string>& names) {
  std::erase_if(labels_, [&](const auto& label) {
    return std::find(names.begin(), names.end(), label.first) == names.end();
  });
}

std::string_view LabelsBuilder::Get(std::string_view name) const {
  const auto at = FindName(labels_, name);
  return at != labels_.end() && at->first == name ? std::string_view(at->second)
                                                  : std::string_view();
}

Labels LabelsBuilder::Build() const {
  std::string data;
  for (const auto& [name, value] : labels_) AppendLabel(data, name, value);
  return Labels::FromBytes(std::move(data));
}

namespace {
bool IsIdentifier(std::string_view name, bool colons) {
  if (name.empty() || (name.front() >= '0' && name.front() <= '9')) return false;
  return std::all_of(name.begin(), name.end(), [colons](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           (colons && c == ':');
  });
}
}  // namespace

bool IsLegacyLabelName(std::string_view name) { return IsIdentifier(name, false); }
bool IsLegacyMetricName(std::string_view name) { return IsIdentifier(name, true); }

void AppendGoQuoted(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const auto u = static_cast<unsigned char>(text.front());
    if (u >= 0x80) {
      const std::size_t n = Utf8SequenceLength(text);
      if (n > 0) {
        out += text.substr(0, n);
        text.remove_prefix(n);
        continue;
      }
    }
    text.remove_prefix(1);
    switch (u) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\a':
        out += "\\a";
        break;
      case '\b':
        out += "\\b";
        break;
      case '\f':
        out += "\\f";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      case '\v':
        out += "\\v";
        break;
      default:
        if (u < 0x20 || u >= 0x7F) {
          char buffer[8];
          std::snprintf(buffer, sizeof buffer, "\\x%02x", u);
          out += buffer;
        } else {
          out += static_cast<char>(u);
        }
    }
  }
  out += '"';
}

}  // namespace drover
