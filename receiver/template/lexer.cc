#include "receiver/template/lexer.h"

#include <algorithm>

#include "core/base/utf8.h"

namespace drover::tmpl {
namespace {

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         static_cast<unsigned char>(c) >= 0x80;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_(text) {}

  std::vector<Token> Run() {
    while (Text() && Action()) {
    }
    return std::move(tokens_);
  }

 private:
  void Put(TokenKind kind, std::size_t begin, std::string_view text) {
    line_ += static_cast<int>(std::count(text_.begin() + static_cast<std::ptrdiff_t>(counted_),
                                         text_.begin() + static_cast<std::ptrdiff_t>(begin), '\n'));
    counted_ = begin;
    tokens_.push_back({kind, std::string(text), begin, line_});
  }
  bool Fail(std::string message) {
    Put(TokenKind::kError, at_ > text_.size() ? text_.size() : at_, message);
    return false;
  }
  std::string_view Rest() const { return text_.substr(at_); }
  bool StartsWithTrimmedClose() const {
    const std::string_view rest = Rest();
    return rest.size() >= 4 && IsSpace(rest[0]) && rest.substr(1).starts_with("-}}");
  }

  // Up to the next {{; false at the end of the text.
  bool Text() {
    const std::size_t open = text_.find("{{", at_);
    const std::size_t end = std::min(open, text_.size());
    std::string_view piece = text_.substr(at_, end - at_);
    std::size_t begin = at_;
    if (trim_next_) {
      while (!piece.empty() && IsSpace(piece.front())) {
        piece.remove_prefix(1);
        ++begin;
      }
    }
    trim_next_ = false;
    at_ = end;
    if (open == std::string_view::npos) {
      if (!piece.empty()) Put(TokenKind::kText, begin, piece);
      Put(TokenKind::kEnd, text_.size(), "EOF");
      return false;
    }
    const std::string_view after = text_.substr(open + 2);
    const bool trims = after.size() >= 2 && after[0] == '-' && IsSpace(after[1]);
    if (trims) {
      while (!piece.empty() && IsSpace(piece.back())) piece.remove_suffix(1);
    }
    if (!piece.empty()) Put(TokenKind::kText, begin, piece);
    at_ = open + 2 + (trims ? 2 : 0);
    left_ = open;
    return true;
  }

  bool Action() {
    if (Rest().starts_with("/*")) return Comment();
    Put(TokenKind::kLeft, left_, "{{");
    open_ = 0;
    while (true) {
      if (StartsWithTrimmedClose()) {
        trim_next_ = true;
        Put(TokenKind::kRight, at_, "}}");
        at_ += 4;
        return open_ == 0 || Fail("unclosed left paren");
      }
      if (Rest().starts_with("}}")) {
        Put(TokenKind::kRight, at_, "}}");
        at_ += 2;
        return open_ == 0 || Fail("unclosed left paren");
      }
      if (at_ >= text_.size()) return Fail("unclosed action");
      if (!Inside()) return false;
    }
  }

  bool Comment() {
    const std::size_t close = text_.find("*/", at_);
    if (close == std::string_view::npos) return Fail("unclosed comment");
    at_ = close + 2;
    if (StartsWithTrimmedClose()) {
      trim_next_ = true;
      at_ += 4;
      return true;
    }
    if (!Rest().starts_with("}}")) return Fail("comment ends before closing delimiter");
    at_ += 2;
    return true;
  }

  bool Inside() {
    const std::size_t begin = at_;
    const char c = text_[at_];
    const auto take = [&](TokenKind kind, std::size_t length) {
      at_ += length;
      Put(kind, begin, text_.substr(begin, length));
      return true;
    };
    const auto words = [&](std::size_t from) {
      std::size_t end = from;
      while (end < text_.size() && IsWordChar(text_[end])) ++end;
      return end - begin;
    };
    if (IsSpace(c)) {
      std::size_t n = 0;
      while (at_ + n < text_.size() && IsSpace(text_[at_ + n])) {
        if (n > 0 && text_.substr(at_ + n).size() >= 4 &&
            text_.substr(at_ + n + 1).starts_with("-}}")) {
          break;
        }
        ++n;
      }
      return take(TokenKind::kSpace, n);
    }
    const char next = at_ + 1 < text_.size() ? text_[at_ + 1] : '\0';
    if (c == '.' && !IsDigit(next)) {
      return IsWordChar(next) ? take(TokenKind::kField, words(at_ + 1)) : take(TokenKind::kDot, 1);
    }
    if (c == '$') return take(TokenKind::kVariable, words(at_ + 1));
    if (c == '"' || c == '\'') return Quoted(c);
    if (c == '`') {
      const std::size_t close = text_.find('`', at_ + 1);
      if (close == std::string_view::npos) return Fail("unterminated raw quoted string");
      return take(TokenKind::kRawString, close + 1 - begin);
    }
    if (IsDigit(c) || c == '.' || ((c == '+' || c == '-') && (IsDigit(next) || next == '.'))) {
      return Number();
    }
    if (IsWordChar(c)) return take(TokenKind::kIdentifier, words(at_));
    if (c == ':' && next == '=') return take(TokenKind::kDeclare, 2);
    if (c == '=') return take(TokenKind::kAssign, 1);
    if (c == '|') return take(TokenKind::kPipe, 1);
    if (c == ',') return take(TokenKind::kComma, 1);
    if (c == '(') {
      ++open_;
      return take(TokenKind::kOpen, 1);
    }
    if (c == ')') {
      if (--open_ < 0) return Fail("unexpected right paren");
      return take(TokenKind::kClose, 1);
    }
    return take(TokenKind::kOther, std::max<std::size_t>(1, Utf8SequenceLength(Rest())));
  }

  bool Quoted(char quote) {
    const std::size_t begin = at_++;
    while (true) {
      if (at_ >= text_.size() || text_[at_] == '\n') {
        return Fail(quote == '"' ? "unterminated quoted string"
                                 : "unterminated character constant");
      }
      const char c = text_[at_++];
      if (c == '\\') {
        ++at_;
      } else if (c == quote) {
        break;
      }
    }
    Put(quote == '"' ? TokenKind::kString : TokenKind::kCharacter, begin,
        text_.substr(begin, at_ - begin));
    return true;
  }

  bool Number() {
    const std::size_t begin = at_;
    if (text_[at_] == '+' || text_[at_] == '-') ++at_;
    const bool hex = Rest().starts_with("0x") || Rest().starts_with("0X");
    while (at_ < text_.size()) {
      const char c = text_[at_];
      const bool sign =
          (c == '+' || c == '-') && !hex && (text_[at_ - 1] == 'e' || text_[at_ - 1] == 'E');
      if (!IsWordChar(c) && c != '.' && !sign) break;
      ++at_;
    }
    Put(TokenKind::kNumber, begin, text_.substr(begin, at_ - begin));
    return true;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  std::size_t left_ = 0;
  std::size_t counted_ = 0;
  int line_ = 1;
  int open_ = 0;
  bool trim_next_ = false;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> LexTemplate(std::string_view text) { return Lexer(text).Run(); }

}  // namespace drover::tmpl
