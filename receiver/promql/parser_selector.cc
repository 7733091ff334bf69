#include "core/model/labels.h"
#include "receiver/promql/parser_impl.h"

namespace drover::promql {

bool Parser::LabelList(std::vector<std::string>& labels) {
  if (!Take("(")) {
    Unexpected("grouping opts", "\"(\"");
    return false;
  }
  while (!Take(")")) {
    const Token& token = Peek();
    if (token.kind == TokenKind::kIdentifier) {
      labels.emplace_back(token.text);
    } else if (token.kind == TokenKind::kString && !token.value.empty()) {
      labels.push_back(token.value);
    } else if (token.kind == TokenKind::kNumber && IsLegacyLabelName(token.text)) {
      labels.emplace_back(token.text);  // inf, nan
    } else {
      Unexpected("grouping opts", "label");
      return false;
    }
    Next();
    if (IsPunctuation(Peek(), ")")) continue;
    if (!Take(",")) {
      Unexpected("grouping opts", "\",\" or \")\"");
      return false;
    }
  }
  return true;
}

std::unique_ptr<VectorSelector> Parser::Selector() {
  auto selector = std::make_unique<VectorSelector>();
  const std::size_t begin = Peek().begin;
  if (IsIdentifier(Peek())) selector->name = std::string(Next().text);
  if (IsPunctuation(Peek(), "{") && !Matchers(*selector)) return nullptr;
  selector->range = {begin, LastEnd()};
  if (!selector->name.empty()) {
    selector->matchers.push_back(*Matcher::Make(MatchType::kEqual, kMetricName, selector->name));
  }
  return selector;
}

bool Parser::Matchers(VectorSelector& selector) {
  Next();
  bool name_inside = false;
  while (!Take("}")) {
    const Token& label = Peek();
    if (label.kind != TokenKind::kIdentifier && label.kind != TokenKind::kString) {
      Unexpected("label matching", "identifier or \"}\"");
      return false;
    }
    Next();
    const bool lone = label.kind == TokenKind::kString && Peek().kind != TokenKind::kOperator;
    const std::string name =
        label.kind == TokenKind::kString ? label.value : std::string(label.text);
    if (lone) {
      if (!selector.name.empty() || name_inside) {
        Refuse(label.range(), "metric name must not be set twice: " + Quoted(selector.name) +
                                  " or " + Quoted(name));
        return false;
      }
      name_inside = true;
      selector.matchers.push_back(*Matcher::Make(MatchType::kEqual, kMetricName, name));
    } else if (!OneMatcher(selector, name)) {
      return false;
    }
    if (IsPunctuation(Peek(), "}")) continue;
    if (!Take(",")) {
      Unexpected("label matching", "\",\" or \"}\"");
      return false;
    }
  }
  return true;
}

bool Parser::OneMatcher(VectorSelector& selector, const std::string& name) {
  const Token& op = Peek();
  MatchType type = MatchType::kEqual;
  if (op.kind == TokenKind::kOperator && op.text == "!=") {
    type = MatchType::kNotEqual;
  } else if (op.kind == TokenKind::kOperator && op.text == "=~") {
    type = MatchType::kRegexp;
  } else if (op.kind == TokenKind::kOperator && op.text == "!~") {
    type = MatchType::kNotRegexp;
  } else if (op.kind != TokenKind::kOperator || op.text != "=") {
    Unexpected("label matching", "label matching operator");
    return false;
  }
  Next();
  if (Peek().kind != TokenKind::kString) {
    Unexpected("label matching", "string");
    return false;
  }
  auto matcher = Matcher::Make(type, name, Next().value);
  if (!matcher) {
    Refuse(tokens_[at_ - 1].range(), matcher.error().message());
    return false;
  }
  selector.matchers.push_back(*std::move(matcher));
  return true;
}

}  // namespace drover::promql
