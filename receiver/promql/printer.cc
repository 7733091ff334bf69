#include "receiver/promql/printer.h"

#include <algorithm>
#include <chrono>

#include "core/base/duration.h"
#include "core/base/numbers.h"
#include "core/model/labels.h"
#include "receiver/promql/signatures.h"

namespace drover::promql {
namespace {

constexpr std::size_t kLineWidth = 100;

std::string Number(double v) {
  std::string out;
  AppendFloatF(out, v);
  return out;
}

std::string DurationText(std::int64_t ms) {
  const std::string text = FormatDuration(std::chrono::milliseconds(ms < 0 ? -ms : ms));
  return ms < 0 ? "-" + text : text;
}

std::string SecondsText(double seconds) {
  return DurationText(static_cast<std::int64_t>(seconds * 1000 + (seconds < 0 ? -0.5 : 0.5)));
}

std::string LabelText(const std::string& label) {
  if (IsLegacyLabelName(label)) return label;
  std::string out;
  AppendGoQuoted(out, label);
  return out;
}

std::string List(const std::vector<std::string>& labels) {
  std::string out = "(";
  for (std::size_t i = 0; i < labels.size(); ++i) {
    if (i > 0) out += ", ";
    out += LabelText(labels[i]);
  }
  return out + ")";
}

std::string DurationExprText(const DurationExpr& e) {
  const auto binary = [&e](std::string_view op) {
    return DurationExprText(*e.lhs) + " " + std::string(op) + " " + DurationExprText(*e.rhs);
  };
  const auto call = [&e](std::string_view name) {
    return std::string(name) + "(" + DurationExprText(*e.lhs) + ", " + DurationExprText(*e.rhs) +
           ")";
  };
  std::string out;
  switch (e.op) {
    case DurationExpr::Op::kNumber:
      out = e.is_duration ? SecondsText(e.number) : Number(e.number);
      break;
    case DurationExpr::Op::kNegate:
      out = "-" + DurationExprText(*e.rhs);
      break;
    case DurationExpr::Op::kAdd:
      out = binary("+");
      break;
    case DurationExpr::Op::kSub:
      out = binary("-");
      break;
    case DurationExpr::Op::kMul:
      out = binary("*");
      break;
    case DurationExpr::Op::kDiv:
      out = binary("/");
      break;
    case DurationExpr::Op::kMod:
      out = binary("%");
      break;
    case DurationExpr::Op::kPow:
      out = binary("^");
      break;
    case DurationExpr::Op::kStep:
      out = "step()";
      break;
    case DurationExpr::Op::kRange:
      out = "range()";
      break;
    case DurationExpr::Op::kMin:
      out = call("min_of");
      break;
    case DurationExpr::Op::kMax:
      out = call("max_of");
      break;
  }
  return e.parens ? "(" + out + ")" : out;
}

std::string Text(const Duration& d) {
  return d.expr ? DurationExprText(*d.expr) : DurationText(d.ms);
}

std::string AtText(const Shift& shift) {
  switch (shift.at) {
    case AtKind::kNone:
      return "";
    case AtKind::kStart:
      return " @ start()";
    case AtKind::kEnd:
      return " @ end()";
    case AtKind::kTime:
      break;
  }
  const std::uint64_t ms = shift.at_ms < 0 ? 0 - static_cast<std::uint64_t>(shift.at_ms)
                                           : static_cast<std::uint64_t>(shift.at_ms);
  std::string fraction = std::to_string(ms % 1000);
  fraction.insert(0, 3 - fraction.size(), '0');
  return " @ " + std::string(shift.at_ms < 0 ? "-" : "") + std::to_string(ms / 1000) + "." +
         fraction;
}

std::string OffsetText(const Shift& shift) {
  if (!shift.has_offset || (!shift.offset.expr && shift.offset.ms == 0)) return "";
  return " offset " + Text(shift.offset);
}

std::string ExtensionText(Extension extension) {
  if (extension == Extension::kAnchored) return " anchored";
  return extension == Extension::kSmoothed ? " smoothed" : "";
}

std::string SelectorHead(const VectorSelector& s) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < s.matchers.size(); ++i) {
    if (!s.name.empty() && i + 1 == s.matchers.size()) break;  // the name itself
    const Matcher& m = s.matchers[i];
    std::string text = LabelText(m.name()) + std::string(Text(m.type()));
    AppendGoQuoted(text, m.value());
    texts.push_back(std::move(text));
  }
  std::sort(texts.begin(), texts.end());
  if (texts.empty()) return s.name.empty() ? "{}" : s.name;
  std::string out = s.name + "{";
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (i > 0) out += ",";
    out += texts[i];
  }
  return out + "}";
}

std::string SubqueryTail(const Subquery& s) {
  return "[" + Text(s.window) + ":" + (s.step ? Text(*s.step) : "") + "]" + AtText(s.shift) +
         OffsetText(s.shift);
}

std::string OperatorText(const Binary& b) {
  const Matching& m = b.matching;
  std::string out(Text(b.op));
  if (b.return_bool) out += " bool";
  if (m.written && (m.on || !m.labels.empty() || m.grouped)) {
    out += (m.on ? " on " : " ignoring ") + List(m.labels);
  }
  if (m.grouped) {
    out += (m.cardinality == Cardinality::kManyToOne ? " group_left " : " group_right ") +
           List(m.include);
  }
  // A NaN fill is equal to itself here.
  const bool same = m.fill_left && m.fill_right && Number(*m.fill_left) == Number(*m.fill_right);
  if (same) return out + " fill (" + Number(*m.fill_left) + ")";
  if (m.fill_left) out += " fill_left (" + Number(*m.fill_left) + ")";
  if (m.fill_right) out += " fill_right (" + Number(*m.fill_right) + ")";
  return out;
}

std::string AggregateHead(const Aggregate& a) {
  std::string out(Text(a.op));
  if (a.without) return out + " without " + List(a.grouping) + " ";
  if (!a.grouping.empty()) out += " by " + List(a.grouping) + " ";
  return out;
}

std::string PrettyLines(const Expr& expr, std::size_t depth);

std::string Children(const std::vector<const Expr*>& children, std::size_t depth) {
  std::string out;
  for (std::size_t i = 0; i < children.size(); ++i) {
    out += PrettyLines(*children[i], depth);
    out += i + 1 < children.size() ? ",\n" : "\n";
  }
  return out;
}

std::string PrettyLines(const Expr& expr, std::size_t depth) {
  const std::string indent(depth * 2, ' ');
  const std::string line = ToText(expr);
  if (line.size() <= kLineWidth) return indent + line;
  switch (expr.kind) {
    case ExprKind::kAggregate: {
      const auto& a = expr.As<Aggregate>();
      std::vector<const Expr*> children;
      if (a.param) children.push_back(a.param.get());
      children.push_back(a.expr.get());
      return indent + AggregateHead(a) + "(\n" + Children(children, depth + 1) + indent + ")";
    }
    case ExprKind::kCall: {
      const auto& call = expr.As<Call>();
      std::vector<const Expr*> children;
      for (const ExprPtr& arg : call.args) children.push_back(arg.get());
      return indent + std::string(call.signature->name) + "(\n" + Children(children, depth + 1) +
             indent + ")";
    }
    case ExprKind::kBinary: {
      const auto& b = expr.As<Binary>();
      return PrettyLines(*b.lhs, depth + 1) + "\n" + indent + OperatorText(b) + "\n" +
             PrettyLines(*b.rhs, depth + 1);
    }
    case ExprKind::kParen:
      return indent + "(\n" + PrettyLines(*expr.As<Paren>().expr, depth + 1) + "\n" + indent + ")";
    case ExprKind::kSubquery: {
      const auto& s = expr.As<Subquery>();
      return PrettyLines(*s.expr, depth) + SubqueryTail(s);
    }
    case ExprKind::kUnary: {
      const auto& u = expr.As<Unary>();
      const std::string inner = PrettyLines(*u.expr, depth);
      const std::size_t at = inner.find_first_not_of(' ');
      return inner.substr(0, at) + (u.negative ? "-" : "+") + inner.substr(at);
    }
    default:
      return indent + line;
  }
}

}  // namespace

std::string ToText(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kNumber: {
      const auto& n = expr.As<NumberLiteral>();
      return n.is_duration ? SecondsText(n.value) : Number(n.value);
    }
    case ExprKind::kString: {
      std::string out;
      AppendGoQuoted(out, expr.As<StringLiteral>().value);
      return out;
    }
    case ExprKind::kVectorSelector: {
      const auto& s = expr.As<VectorSelector>();
      return SelectorHead(s) + AtText(s.shift) + ExtensionText(s.extension) + OffsetText(s.shift);
    }
    case ExprKind::kMatrixSelector: {
      const auto& m = expr.As<MatrixSelector>();
      const VectorSelector& s = *m.selector;
      return SelectorHead(s) + "[" + Text(m.window) + "]" + AtText(s.shift) +
             ExtensionText(s.extension) + OffsetText(s.shift);
    }
    case ExprKind::kSubquery:
      return ToText(*expr.As<Subquery>().expr) + SubqueryTail(expr.As<Subquery>());
    case ExprKind::kCall: {
      const auto& call = expr.As<Call>();
      std::string out = std::string(call.signature->name) + "(";
      for (std::size_t i = 0; i < call.args.size(); ++i) {
        if (i > 0) out += ", ";
        out += ToText(*call.args[i]);
      }
      return out + ")";
    }
    case ExprKind::kAggregate: {
      const auto& a = expr.As<Aggregate>();
      return AggregateHead(a) + "(" + (a.param ? ToText(*a.param) + ", " : "") + ToText(*a.expr) +
             ")";
    }
    case ExprKind::kBinary: {
      const auto& b = expr.As<Binary>();
      return ToText(*b.lhs) + " " + OperatorText(b) + " " + ToText(*b.rhs);
    }
    case ExprKind::kUnary:
      return (expr.As<Unary>().negative ? "-" : "+") + ToText(*expr.As<Unary>().expr);
    case ExprKind::kParen:
      return "(" + ToText(*expr.As<Paren>().expr) + ")";
  }
  return "";
}

std::string ToPrettyText(const Expr& expr) { return PrettyLines(expr, 0); }

}  // namespace drover::promql
