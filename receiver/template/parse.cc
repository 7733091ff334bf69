#include <algorithm>
#include <array>
#include <charconv>

#include "core/base/numbers.h"
#include "core/model/labels.h"
#include "receiver/template/lexer.h"
#include "receiver/template/node.h"
#include "receiver/template/unquote.h"

namespace drover::tmpl {
namespace {

constexpr int kMaxDepth = 200;

bool IsKeyword(std::string_view word) {
  constexpr std::array<std::string_view, 10> kWords = {
      "block", "break", "continue", "define", "else", "end", "if", "range", "template", "with"};
  return std::find(kWords.begin(), kWords.end(), word) != kWords.end();
}

std::string Quoted(std::string_view text) {
  std::string out;
  AppendGoQuoted(out, text);
  return out;
}

// Sub-parsers answer null or false once error_ is set.
class Parser {
 public:
  Parser(const std::string& name, std::string_view text,
         const std::function<bool(std::string_view)>& has_function)
      : name_(name),
        source_(std::make_shared<const std::string>(text)),
        has_function_(has_function),
        tokens_(LexTemplate(text)) {}

  Result<std::vector<std::shared_ptr<const Template>>> Run() {
    NodeList body;
    while (error_.empty() && Peek().kind != TokenKind::kEnd) {
      if (Peek().kind == TokenKind::kLeft && KeywordAfterLeft() == "define") {
        Define();
      } else {
        std::string end;
        NodePtr node = Item(end);
        if (!end.empty()) Error("unexpected {{" + end + "}}");
        if (node) body.push_back(std::move(node));
      }
    }
    if (error_.empty()) Keep(name_, std::move(body));
    if (!error_.empty()) return Fail(ErrorCode::kInvalid, error_);
    return std::move(templates_);
  }

 private:
  const Token& Peek() const { return tokens_[std::min(at_, tokens_.size() - 1)]; }
  const Token& Next() {
    const Token& token = Peek();
    if (at_ + 1 < tokens_.size()) ++at_;
    line_ = token.line;
    return token;
  }
  void SkipSpace() {
    while (Peek().kind == TokenKind::kSpace) Next();
  }
  const Token& NextNonSpace() {
    SkipSpace();
    return Next();
  }
  std::string KeywordAfterLeft() const {
    std::size_t i = at_ + 1;
    while (i < tokens_.size() && tokens_[i].kind == TokenKind::kSpace) ++i;
    return i < tokens_.size() && tokens_[i].kind == TokenKind::kIdentifier ? tokens_[i].text : "";
  }

  std::nullptr_t Error(const std::string& message) {
    if (error_.empty()) {
      error_ = "template: " + name_ + ":" + std::to_string(line_) + ": " + message;
    }
    return nullptr;
  }
  std::nullptr_t Unexpected(const Token& token, const std::string& context) {
    line_ = token.line;
    if (token.kind == TokenKind::kError) return Error(token.text);
    if (token.kind == TokenKind::kEnd) return Error("unexpected EOF");
    std::string shown;
    if (token.kind == TokenKind::kIdentifier && IsKeyword(token.text)) {
      shown = "<" + token.text + ">";
    } else if (token.text.size() > 10) {
      shown = Quoted(token.text.substr(0, 10)) + "...";
    } else {
      shown = Quoted(token.text);
    }
    return Error("unexpected " + shown + " in " + context);
  }

  void Keep(const std::string& name, NodeList body) {
    auto made = std::make_shared<Template>();
    made->name = name;
    made->file = name_;
    made->source = source_;
    made->body = std::move(body);
    for (auto& known : templates_) {
      if (known->name != name) continue;
      if (known->IsBlank()) {
        known = std::move(made);
      } else if (!made->IsBlank()) {
        Error("template: multiple definition of template " + Quoted(name));
      }
      return;
    }
    templates_.push_back(std::move(made));
  }

  static NodePtr Make(NodeKind kind, std::size_t pos) {
    auto node = std::make_unique<Node>();
    node->kind = kind;
    node->pos = pos;
    return node;
  }

  void Define() {
    Next();
    SkipSpace();
    Next();
    std::string name;
    if (!TemplateName("define clause", name) || !Close("define clause")) return;
    const std::size_t variables = variables_.size();
    std::vector<std::string> hidden = std::move(variables_);
    variables_ = {"$"};
    NodeList body;
    if (const std::string end = ItemList(body); end != "end" && error_.empty()) {
      Error("unexpected {{" + end + "}} in define clause");
    }
    variables_ = std::move(hidden);
    variables_.resize(variables);
    if (error_.empty()) Keep(name, std::move(body));
  }

  bool TemplateName(const std::string& context, std::string& name) {
    const Token token = NextNonSpace();
    if (token.kind != TokenKind::kString && token.kind != TokenKind::kRawString) {
      Unexpected(token, context);
      return false;
    }
    const auto text = Unquote(token.text);
    if (!text) {
      Error("invalid syntax");
      return false;
    }
    name = *text;
    return true;
  }

  bool Close(const std::string& context) {
    const Token& token = NextNonSpace();
    if (token.kind == TokenKind::kRight) return true;
    Unexpected(token, context);
    return false;
  }

  // Items up to {{end}} or {{else}}; answers which.
  std::string ItemList(NodeList& list) {
    while (error_.empty()) {
      if (Peek().kind == TokenKind::kEnd) {
        line_ = Peek().line;
        Error("unexpected EOF");
        break;
      }
      std::string end;
      NodePtr node = Item(end);
      if (!end.empty()) return end;
      if (node) list.push_back(std::move(node));
    }
    return "";
  }

  NodePtr Item(std::string& end) {
    const Token& token = Next();
    if (token.kind == TokenKind::kText) {
      NodePtr node = Make(NodeKind::kText, token.pos);
      node->text = token.text;
      return node;
    }
    if (token.kind != TokenKind::kLeft) return Unexpected(token, "input");
    SkipSpace();
    const Token& word = Peek();
    if (word.kind == TokenKind::kIdentifier && IsKeyword(word.text) && word.text != "define") {
      Next();
      return Keyword(word, end);
    }
    NodePtr node = Make(NodeKind::kAction, word.pos);
    node->pipe = Pipeline("command", TokenKind::kRight);
    return error_.empty() ? std::move(node) : nullptr;
  }

  NodePtr Keyword(const Token& word, std::string& end) {
    if (word.text == "end") {
      if (Close("end")) end = "end";
      return nullptr;
    }
    if (word.text == "else") {
      SkipSpace();
      const Token& next = Peek();
      if (next.kind == TokenKind::kIdentifier && (next.text == "if" || next.text == "with")) {
        end = "else";  // the control that asked sees the word that follows
      } else if (Close("else")) {
        end = "else";
        else_closed_ = true;
        return nullptr;
      }
      else_closed_ = false;
      return nullptr;
    }
    if (word.text == "if") return Control(NodeKind::kIf, "if", word.pos);
    if (word.text == "with") return Control(NodeKind::kWith, "with", word.pos);
    if (word.text == "range") return Control(NodeKind::kRange, "range", word.pos);
    if (word.text == "break" || word.text == "continue") {
      const bool is_break = word.text == "break";
      if (!Close(word.text)) return nullptr;
      if (range_depth_ == 0) return Error("{{" + word.text + "}} outside {{range}}");
      return Make(is_break ? NodeKind::kBreak : NodeKind::kContinue, word.pos);
    }
    return TemplateCall(word.text == "block");
  }

  NodePtr TemplateCall(bool block) {
    SkipSpace();
    NodePtr node = Make(NodeKind::kTemplate, Peek().pos);
    const std::string context = block ? "block clause" : "template clause";
    if (!TemplateName(context, node->text)) return nullptr;
    SkipSpace();
    if (block || Peek().kind != TokenKind::kRight) {
      node->pipe = Pipeline(context, TokenKind::kRight);
      if (!node->pipe) return nullptr;
    } else {
      Next();
    }
    if (!block) return node;
    std::vector<std::string> hidden = std::exchange(variables_, {"$"});
    NodeList body;
    if (const std::string end = ItemList(body); end != "end" && error_.empty()) {
      Error("unexpected {{" + end + "}} in block clause");
    }
    variables_ = std::move(hidden);
    if (error_.empty()) Keep(node->text, std::move(body));
    return node;
  }

  NodePtr Control(NodeKind kind, const std::string& word, std::size_t pos) {
    if (++depth_ > kMaxDepth) return Error("template is nested too deeply");
    const std::size_t variables = variables_.size();
    NodePtr node = Make(kind, pos);
    node->pipe = Pipeline(word, TokenKind::kRight);
    if (!node->pipe) return nullptr;
    if (kind == NodeKind::kRange) ++range_depth_;
    std::string end = ItemList(node->body);
    if (kind == NodeKind::kRange) --range_depth_;
    if (!error_.empty()) return nullptr;
    if (end == "else") {
      if (!else_closed_) {
        const Token& next = Next();  // if or with, as a control of its own in the else part
        const bool same = (next.text == "if" && kind == NodeKind::kIf) ||
                          (next.text == "with" && kind == NodeKind::kWith);
        if (!same) return Unexpected(next, "else");
        NodePtr inner = Control(kind, word, next.pos);
        if (!inner) return nullptr;
        node->otherwise.push_back(std::move(inner));
      } else {
        end = ItemList(node->otherwise);
        if (!error_.empty()) return nullptr;
        if (end != "end") return Error("expected end; found {{else}}");
      }
    }
    variables_.resize(variables);
    --depth_;
    return node;
  }

  NodePtr Pipeline(const std::string& context, TokenKind end) {
    if (++depth_ > kMaxDepth) return Error("template is nested too deeply");
    SkipSpace();
    NodePtr pipe = Make(NodeKind::kPipe, Peek().pos);
    if (!Declarations(*pipe, context)) return nullptr;
    while (true) {
      SkipSpace();
      const Token& token = Peek();
      if (token.kind == end) {
        Next();
        break;
      }
      switch (token.kind) {
        case TokenKind::kField:
        case TokenKind::kDot:
        case TokenKind::kVariable:
        case TokenKind::kNumber:
        case TokenKind::kCharacter:
        case TokenKind::kString:
        case TokenKind::kRawString:
        case TokenKind::kOpen: {
          NodePtr command = Command();
          if (!command) return nullptr;
          pipe->args.push_back(std::move(command));
          continue;
        }
        case TokenKind::kIdentifier:
          if (!IsKeyword(token.text)) {
            NodePtr command = Command();
            if (!command) return nullptr;
            pipe->args.push_back(std::move(command));
            continue;
          }
          [[fallthrough]];
        default:
          return Unexpected(token, context);
      }
    }
    --depth_;
    if (pipe->args.empty()) return Error("missing value for " + context);
    for (std::size_t i = 1; i < pipe->args.size(); ++i) {
      const NodeKind first = pipe->args[i]->args.front()->kind;
      if (first == NodeKind::kConstant || first == NodeKind::kDot || first == NodeKind::kNil) {
        return Error("non executable command in pipeline stage " + std::to_string(i + 1));
      }
    }
    return pipe;
  }

  // $x := , $x = , and in range $i, $x :=
  bool Declarations(Node& pipe, const std::string& context) {
    std::size_t look = at_;
    const auto skip = [&] {
      while (tokens_[look].kind == TokenKind::kSpace) ++look;
    };
    std::vector<std::string> names;
    while (true) {
      skip();
      if (tokens_[look].kind != TokenKind::kVariable) return true;
      names.push_back(tokens_[look++].text);
      skip();
      if (tokens_[look].kind == TokenKind::kComma && context == "range" && names.size() < 2) {
        ++look;
        continue;
      }
      break;
    }
    const TokenKind kind = tokens_[look].kind;
    if (kind == TokenKind::kComma) {
      line_ = tokens_[look].line;
      Error("too many declarations in " + context);
      return false;
    }
    if (kind != TokenKind::kDeclare && kind != TokenKind::kAssign) return true;
    at_ = look;
    Next();
    pipe.variables = names;
    pipe.assigns = kind == TokenKind::kAssign;
    if (!pipe.assigns) variables_.insert(variables_.end(), names.begin(), names.end());
    return true;
  }

  NodePtr Command() {
    NodePtr command = Make(NodeKind::kCommand, Peek().pos);
    while (true) {
      SkipSpace();
      NodePtr operand = Operand();
      if (!error_.empty()) return nullptr;
      if (operand) command->args.push_back(std::move(operand));
      const Token& token = Peek();
      if (token.kind == TokenKind::kSpace) {
        Next();
        continue;
      }
      if (token.kind == TokenKind::kRight || token.kind == TokenKind::kClose) break;
      if (token.kind == TokenKind::kPipe) {
        Next();
        SkipSpace();
        if (Peek().kind == TokenKind::kRight || Peek().kind == TokenKind::kClose) {
          return Error("missing value for command");
        }
        break;
      }
      return Unexpected(token, "operand");
    }
    if (command->args.empty()) return Error("empty command");
    return command;
  }

  NodePtr Operand() {
    NodePtr node = Term();
    if (!node || Peek().kind != TokenKind::kField) return node;
    const std::size_t pos = Peek().pos;
    std::vector<std::string> fields;
    while (Peek().kind == TokenKind::kField) fields.push_back(Next().text.substr(1));
    switch (node->kind) {
      case NodeKind::kField:
      case NodeKind::kVariable:
        node->pos = pos;
        node->idents.insert(node->idents.end(), fields.begin(), fields.end());
        return node;
      case NodeKind::kConstant:
      case NodeKind::kNil:
      case NodeKind::kDot:
        return Error("unexpected . after term " + Quoted(node->ToSource()));
      default: {
        NodePtr chain = Make(NodeKind::kChain, pos);
        chain->args.push_back(std::move(node));
        chain->idents = std::move(fields);
        return chain;
      }
    }
  }

  NodePtr Term() {
    const Token& token = Peek();
    switch (token.kind) {
      case TokenKind::kIdentifier: {
        if (IsKeyword(token.text)) return nullptr;
        Next();
        return Word(token);
      }
      case TokenKind::kDot:
        Next();
        return Make(NodeKind::kDot, token.pos);
      case TokenKind::kVariable: {
        Next();
        if (std::find(variables_.begin(), variables_.end(), token.text) == variables_.end()) {
          return Error("undefined variable " + Quoted(token.text));
        }
        NodePtr node = Make(NodeKind::kVariable, token.pos);
        node->idents.push_back(token.text);
        return node;
      }
      case TokenKind::kField: {
        Next();
        NodePtr node = Make(NodeKind::kField, token.pos);
        node->idents.push_back(token.text.substr(1));
        return node;
      }
      case TokenKind::kNumber:
      case TokenKind::kCharacter:
      case TokenKind::kString:
      case TokenKind::kRawString:
        Next();
        return Constant(token);
      case TokenKind::kOpen: {
        Next();
        return Pipeline("parenthesized pipeline", TokenKind::kClose);
      }
      case TokenKind::kError:
        return Unexpected(token, "operand");
      default:
        return nullptr;
    }
  }

  NodePtr Word(const Token& token) {
    if (token.text == "true" || token.text == "false") {
      NodePtr node = Make(NodeKind::kConstant, token.pos);
      node->text = token.text;
      node->constant = Value(token.text == "true");
      return node;
    }
    if (token.text == "nil") return Make(NodeKind::kNil, token.pos);
    if (!has_function_(token.text)) {
      return Error("function " + Quoted(token.text) + " not defined");
    }
    NodePtr node = Make(NodeKind::kIdentifier, token.pos);
    node->text = token.text;
    return node;
  }

  NodePtr Constant(const Token& token) {
    NodePtr node = Make(NodeKind::kConstant, token.pos);
    node->text = token.text;
    if (token.kind == TokenKind::kString || token.kind == TokenKind::kRawString) {
      const auto text = Unquote(token.text);
      if (!text) return Error("invalid syntax");
      node->constant = Value(*text);
      return node;
    }
    if (token.kind == TokenKind::kCharacter) {
      const auto code = UnquoteCharacter(token.text);
      if (!code) return Error("malformed character constant: " + token.text);
      node->constant = Value(static_cast<std::int64_t>(*code));
      return node;
    }
    const auto number = NumberConstant(token.text);
    if (!number) return Error("bad number syntax: " + Quoted(token.text));
    node->constant = *number;
    return node;
  }

  // Integers with a base prefix and underscores, floats; a float that is whole is an int too, but
  // keeps its kind as Go's templates do when it was written as a float.
  static std::optional<Value> NumberConstant(std::string_view text) {
    std::string digits;
    for (const char c : text) {
      if (c != '_') digits.push_back(c);
    }
    const bool minus = !digits.empty() && digits[0] == '-';
    std::string_view body = digits;
    if (!body.empty() && (body[0] == '-' || body[0] == '+')) body.remove_prefix(1);
    int base = 10;
    if (body.size() > 1 && body[0] == '0') {
      const char kind = static_cast<char>(body[1] | 0x20);
      base = kind == 'x' ? 16 : kind == 'b' ? 2 : 8;
      if (kind == 'x' || kind == 'b' || kind == 'o') {
        body.remove_prefix(2);
      } else if (body.find_first_of(".eE") != std::string_view::npos) {
        base = 10;
      }
    }
    std::uint64_t whole = 0;
    const auto [rest, error] = std::from_chars(body.data(), body.data() + body.size(), whole, base);
    if (error == std::errc() && rest == body.data() + body.size() &&
        whole <= static_cast<std::uint64_t>(INT64_MAX)) {
      const auto v = static_cast<std::int64_t>(whole);
      return Value(minus ? -v : v);
    }
    const auto number = ParseFloat(digits);
    if (!number ||
        text.find_first_not_of("+-0123456789._eExXpPabcdfABCDF") != std::string_view::npos) {
      return std::nullopt;
    }
    return Value(*number);
  }

  std::string name_;
  std::shared_ptr<const std::string> source_;
  const std::function<bool(std::string_view)>& has_function_;
  std::vector<Token> tokens_;
  std::size_t at_ = 0;
  int line_ = 1;
  int depth_ = 0;
  int range_depth_ = 0;
  bool else_closed_ = false;
  std::vector<std::string> variables_ = {"$"};
  std::vector<std::shared_ptr<const Template>> templates_;
  std::string error_;
};

}  // namespace

Result<std::vector<std::shared_ptr<const Template>>> ParseTemplates(
    const std::string& name, std::string_view text,
    const std::function<bool(std::string_view)>& has_function) {
  return Parser(name, text, has_function).Run();
}

bool Template::IsBlank() const {
  return std::all_of(body.begin(), body.end(), [](const NodePtr& node) {
    return node->kind == NodeKind::kText &&
           node->text.find_first_not_of(" \t\r\n") == std::string::npos;
  });
}

std::string Node::ToSource() const {
  const auto fields = [this](std::size_t from) {
    std::string out;
    for (std::size_t i = from; i < idents.size(); ++i) out += "." + idents[i];
    return out;
  };
  std::string out;
  switch (kind) {
    case NodeKind::kAction:
      return "{{" + pipe->ToSource() + "}}";
    case NodeKind::kTemplate:
      return "{{template " + Quoted(text) + (pipe ? " " + pipe->ToSource() : "") + "}}";
    case NodeKind::kPipe:
      for (std::size_t i = 0; i < variables.size(); ++i) {
        out += (i > 0 ? ", " : "") + variables[i];
      }
      if (!variables.empty()) out += assigns ? " = " : " := ";
      for (std::size_t i = 0; i < args.size(); ++i)
        out += (i > 0 ? " | " : "") + args[i]->ToSource();
      return out;
    case NodeKind::kCommand:
      for (std::size_t i = 0; i < args.size(); ++i) {
        if (i > 0) out += " ";
        out += args[i]->kind == NodeKind::kPipe ? "(" + args[i]->ToSource() + ")"
                                                : args[i]->ToSource();
      }
      return out;
    case NodeKind::kVariable:
      return idents[0] + fields(1);
    case NodeKind::kDot:
      return ".";
    case NodeKind::kNil:
      return "nil";
    case NodeKind::kField:
      return fields(0);
    case NodeKind::kChain:
      out = args[0]->ToSource();
      return (args[0]->kind == NodeKind::kPipe ? "(" + out + ")" : out) + fields(0);
    default:
      return text;
  }
}

}  // namespace drover::tmpl
