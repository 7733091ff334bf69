// A YAML file as a tree whose nodes know their place, so that every later complaint can say
// file:line:column. Scalars keep their text; what reads them decides the type. Anchors, aliases and
// merge keys (<<) are resolved. Duplicate keys, several documents and %YAML other than 1.1/1.2 are
// errors.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace drover {

// Copies are deep. Immutable once parsed.
class YamlNode {
 public:
  enum class Kind { kNull, kScalar, kSequence, kMap };

  // Not defaulted here: a pair of an incomplete class that it is itself a member of stops clang.
  YamlNode();
  ~YamlNode();
  YamlNode(const YamlNode&);
  YamlNode(YamlNode&&) noexcept;
  YamlNode& operator=(const YamlNode&);
  YamlNode& operator=(YamlNode&&) noexcept;

  Kind kind = Kind::kNull;
  std::string text;             // of a scalar, unquoted; of a null as written (~, null, or nothing)
  bool quoted = false;          // "1" is a string, 1 a number
  std::vector<YamlNode> items;  // of a sequence
  std::vector<std::pair<YamlNode, YamlNode>> entries;  // of a map, in file order; keys are scalars
  int line = 0;                                        // from 1
  int column = 0;                                      // from 1
  std::shared_ptr<const std::string> file;             // name given to ParseYaml

  bool IsNull() const { return kind == Kind::kNull; }
  const YamlNode* Find(std::string_view key) const;  // null when absent or not a map
  std::string Place() const;                         // file:line:column
  // kInvalid "file:line:column: message".
  tl::unexpected<Error> Fail(std::string_view message) const;
};

// `file` is the name for messages. Limits: 32 MiB of text, depth 100, 2 million nodes after
// aliases.
Result<YamlNode> ParseYaml(std::string_view text, std::string_view file);

// The text of a value as YAML: plain when that reads back as the same string, else double-quoted.
std::string YamlScalar(std::string_view text);

}  // namespace drover
