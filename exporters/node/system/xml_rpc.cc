#include "exporters/node/system/xml_rpc.h"

#include <optional>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

constexpr int kMaxDepth = 16;

std::string Decode(std::string_view text) {
  struct Entity {
    std::string_view name;
    char character;
  };
  constexpr Entity kEntities[] = {
      {"lt;", '<'}, {"gt;", '>'}, {"amp;", '&'}, {"quot;", '"'}, {"apos;", '\''}};
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    if (text[at] != '&') {
      out += text[at++];
      continue;
    }
    const std::string_view rest = text.substr(at + 1);
    bool found = false;
    for (const Entity& entity : kEntities) {
      if (!rest.starts_with(entity.name)) continue;
      out += entity.character;
      at += 1 + entity.name.size();
      found = true;
      break;
    }
    if (found) continue;
    const std::size_t end = rest.find(';');
    const auto code = rest.starts_with('#') && end != std::string_view::npos
                          ? ParseUint(rest.substr(1, end - 1))
                          : std::nullopt;
    if (code && *code < 0x80) {
      out += static_cast<char>(*code);
      at += end + 2;
    } else {
      out += text[at++];
    }
  }
  return out;
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  // Takes `<name>` or `</name>` if it is next; blanks, declarations and comments before it are
  // passed over.
  bool Take(std::string_view tag) {
    Skip();
    if (!rest_.starts_with(tag)) return false;
    rest_.remove_prefix(tag.size());
    return true;
  }

  std::optional<XmlRpcValue> Value(int depth) {
    XmlRpcValue value;
    if (depth > kMaxDepth) return std::nullopt;
    if (Take("<value/>")) return value;
    if (!rest_.starts_with("<value>")) return std::nullopt;
    rest_.remove_prefix(7);
    const std::string_view text = Text();  // a value without a type is a string
    if (Take("</value>")) {
      value.text = Decode(text);
      return value;
    }
    if (Take("<struct>")) {
      while (Take("<member>")) {
        if (!Take("<name>")) return std::nullopt;
        std::string name = Decode(Text());
        if (!Take("</name>")) return std::nullopt;
        Skip();
        auto member = Value(depth + 1);
        if (!member || !Take("</member>")) return std::nullopt;
        value.members.push_back({std::move(name), *std::move(member)});
      }
      if (!Take("</struct>")) return std::nullopt;
    } else if (Take("<array>")) {
      if (!Take("<data/>")) {
        if (!Take("<data>")) return std::nullopt;
        while (!Take("</data>")) {
          auto item = Value(depth + 1);
          if (!item) return std::nullopt;
          value.items.push_back(*std::move(item));
        }
      }
      if (!Take("</array>")) return std::nullopt;
    } else if (!Scalar(value.text)) {
      return std::nullopt;
    }
    if (!Take("</value>")) return std::nullopt;
    return value;
  }

 private:
  void Skip() {
    for (;;) {
      const std::size_t at = rest_.find_first_not_of(" \t\r\n");
      rest_.remove_prefix(at == std::string_view::npos ? rest_.size() : at);
      const bool is_comment = rest_.starts_with("<!--");
      if (!is_comment && !rest_.starts_with("<?")) return;
      const std::string_view close = is_comment ? "-->" : "?>";
      const std::size_t end = rest_.find(close);
      rest_.remove_prefix(end == std::string_view::npos ? rest_.size() : end + close.size());
    }
  }
  std::string_view Text() {
    const std::string_view text = rest_.substr(0, rest_.find('<'));
    rest_.remove_prefix(text.size());
    return text;
  }
  // <int>5</int>, <string/>, <nil/>
  bool Scalar(std::string& out) {
    if (!rest_.starts_with('<') || rest_.starts_with("</")) return false;
    const std::size_t end = rest_.find('>');
    if (end == std::string_view::npos || end < 2) return false;
    const std::string_view name = rest_.substr(1, end - 1);
    rest_.remove_prefix(end + 1);
    if (name.ends_with('/')) return true;
    out = Decode(Text());
    return Take("</" + std::string(name) + ">");
  }

  std::string_view rest_;
};

}  // namespace

const XmlRpcValue* XmlRpcValue::Find(std::string_view member) const {
  for (const XmlRpcMember& one : members) {
    if (one.name == member) return &one.value;
  }
  return nullptr;
}

Result<XmlRpcValue> ParseXmlRpcResponse(std::string_view text) {
  Reader reader(text);
  const auto broken = Fail(ErrorCode::kInvalid, "not an XML-RPC answer");
  if (!reader.Take("<methodResponse>")) return broken;
  if (reader.Take("<fault>")) {
    const auto fault = reader.Value(0);
    const XmlRpcValue* said = fault ? fault->Find("faultString") : nullptr;
    return Fail(ErrorCode::kUnavailable, "XML-RPC fault: " + (said ? said->text : ""));
  }
  if (!reader.Take("<params>") || !reader.Take("<param>")) return broken;
  reader.Take("");
  auto value = reader.Value(0);
  if (!value || !reader.Take("</param>") || !reader.Take("</params>") ||
      !reader.Take("</methodResponse>"))
    return broken;
  return *std::move(value);
}

}  // namespace drover::exporters::node
