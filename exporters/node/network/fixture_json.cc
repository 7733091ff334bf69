#include "exporters/node/network/fixture_json.h"

#include <optional>

#include "core/base/numbers.h"

namespace drover::exporters::node {
namespace {

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool Take(char wanted) {
    SkipBlank();
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool AtEnd() {
    SkipBlank();
    return rest_.empty();
  }
  std::optional<std::string> Text() {
    if (!Take('"')) return std::nullopt;
    const std::size_t end = rest_.find_first_of("\"\\");
    if (end == std::string_view::npos || rest_[end] != '"') return std::nullopt;
    std::string text(rest_.substr(0, end));
    rest_.remove_prefix(end + 1);
    return text;
  }
  std::optional<std::string> Value() {
    SkipBlank();
    if (rest_.starts_with('"')) return Text();
    const std::size_t end = rest_.find_first_not_of("+-.0123456789eE");
    std::string number(rest_.substr(0, end));
    if (!ParseFloat(number)) return std::nullopt;
    rest_.remove_prefix(number.size());
    return number;
  }
  std::optional<FixtureObject> Object() {
    FixtureObject object;
    if (!Take('{')) return std::nullopt;
    if (Take('}')) return object;
    do {
      auto key = Text();
      if (!key || !Take(':')) return std::nullopt;
      auto value = Value();
      if (!value) return std::nullopt;
      object.fields[*std::move(key)] = *std::move(value);
    } while (Take(','));
    if (!Take('}')) return std::nullopt;
    return object;
  }

 private:
  void SkipBlank() {
    const std::size_t at = rest_.find_first_not_of(" \t\r\n");
    rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
  }
  std::string_view rest_;
};

}  // namespace

std::string FixtureObject::Text(std::string_view key) const {
  const auto found = fields.find(key);
  return found == fields.end() ? "" : found->second;
}

std::int64_t FixtureObject::Number(std::string_view key) const {
  return ParseInt(Text(key)).value_or(0);
}

std::string FixtureObject::Base64(std::string_view key) const {
  constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string bytes;
  unsigned bits = 0, have = 0;
  for (const char c : Text(key)) {
    if (c == '=') break;
    const std::size_t value = kAlphabet.find(c);
    if (value == std::string_view::npos) return {};
    bits = (bits << 6 | static_cast<unsigned>(value)) & 0xFFFFFF;
    have += 6;
    if (have >= 8) bytes += static_cast<char>(bits >> (have -= 8) & 0xFF);
  }
  return bytes;
}

Result<std::vector<FixtureObject>> ParseFixtureJson(std::string_view text) {
  std::vector<FixtureObject> objects;
  Reader reader(text);
  const bool many = reader.Take('[');
  if (!many || !reader.Take(']')) {
    do {
      auto object = reader.Object();
      if (!object) return Fail(ErrorCode::kInvalid, "fixture: not a flat JSON object");
      objects.push_back(*std::move(object));
    } while (many && reader.Take(','));
    if (many && !reader.Take(']')) return Fail(ErrorCode::kInvalid, "fixture: array without end");
  }
  if (!reader.AtEnd()) return Fail(ErrorCode::kInvalid, "fixture: text after the end");
  return objects;
}

}  // namespace drover::exporters::node
