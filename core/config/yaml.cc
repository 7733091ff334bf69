#include "core/config/yaml.h"

#include <algorithm>
#include <map>

#include <yaml.h>

#include "core/base/json_escape.h"
#include "core/base/numbers.h"

namespace drover {
namespace {

constexpr std::size_t kMaxBytes = 32 << 20;
constexpr int kMaxDepth = 100;
constexpr std::size_t kMaxNodes = 2'000'000;

struct Event {
  yaml_event_t raw{};
  bool set = false;
  ~Event() {
    if (set) yaml_event_delete(&raw);
  }
};

bool IsNullText(std::string_view text) {
  return text.empty() || text == "~" || text == "null" || text == "Null" || text == "NULL";
}

std::size_t CountNodes(const YamlNode& node) {
  std::size_t n = 1;
  for (const YamlNode& item : node.items) n += CountNodes(item);
  for (const auto& [key, value] : node.entries) n += 1 + CountNodes(value);
  return n;
}

class Parser {
 public:
  Parser(std::string_view text, std::string_view file)
      : file_(std::make_shared<const std::string>(file)) {
    yaml_parser_initialize(&parser_);
    yaml_parser_set_input_string(&parser_, reinterpret_cast<const unsigned char*>(text.data()),
                                 text.size());
  }
  ~Parser() { yaml_parser_delete(&parser_); }
  Parser(const Parser&) = delete;
  Parser& operator=(const Parser&) = delete;

  Result<YamlNode> Document() {
    YamlNode root = At({});
    root.line = root.column = 1;
    bool have = false;
    for (;;) {
      Event event;
      DROVER_CHECK(Next(event));
      switch (event.raw.type) {
        case YAML_STREAM_END_EVENT:
          return root;
        case YAML_STREAM_START_EVENT:
        case YAML_DOCUMENT_END_EVENT:
          break;
        case YAML_DOCUMENT_START_EVENT:
          if (have)
            return At(event.raw.start_mark).Fail("a second document: one file holds one document");
          have = true;
          break;
        default: {
          DROVER_TRY(root, Node(event, 0));
        }
      }
    }
  }

 private:
  YamlNode At(const yaml_mark_t& mark) const {
    YamlNode node;
    node.line = static_cast<int>(mark.line) + 1;
    node.column = static_cast<int>(mark.column) + 1;
    node.file = file_;
    return node;
  }

  Status Next(Event& event) {
    if (yaml_parser_parse(&parser_, &event.raw) == 0) {
      const bool marked = parser_.problem_mark.line != 0 || parser_.problem_mark.column != 0;
      YamlNode place = At(marked ? parser_.problem_mark : parser_.context_mark);
      std::string message = parser_.problem != nullptr ? parser_.problem : "cannot be read as YAML";
      if (parser_.context != nullptr) message += std::string(" (") + parser_.context + ")";
      return place.Fail(message);
    }
    event.set = true;
    return {};
  }

  Result<YamlNode> Node(const Event& event, int depth) {
    YamlNode node = At(event.raw.start_mark);
    if (depth > kMaxDepth) return node.Fail("nested deeper than 100 levels");
    if (++nodes_ > kMaxNodes) return node.Fail("more than 2 million nodes");
    const yaml_char_t* anchor = nullptr;
    switch (event.raw.type) {
      case YAML_ALIAS_EVENT: {
        const std::string name = reinterpret_cast<const char*>(event.raw.data.alias.anchor);
        const auto found = anchors_.find(name);
        if (found == anchors_.end()) return node.Fail("unknown anchor '" + name + "' referenced");
        nodes_ += CountNodes(found->second);
        if (nodes_ > kMaxNodes) return node.Fail("aliases expand to more than 2 million nodes");
        return found->second;
      }
      case YAML_SCALAR_EVENT: {
        const auto& scalar = event.raw.data.scalar;
        node.text.assign(reinterpret_cast<const char*>(scalar.value), scalar.length);
        node.quoted = scalar.style != YAML_PLAIN_SCALAR_STYLE ||
                      (scalar.tag != nullptr &&
                       std::string_view(reinterpret_cast<const char*>(scalar.tag)) == YAML_STR_TAG);
        node.kind =
            !node.quoted && IsNullText(node.text) ? YamlNode::Kind::kNull : YamlNode::Kind::kScalar;
        anchor = scalar.anchor;
        break;
      }
      case YAML_SEQUENCE_START_EVENT: {
        anchor = event.raw.data.sequence_start.anchor;
        const std::string name = anchor != nullptr ? reinterpret_cast<const char*>(anchor) : "";
        node.kind = YamlNode::Kind::kSequence;
        for (;;) {
          Event item;
          DROVER_CHECK(Next(item));
          if (item.raw.type == YAML_SEQUENCE_END_EVENT) break;
          DROVER_TRY(YamlNode child, Node(item, depth + 1));
          node.items.push_back(std::move(child));
        }
        if (!name.empty()) anchors_[name] = node;
        return node;
      }
      case YAML_MAPPING_START_EVENT: {
        anchor = event.raw.data.mapping_start.anchor;
        const std::string name = anchor != nullptr ? reinterpret_cast<const char*>(anchor) : "";
        node.kind = YamlNode::Kind::kMap;
        DROVER_CHECK(Map(node, depth));
        if (!name.empty()) anchors_[name] = node;
        return node;
      }
      default:
        return node.Fail("unexpected YAML event");
    }
    if (anchor != nullptr) anchors_[reinterpret_cast<const char*>(anchor)] = node;
    return node;
  }

  Status Map(YamlNode& node, int depth) {
    std::vector<YamlNode> merged;
    for (;;) {
      Event key_event;
      DROVER_CHECK(Next(key_event));
      if (key_event.raw.type == YAML_MAPPING_END_EVENT) break;
      DROVER_TRY(YamlNode key, Node(key_event, depth + 1));
      Event value_event;
      DROVER_CHECK(Next(value_event));
      DROVER_TRY(YamlNode value, Node(value_event, depth + 1));
      if (key.kind != YamlNode::Kind::kScalar && key.kind != YamlNode::Kind::kNull) {
        return key.Fail("a key must be a plain text");
      }
      if (key.text == "<<" && !key.quoted) {
        if (value.kind == YamlNode::Kind::kMap) {
          merged.push_back(std::move(value));
        } else if (value.kind == YamlNode::Kind::kSequence) {
          for (YamlNode& item : value.items) merged.push_back(std::move(item));
        } else {
          return value.Fail("<< wants a map or a list of maps");
        }
        continue;
      }
      if (const YamlNode* first = FindKey(node, key.text)) {
        return key.Fail("key \"" + key.text + "\" already set in line " +
                        std::to_string(first->line));
      }
      node.entries.emplace_back(std::move(key), std::move(value));
    }
    for (const YamlNode& source : merged) {
      if (source.kind != YamlNode::Kind::kMap)
        return source.Fail("<< wants a map or a list of maps");
      for (const auto& [key, value] : source.entries) {
        if (FindKey(node, key.text) == nullptr) node.entries.emplace_back(key, value);
      }
    }
    return {};
  }

  static const YamlNode* FindKey(const YamlNode& map, std::string_view key) {
    for (const auto& [k, v] : map.entries) {
      if (k.text == key) return &k;
    }
    return nullptr;
  }

  yaml_parser_t parser_{};
  std::shared_ptr<const std::string> file_;
  std::map<std::string, YamlNode> anchors_;
  std::size_t nodes_ = 0;
};

}  // namespace

YamlNode::YamlNode() = default;
YamlNode::~YamlNode() = default;
YamlNode::YamlNode(const YamlNode&) = default;
YamlNode::YamlNode(YamlNode&&) noexcept = default;
YamlNode& YamlNode::operator=(const YamlNode&) = default;
YamlNode& YamlNode::operator=(YamlNode&&) noexcept = default;

const YamlNode* YamlNode::Find(std::string_view key) const {
  for (const auto& [k, v] : entries) {
    if (k.text == key) return &v;
  }
  return nullptr;
}

std::string YamlNode::Place() const {
  return (file ? *file : std::string("?")) + ":" + std::to_string(line) + ":" +
         std::to_string(column);
}

tl::unexpected<Error> YamlNode::Fail(std::string_view message) const {
  return drover::Fail(ErrorCode::kInvalid, Place() + ": " + std::string(message));
}

Result<YamlNode> ParseYaml(std::string_view text, std::string_view file) {
  if (text.size() > kMaxBytes)
    return Fail(ErrorCode::kInvalid, std::string(file) + ": larger than 32 MiB");
  return Parser(text, file).Document();
}

std::string YamlScalar(std::string_view text) {
  static constexpr std::string_view kWords[] = {"true", "false", "yes", "no",   "on",
                                                "off",  "y",     "n",   "null", "~"};
  bool plain = !text.empty() && !ParseFloat(text) && text.front() != ' ' && text.back() != ' ';
  if (plain &&
      std::string_view("-?:,[]{}#&*!|>'\"%@`<=").find(text.front()) != std::string_view::npos)
    plain = false;
  for (std::size_t i = 0; plain && i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c < 0x20 || c == 0x7F) plain = false;
    if (c == ':' && (i + 1 == text.size() || text[i + 1] == ' ')) plain = false;
    if (c == '#' && i > 0 && text[i - 1] == ' ') plain = false;
  }
  std::string lower(text);
  std::transform(lower.begin(), lower.end(), lower.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  if (std::find(std::begin(kWords), std::end(kWords), lower) != std::end(kWords)) plain = false;
  if (plain) return std::string(text);
  std::string out;
  AppendJsonString(out, text, false);
  return out;
}

}  // namespace drover
