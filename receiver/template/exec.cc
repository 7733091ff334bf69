#include "receiver/template/exec.h"

#include <algorithm>

#include "core/model/labels.h"
#include "receiver/template/builtins.h"

namespace drover::tmpl {
namespace {

constexpr int kMaxNesting = 600;  // of parentheses and controls inside one another

std::string Quoted(std::string_view text) {
  std::string out;
  AppendGoQuoted(out, text);
  return out;
}

class Executor {
 public:
  Executor(const TemplateMap& all, const Functions& functions, const ExpandLimits& limits)
      : all_(all), functions_(functions), limits_(limits) {}

  Result<std::string> Execute(const Template& start, const Value& data) {
    DROVER_CHECK(RunTemplate(start, data));
    return std::move(out_);
  }

 private:
  enum class Flow { kNext, kBreak, kContinue };
  struct Variable {
    std::string name;
    Value value;
  };

  // Errors carry the node looked at last.
  tl::unexpected<Error> Error_(const std::string& message) const {
    const std::string_view text = std::string_view(*template_->source).substr(0, at_->pos);
    const std::size_t newline = text.rfind('\n');
    const std::size_t column =
        newline == std::string_view::npos ? text.size() : text.size() - newline - 1;
    const auto line = 1 + std::count(text.begin(), text.end(), '\n');
    return Fail(ErrorCode::kInvalid, "template: " + template_->file + ":" + std::to_string(line) +
                                         ":" + std::to_string(column) + ": executing " +
                                         Quoted(template_->name) + " at <" + at_->ToSource() +
                                         ">: " + message);
  }

  Status Step(const Node& node) {
    at_ = &node;
    if (++steps_ > limits_.steps) return Error_("template runs too long");
    return {};
  }

  Status RunTemplate(const Template& t, const Value& data) {
    const Template* outer = std::exchange(template_, &t);
    std::vector<Variable> hidden = std::exchange(variables_, {{"$", data}});
    DROVER_TRY(const Flow flow, RunList(t.body, data));
    (void)flow;
    variables_ = std::move(hidden);
    template_ = outer;
    return {};
  }

  Result<Flow> RunList(const NodeList& list, const Value& dot) {
    for (const NodePtr& node : list) {
      DROVER_TRY(const Flow flow, RunNode(*node, dot));
      if (flow != Flow::kNext) return flow;
    }
    return Flow::kNext;
  }

  Status Put(std::string_view text) {
    if (out_.size() + text.size() > limits_.output_bytes) return Error_("output is too long");
    out_ += text;
    return {};
  }

  Result<Flow> RunNode(const Node& node, const Value& dot) {
    DROVER_CHECK(Step(node));
    if (nesting_ > kMaxNesting) return Error_("template is nested too deeply");
    ++nesting_;
    const Result<Flow> flow = RunAny(node, dot);
    --nesting_;
    return flow;
  }

  Result<Flow> RunAny(const Node& node, const Value& dot) {
    switch (node.kind) {
      case NodeKind::kText:
        DROVER_CHECK(Put(node.text));
        return Flow::kNext;
      case NodeKind::kAction: {
        DROVER_TRY(const Value value, Pipeline(*node.pipe, dot));
        if (node.pipe->variables.empty()) {
          DROVER_CHECK(Put(value.Print()));
        }
        return Flow::kNext;
      }
      case NodeKind::kIf:
      case NodeKind::kWith: {
        const std::size_t mark = variables_.size();
        DROVER_TRY(const Value value, Pipeline(*node.pipe, dot));
        const bool with = node.kind == NodeKind::kWith;
        DROVER_TRY(const Flow flow, value.Truth() ? RunList(node.body, with ? value : dot)
                                                  : RunList(node.otherwise, dot));
        variables_.resize(mark);
        return flow;
      }
      case NodeKind::kRange:
        return RunRange(node, dot);
      case NodeKind::kTemplate: {
        const auto found = all_.find(node.text);
        if (found == all_.end()) return Error_("template " + Quoted(node.text) + " not defined");
        if (++depth_ > limits_.depth) {
          return Error_("exceeded maximum template depth (" + std::to_string(limits_.depth) + ")");
        }
        Value data;
        if (node.pipe) {
          DROVER_TRY(data, Pipeline(*node.pipe, dot));
        }
        const int outer_nesting = std::exchange(nesting_, 0);
        DROVER_CHECK(RunTemplate(*found->second, data));
        nesting_ = outer_nesting;
        --depth_;
        return Flow::kNext;
      }
      case NodeKind::kBreak:
        return Flow::kBreak;
      case NodeKind::kContinue:
        return Flow::kContinue;
      default:
        return Error_("unexpected node");
    }
  }

  Result<Flow> RunRange(const Node& node, const Value& dot) {
    const std::size_t outer = variables_.size();
    DROVER_TRY(const Value value, Pipeline(*node.pipe, dot, true));
    const std::size_t mark = variables_.size();
    std::size_t rounds = 0;
    Flow last = Flow::kNext;
    const auto one = [&](const Value& key, const Value& element) -> Status {
      ++rounds;
      SetRangeVariables(*node.pipe, key, element);
      auto flow = RunList(node.body, element);
      if (!flow) return tl::unexpected(std::move(flow).error());
      last = *flow;
      variables_.resize(mark);
      return {};
    };
    if (const List* list = value.AsList()) {
      for (std::size_t i = 0; i < list->items.size() && last != Flow::kBreak; ++i) {
        DROVER_CHECK(one(Value(static_cast<std::int64_t>(i)), list->items[i]));
      }
    } else if (const Map* map = value.AsMap()) {
      for (auto it = map->entries.begin(); it != map->entries.end() && last != Flow::kBreak; ++it) {
        DROVER_CHECK(one(Value(it->first), it->second));
      }
    } else if (const auto* n = value.AsInt()) {
      for (std::int64_t i = 0; i < *n && last != Flow::kBreak; ++i) {
        DROVER_CHECK(one(Value(i), Value(i)));
      }
    } else if (!value.IsNil()) {
      return Error_("range can't iterate over " + value.Print());
    }
    if (rounds == 0) {
      DROVER_TRY(const Flow flow, RunList(node.otherwise, dot));
      variables_.resize(outer);
      return flow;
    }
    variables_.resize(outer);
    return Flow::kNext;
  }

  // Declared: fresh ones for each round (the pipeline pushed them once); one alone is the element.
  void SetRangeVariables(const Node& pipe, const Value& key, const Value& element) {
    const std::size_t n = pipe.variables.size();
    for (std::size_t i = 0; i < n; ++i) {
      const Value& value = n == 2 && i == 0 ? key : element;
      if (Variable* v = Find(pipe.variables[i])) v->value = value;
    }
  }

  Variable* Find(std::string_view name) {
    for (auto it = variables_.rbegin(); it != variables_.rend(); ++it) {
      if (it->name == name) return &*it;
    }
    return nullptr;
  }

  Result<Value> Pipeline(const Node& pipe, const Value& dot, bool range = false) {
    at_ = &pipe;
    if (++nesting_ > kMaxNesting) return Error_("template is nested too deeply");
    Value value;
    bool has_value = false;
    for (const NodePtr& command : pipe.args) {
      DROVER_TRY(value, Command(*command, dot, has_value ? &value : nullptr));
      has_value = true;
    }
    --nesting_;
    for (const std::string& name : pipe.variables) {
      if (!pipe.assigns) {
        variables_.push_back({name, value});
      } else if (Variable* known = Find(name)) {
        if (!range) known->value = value;
      } else {
        return Error_("undefined variable: " + name);
      }
    }
    return value;
  }

  Result<Value> Command(const Node& command, const Value& dot, const Value* final) {
    const Node& first = *command.args.front();
    switch (first.kind) {
      case NodeKind::kField:
        return FieldChain(dot, first, first.idents, 0, &command, dot, final);
      case NodeKind::kVariable:
        return VariableValue(first, &command, dot, final);
      case NodeKind::kChain:
        return ChainValue(first, &command, dot, final);
      case NodeKind::kIdentifier:
        return Function_(first, command, dot, final);
      default:
        break;
    }
    if (command.args.size() > 1 || final != nullptr) {
      at_ = &first;
      return Error_("can't give argument to non-function " + first.ToSource());
    }
    if (first.kind == NodeKind::kPipe) return Pipeline(first, dot);
    at_ = &first;
    if (first.kind == NodeKind::kNil) return Error_("nil is not a command");
    return first.kind == NodeKind::kDot ? dot : first.constant;
  }

  Result<Value> VariableValue(const Node& node, const Node* command, const Value& dot,
                              const Value* final) {
    at_ = &node;
    const Variable* variable = Find(node.idents[0]);
    if (variable == nullptr) return Error_("undefined variable: " + node.idents[0]);
    const Value value = variable->value;
    if (node.idents.size() > 1) return FieldChain(value, node, node.idents, 1, command, dot, final);
    if ((command != nullptr && command->args.size() > 1) || final != nullptr) {
      return Error_("can't give argument to non-function " + node.ToSource());
    }
    return value;
  }

  Result<Value> ChainValue(const Node& node, const Node* command, const Value& dot,
                           const Value* final) {
    at_ = &node;
    DROVER_TRY(const Value receiver, Argument(*node.args[0], dot));
    return FieldChain(receiver, node, node.idents, 0, command, dot, final);
  }

  // idents[from…]: only the last may take arguments (those of `command` and `final`).
  Result<Value> FieldChain(Value receiver, const Node& node, const std::vector<std::string>& idents,
                           std::size_t from, const Node* command, const Value& dot,
                           const Value* final) {
    for (std::size_t i = from; i < idents.size(); ++i) {
      std::vector<Value> args;
      if (i + 1 == idents.size()) {
        for (std::size_t a = 1; command != nullptr && a < command->args.size(); ++a) {
          DROVER_TRY(args.emplace_back(), Argument(*command->args[a], dot));
        }
        if (final != nullptr) args.push_back(*final);
      }
      DROVER_CHECK(Step(node));
      DROVER_TRY(receiver, Field(receiver, idents[i], args));
    }
    return receiver;
  }

  Result<Value> Field(const Value& receiver, const std::string& name,
                      const std::vector<Value>& args) {
    if (receiver.IsNil()) {
      // A map of any that lacks the key: nothing of nothing.
      return args.empty() ? Result<Value>(Value())
                          : Error_("nil data; no entry for key " + Quoted(name));
    }
    if (const Type* type = receiver.type()) {
      if (const auto method = type->methods.find(name); method != type->methods.end()) {
        auto result = method->second(receiver, args);
        if (!result) return Error_("error calling " + name + ": " + result.error().message());
        return result;
      }
    }
    if (const Map* map = receiver.AsMap()) {
      if (!args.empty()) return Error_(name + " is not a method but has arguments");
      const auto found = map->entries.find(name);
      if (found != map->entries.end()) return found->second;
      return map->of_strings ? Value("") : Value();
    }
    if (const Object* object = receiver.AsObject()) {
      for (const Object::Field& field : object->fields) {
        if (field.name != name) continue;
        if (!args.empty()) return Error_(name + " has arguments but cannot be invoked as function");
        return *field.value;
      }
    }
    return Error_("can't evaluate field " + name + " in type " + receiver.TypeName());
  }

  // An operand that is an argument.
  Result<Value> Argument(const Node& node, const Value& dot) {
    DROVER_CHECK(Step(node));
    switch (node.kind) {
      case NodeKind::kDot:
        return dot;
      case NodeKind::kNil:
        return Value();
      case NodeKind::kConstant:
        return node.constant;
      case NodeKind::kField:
        return FieldChain(dot, node, node.idents, 0, nullptr, dot, nullptr);
      case NodeKind::kVariable:
        return VariableValue(node, nullptr, dot, nullptr);
      case NodeKind::kChain:
        return ChainValue(node, nullptr, dot, nullptr);
      case NodeKind::kPipe:
        return Pipeline(node, dot);
      case NodeKind::kIdentifier: {
        Node command;
        command.kind = NodeKind::kCommand;
        return Function_(node, node, dot, nullptr);
      }
      default:
        return Error_("can't handle " + node.ToSource());
    }
  }

  // `command` is the node that error texts show; its args are the function's when it is a command.
  Result<Value> Function_(const Node& name, const Node& command, const Value& dot,
                          const Value* final) {
    DROVER_CHECK(Step(name));
    const std::size_t written =
        command.kind == NodeKind::kCommand ? command.args.size() - 1 : std::size_t{0};
    const std::size_t given = written + (final != nullptr ? 1 : 0);
    if (name.text == "and" || name.text == "or") {
      if (given == 0) {
        return Error_("wrong number of args for " + name.text + ": want at least 1 got 0");
      }
      return AndOr(name.text == "and", command, written, dot, final);
    }
    if (name.text == "call") return Call(command, written, dot, final);
    const auto own = functions_.find(name.text);
    const Function& f = own != functions_.end() ? own->second : Builtins().find(name.text)->second;
    const std::size_t fixed = f.args.size() - (f.variadic ? 1 : 0);
    if (f.variadic ? given < fixed : given != fixed) {
      return Error_("wrong number of args for " + name.text + ": want " +
                    (f.variadic ? "at least " : "") + std::to_string(fixed) + " got " +
                    std::to_string(given));
    }
    std::vector<Value> args;
    for (std::size_t i = 0; i < given; ++i) {
      const ArgKind kind = f.args[std::min(i, f.args.size() - 1)];
      Value value;
      const Node* node = nullptr;
      if (i < written) {
        node = command.args[i + 1].get();
        DROVER_TRY(value, Argument(*node, dot));
        at_ = node;
      } else {
        value = *final;
        at_ = &name;
      }
      DROVER_TRY(args.emplace_back(), Converted(std::move(value), kind, node));
    }
    auto result = f.call(args);
    if (!result) {
      at_ = &command;
      return Error_("error calling " + name.text + ": " + result.error().message());
    }
    return result;
  }

  Result<Value> AndOr(bool is_and, const Node& command, std::size_t written, const Value& dot,
                      const Value* final) {
    Value value;
    for (std::size_t i = 0; i < written; ++i) {
      DROVER_TRY(value, Argument(*command.args[i + 1], dot));
      if (value.Truth() != is_and) return value;
    }
    return final != nullptr ? *final : value;
  }

  Result<Value> Call(const Node& command, std::size_t written, const Value& dot,
                     const Value* final) {
    if (written + (final != nullptr ? 1 : 0) == 0) {
      return Error_("wrong number of args for call: want at least 1 got 0");
    }
    Value value;
    std::string shown = "argument";
    if (written > 0) {
      DROVER_TRY(value, Argument(*command.args[1], dot));
      shown = command.args[1]->ToSource();
    } else {
      value = *final;
    }
    at_ = &command;
    return Error_("error calling call: " +
                  (value.IsNil() ? std::string("call of nil")
                                 : "non-function " + shown + " of type " + value.TypeName()));
  }

  Result<Value> Converted(Value value, ArgKind kind, const Node* node) const {
    const auto wrong = [&](std::string_view type) -> tl::unexpected<Error> {
      if (node != nullptr && node->kind == NodeKind::kConstant) {
        return Error_("expected " + std::string(type) + "; found " + node->ToSource());
      }
      if (value.IsNil()) return Error_("invalid value; expected " + std::string(type));
      return Error_("wrong type for value; expected " + std::string(type) + "; got " +
                    value.TypeName());
    };
    switch (kind) {
      case ArgKind::kAny:
        break;
      case ArgKind::kString:
        if (value.AsString() == nullptr) return wrong("string");
        break;
      case ArgKind::kInt:
        if (value.AsInt() == nullptr) return wrong("int");
        break;
      case ArgKind::kFloat:
        if (value.AsInt() != nullptr && node != nullptr && node->kind == NodeKind::kConstant) {
          return Value(static_cast<double>(*value.AsInt()));
        }
        if (value.AsFloat() == nullptr) return wrong("float64");
        break;
      case ArgKind::kTime:
        if (value.AsTime() == nullptr) return wrong("time.Time");
        break;
      case ArgKind::kStrings: {
        const List* list = value.AsList();
        const bool all = list != nullptr && list->type != nullptr && list->type->name == "[]string";
        if (!all) return wrong("[]string");
        break;
      }
    }
    return value;
  }

  const TemplateMap& all_;
  const Functions& functions_;
  const ExpandLimits& limits_;
  const Template* template_ = nullptr;
  const Node* at_ = nullptr;
  std::vector<Variable> variables_;
  std::string out_;
  int depth_ = 0;
  int nesting_ = 0;
  std::size_t steps_ = 0;
};

}  // namespace

Result<std::string> Run(const Template& start, const TemplateMap& all, const Functions& functions,
                        const ExpandLimits& limits, const Value& data) {
  return Executor(all, functions, limits).Execute(start, data);
}

}  // namespace drover::tmpl
