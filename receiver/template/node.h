// Inside the template engine: the tree of a parsed template.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "receiver/template/value.h"

namespace drover::tmpl {

enum class NodeKind {
  kText,
  kAction,  // pipe
  kIf,      // pipe, body, otherwise
  kWith,
  kRange,
  kTemplate,  // text: name; pipe may be null
  kBreak,
  kContinue,
  kPipe,        // variables, assigns, args = commands
  kCommand,     // args
  kIdentifier,  // text: function
  kVariable,    // idents: $x, then fields
  kDot,
  kNil,
  kField,     // idents
  kChain,     // args[0], idents
  kConstant,  // constant; text: as written
};

struct Node;
using NodePtr = std::unique_ptr<Node>;
using NodeList = std::vector<NodePtr>;

struct Node {
  NodeKind kind = NodeKind::kText;
  std::size_t pos = 0;  // byte in the text
  std::string text;
  std::vector<std::string> idents;
  std::vector<std::string> variables;  // of a pipe: declared or assigned
  bool assigns = false;                // = instead of :=
  Value constant;
  NodeList args;
  NodePtr pipe;
  NodeList body, otherwise;

  std::string ToSource() const;  // as Go prints the node in error texts
};

// One named template. `source` is shared by all templates of one text.
struct Template {
  std::string name;
  std::string file;  // the name given to Parse
  std::shared_ptr<const std::string> source;
  NodeList body;
  bool IsBlank() const;  // only white space
};

// All templates of `text`: its own body under `name` and what it defines. `has_function` tells
// which functions exist. kInvalid "template: NAME:LINE: …".
Result<std::vector<std::shared_ptr<const Template>>> ParseTemplates(
    const std::string& name, std::string_view text,
    const std::function<bool(std::string_view)>& has_function);

}  // namespace drover::tmpl
