#include <algorithm>
#include <numeric>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "core/config/describe.h"

namespace drover {
namespace {

Status WantScalar(const YamlNode& node, std::string_view what) {
  if (node.kind == YamlNode::Kind::kScalar) return {};
  return node.Fail("expected " + std::string(what) + ", found " +
                   (node.kind == YamlNode::Kind::kMap        ? "a map"
                    : node.kind == YamlNode::Kind::kSequence ? "a list"
                                                             : "nothing"));
}

std::size_t Distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t above = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1)});
      diagonal = above;
    }
  }
  return row[b.size()];
}

}  // namespace

Status FromYaml(const YamlNode& node, bool& out) {
  DROVER_CHECK(WantScalar(node, "true or false"));
  static constexpr std::string_view kTrue[] = {"true", "True", "TRUE", "yes", "Yes",
                                               "YES",  "on",   "On",   "ON"};
  static constexpr std::string_view kFalse[] = {"false", "False", "FALSE", "no", "No",
                                                "NO",    "off",   "Off",   "OFF"};
  const auto in = [&](const auto& words) {
    return std::find(std::begin(words), std::end(words), node.text) != std::end(words);
  };
  if (!node.quoted && (in(kTrue) || in(kFalse))) {
    out = in(kTrue);
    return {};
  }
  return node.Fail("expected true or false, found \"" + node.text + "\"");
}

Status FromYaml(const YamlNode& node, std::int64_t& out) {
  DROVER_CHECK(WantScalar(node, "a whole number"));
  const auto value = ParseInt(node.text);
  if (!value || node.quoted)
    return node.Fail("expected a whole number, found \"" + node.text + "\"");
  out = *value;
  return {};
}

Status FromYaml(const YamlNode& node, double& out) {
  DROVER_CHECK(WantScalar(node, "a number"));
  const auto value = ParseFloat(node.text);
  if (!value || node.quoted) return node.Fail("expected a number, found \"" + node.text + "\"");
  out = *value;
  return {};
}

Status FromYaml(const YamlNode& node, std::string& out) {
  if (node.IsNull()) {
    out.clear();
    return {};
  }
  DROVER_CHECK(WantScalar(node, "a text"));
  out = node.text;
  return {};
}

Status FromYaml(const YamlNode& node, Millis& out) {
  DROVER_CHECK(WantScalar(node, "a duration such as 15s or 1h30m"));
  auto value = ParseDuration(node.text);
  if (!value) return node.Fail(value.error().message() + ", write it like 15s or 1h30m");
  out = *value;
  return {};
}

Status FromYaml(const YamlNode& node, Secret& out) {
  std::string text;
  DROVER_CHECK(FromYaml(node, text));
  out = Secret(std::move(text));
  return {};
}

Status FromYaml(const YamlNode& node, ByteSize& out) {
  DROVER_CHECK(WantScalar(node, "a size such as 512MB"));
  if (const auto whole = ParseUint(node.text)) {
    out.bytes = *whole;
    return {};
  }
  auto value = ParseByteSize(node.text);
  if (!value) return node.Fail(value.error().message());
  out.bytes = *value;
  return {};
}

void YamlWriter::StartValue() {
  if (after_key_) {
    out_ += ' ';
    after_key_ = false;
  }
  after_item_ = false;
}

void YamlWriter::Key(std::string_view key) {
  Level& level = levels_.back();
  if (after_key_) {  // first key of a map that is a map's value
    out_ += '\n';
    after_key_ = false;
  }
  if (!after_item_) out_.append((levels_.size() - 1) * 2, ' ');
  after_item_ = false;
  level.empty = false;
  out_ += YamlScalar(key);
  out_ += ':';
  after_key_ = true;
}

void YamlWriter::Scalar(std::string_view text) {
  StartValue();
  out_ += text;
  out_ += '\n';
}

void YamlWriter::BeginMap() { levels_.push_back({false, true}); }

void YamlWriter::EndMap() {
  const bool empty = levels_.back().empty;
  levels_.pop_back();
  if (empty) Scalar("{}");
}

void YamlWriter::BeginList() { levels_.push_back({true, true}); }

void YamlWriter::Item() {
  if (after_key_) {
    out_ += '\n';
    after_key_ = false;
  }
  levels_.back().empty = false;
  if (!after_item_) out_.append((levels_.size() - 1) * 2, ' ');
  out_ += "- ";
  after_item_ = true;
}

void YamlWriter::EndList() {
  const bool empty = levels_.back().empty;
  levels_.pop_back();
  if (empty) Scalar("[]");
}

void ToYaml(bool v, YamlWriter& out) { out.Scalar(v ? "true" : "false"); }
void ToYaml(std::int64_t v, YamlWriter& out) { out.Scalar(std::to_string(v)); }
void ToYaml(double v, YamlWriter& out) {
  std::string text;
  AppendJsonFloat(text, v);
  out.Scalar(text);
}
void ToYaml(const std::string& v, YamlWriter& out) { out.Scalar(YamlScalar(v)); }
void ToYaml(const Millis& v, YamlWriter& out) { out.Scalar(FormatDuration(v)); }
void ToYaml(const Secret& v, YamlWriter& out) { out.Scalar(v.empty() ? "\"\"" : kSecretText); }
void ToYaml(const ByteSize& v, YamlWriter& out) {
  out.Scalar(v.bytes == 0 ? "0" : FormatByteSize(v.bytes));
}

namespace config_internal {

std::string Closest(std::string_view key, const std::vector<std::string_view>& known) {
  std::string_view best;
  std::size_t best_distance = key.size() / 3 + 2;
  for (const std::string_view candidate : known) {
    const std::size_t distance = Distance(key, candidate);
    if (distance < best_distance) {
      best_distance = distance;
      best = candidate;
    }
  }
  return std::string(best);
}

void ReadVisitor::NoEffect(std::string_view key, std::string_view why) {
  known_.push_back(key);
  const YamlNode* child = node_.Find(key);
  if (child != nullptr)
    warnings_.push_back(child->Place() + ": " + std::string(key) +
                        " has no effect: " + std::string(why));
}

void ReadVisitor::NotBuilt(std::string_view key) {
  known_.push_back(key);
  if (!status_) return;
  const YamlNode* child = node_.Find(key);
  if (child != nullptr) status_ = child->Fail(std::string(key) + " is not built yet");
}

Status ReadVisitor::Finish() const {
  DROVER_CHECK(status_);
  for (const auto& [key, value] : node_.entries) {
    if (std::find(known_.begin(), known_.end(), key.text) != known_.end()) continue;
    const std::string closest = Closest(key.text, known_);
    return key.Fail("unknown key \"" + key.text + "\"" +
                    (closest.empty() ? "" : ", did you mean \"" + closest + "\"?"));
  }
  return {};
}

}  // namespace config_internal
}  // namespace drover
