#include <cctype>
#include <cmath>
#include <cstdio>

#include "core/base/numbers.h"
#include "core/base/utf8.h"
#include "core/model/labels.h"
#include "receiver/template/builtins.h"
#include "receiver/template/unquote.h"

namespace drover::tmpl {
namespace {

constexpr int kMaxWidth = 10'000;

struct Spec {
  bool minus = false, plus = false, sharp = false, space = false, zero = false;
  std::optional<int> width, precision;
};

std::size_t RuneCount(std::string_view text) {
  std::size_t n = 0;
  while (!text.empty()) {
    TakeRune(text);
    ++n;
  }
  return n;
}

std::string Padded(std::string text, const Spec& spec, bool zeros) {
  const std::size_t length = RuneCount(text);
  if (!spec.width || length >= static_cast<std::size_t>(*spec.width)) return text;
  const std::size_t missing = static_cast<std::size_t>(*spec.width) - length;
  if (spec.minus) return text + std::string(missing, ' ');
  if (!zeros) return std::string(missing, ' ') + text;
  const bool sign = !text.empty() && (text[0] == '-' || text[0] == '+' || text[0] == ' ');
  return text.insert(sign ? 1 : 0, missing, '0');
}

std::string Cut(const std::string& text, const Spec& spec) {
  if (!spec.precision) return text;
  std::string_view rest = text;
  for (int i = 0; i < *spec.precision && !rest.empty(); ++i) TakeRune(rest);
  return text.substr(0, text.size() - rest.size());
}

std::string Bad(char verb, const Value& v) {
  const std::string shown = v.IsNil() ? "<nil>" : v.TypeName() + "=" + v.Print();
  return std::string("%!") + verb + "(" + shown + ")";
}

std::string InBase(std::int64_t v, unsigned base, bool upper, const Spec& spec,
                   std::string_view prefix) {
  std::uint64_t n = v < 0 ? 0 - static_cast<std::uint64_t>(v) : static_cast<std::uint64_t>(v);
  const std::string_view alphabet = upper ? "0123456789ABCDEF" : "0123456789abcdef";
  std::string digits;
  do {
    digits.insert(digits.begin(), alphabet[n % base]);
    n /= base;
  } while (n > 0);
  while (spec.precision && digits.size() < static_cast<std::size_t>(*spec.precision)) {
    digits.insert(digits.begin(), '0');
  }
  const std::string sign = v < 0 ? "-" : spec.plus ? "+" : spec.space ? " " : "";
  return sign + (spec.sharp ? std::string(prefix) : "") + digits;
}

std::string IntVerb(std::int64_t v, char verb, const Spec& spec) {
  const bool zeros = spec.zero && !spec.precision;
  switch (verb) {
    case 'd':
    case 'v':
      return Padded(InBase(v, 10, false, spec, ""), spec, zeros);
    case 'x':
      return Padded(InBase(v, 16, false, spec, "0x"), spec, zeros);
    case 'X':
      return Padded(InBase(v, 16, true, spec, "0X"), spec, zeros);
    case 'o':
      return Padded(InBase(v, 8, false, spec, "0"), spec, zeros);
    case 'O':
      return Padded("0o" + InBase(v, 8, false, spec, ""), spec, zeros);
    case 'b':
      return Padded(InBase(v, 2, false, spec, "0b"), spec, zeros);
    case 'c':
    case 'q': {
      std::string text;
      AppendUtf8(text, v < 0 || v > 0x10FFFF ? 0xFFFD : static_cast<std::uint32_t>(v));
      return Padded(verb == 'q' ? "'" + text + "'" : text, spec, false);
    }
    case 'U': {
      char text[32];
      std::snprintf(text, sizeof text, "U+%04llX", static_cast<unsigned long long>(v));
      return Padded(text, spec, false);
    }
    default:
      return Bad(verb, Value(v));
  }
}

std::string FloatVerb(double v, char verb, const Spec& spec) {
  if (std::string_view("veEfFgG").find(verb) == std::string_view::npos) return Bad(verb, Value(v));
  std::string text;
  if (std::isnan(v) || std::isinf(v)) {
    text = std::isnan(v) ? "NaN" : v > 0 ? "+Inf" : "-Inf";
    if (text == "+Inf" && !spec.plus && verb != 'v') text = "+Inf";
    return Padded(text, spec, false);
  }
  if ((verb == 'v' || verb == 'g' || verb == 'G') && !spec.precision) {
    // %g switches to an exponent at 21 digits, unlike %v of the templates' print.
    if (verb == 'v') {
      AppendGoFloat(text, v);
    } else {
      AppendGoFloat(text, v);
      const double a = std::fabs(v);
      if (a >= 1e6 && a < 1e21) {
        text.clear();
        AppendFloatF(text, v);
        // Go's %g keeps the shortest form's exponent threshold of 21.
      }
    }
    if (verb == 'G') {
      for (char& c : text) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    }
  } else {
    char buffer[400];
    const char format[] = {'%', '.', '*', verb == 'v' ? 'g' : verb == 'F' ? 'f' : verb, 0};
    std::snprintf(buffer, sizeof buffer, format, spec.precision.value_or(6), v);
    text = buffer;
  }
  if (spec.plus && text[0] != '-') text.insert(0, "+");
  if (spec.space && !spec.plus && text[0] != '-') text.insert(0, " ");
  return Padded(text, spec, spec.zero);
}

std::string StringVerb(const std::string& v, char verb, const Spec& spec) {
  switch (verb) {
    case 's':
    case 'v':
      return Padded(Cut(v, spec), spec, false);
    case 'q': {
      std::string out;
      const std::string cut = Cut(v, spec);
      if (spec.sharp && cut.find('`') == std::string::npos) {
        out = "`" + cut + "`";
      } else {
        AppendGoQuoted(out, cut);
      }
      return Padded(out, spec, false);
    }
    case 'x':
    case 'X': {
      std::string out;
      for (const char c : v) {
        char hex[3];
        std::snprintf(hex, sizeof hex, verb == 'x' ? "%02x" : "%02X",
                      static_cast<unsigned>(static_cast<unsigned char>(c)));
        out += hex;
      }
      return Padded(out, spec, false);
    }
    default:
      return Bad(verb, Value(v));
  }
}

std::string Verb(const Value& v, char verb, const Spec& spec) {
  if (verb == 'T') return Padded(v.IsNil() ? "<nil>" : v.TypeName(), spec, false);
  if (v.IsNil()) return verb == 'v' ? Padded("<nil>", spec, false) : Bad(verb, v);
  if (const auto* i = v.AsInt()) return IntVerb(*i, verb, spec);
  if (const double* f = v.AsFloat()) return FloatVerb(*f, verb, spec);
  if (const auto* text = v.AsString()) return StringVerb(*text, verb, spec);
  if (const bool* b = v.AsBool()) {
    if (verb != 'v' && verb != 't') return Bad(verb, v);
    return Padded(*b ? "true" : "false", spec, false);
  }
  if (const GoDuration* d = v.AsDuration(); d != nullptr && verb != 'v' && verb != 's') {
    return IntVerb(d->nanos, verb, spec);
  }
  const bool has_text = v.type() != nullptr && (v.type()->print || v.AsTime() || v.AsDuration());
  if (const List* list = v.AsList(); list != nullptr && !has_text) {
    std::string out = "[";
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      if (i > 0) out += " ";
      out += Verb(list->items[i], verb, spec);
    }
    return out + "]";
  }
  if (verb == 'v' || verb == 's' || verb == 'q') return StringVerb(v.Print(), verb, spec);
  return Bad(verb, v);
}

class Formatter {
 public:
  Formatter(std::string_view format, std::span<const Value> args) : format_(format), args_(args) {}

  std::string Run() {
    while (at_ < format_.size()) {
      const std::size_t percent = std::min(format_.find('%', at_), format_.size());
      out_ += format_.substr(at_, percent - at_);
      at_ = percent;
      if (at_ < format_.size()) Directive();
    }
    if (!reordered_ && next_ < args_.size()) {
      out_ += "%!(EXTRA ";
      for (std::size_t i = next_; i < args_.size(); ++i) {
        if (i > next_) out_ += ", ";
        out_ += args_[i].IsNil() ? "<nil>" : args_[i].TypeName() + "=" + args_[i].Print();
      }
      out_ += ")";
    }
    return std::move(out_);
  }

 private:
  void Directive() {
    ++at_;
    Spec spec;
    for (; at_ < format_.size(); ++at_) {
      const char c = format_[at_];
      if (c == '-') {
        spec.minus = true;
        spec.zero = false;
      } else if (c == '+') {
        spec.plus = true;
      } else if (c == '#') {
        spec.sharp = true;
      } else if (c == ' ') {
        spec.space = true;
      } else if (c == '0') {
        spec.zero = !spec.minus;
      } else {
        break;
      }
    }
    bool index_ok = Index();
    if (Star(spec.width)) {
      if (spec.width && *spec.width < 0) {
        spec.width = -*spec.width;
        spec.minus = true;
        spec.zero = false;
      }
    } else {
      spec.width = Digits();
    }
    if (at_ < format_.size() && format_[at_] == '.') {
      ++at_;
      index_ok = Index() && index_ok;
      if (!Star(spec.precision)) spec.precision = Digits().value_or(0);
      if (spec.precision && *spec.precision < 0) spec.precision.reset();
    }
    index_ok = Index() && index_ok;
    if (at_ >= format_.size()) {
      out_ += "%!(NOVERB)";
      return;
    }
    std::string_view rest = format_.substr(at_);
    const std::string verb_text = [&] {
      std::string text;
      AppendUtf8(text, TakeRune(rest));
      return text;
    }();
    at_ = format_.size() - rest.size();
    const char verb = verb_text.size() == 1 ? verb_text[0] : '?';
    if (verb == '%') {
      out_ += "%";
    } else if (!index_ok) {
      out_ += "%!" + verb_text + "(BADINDEX)";
    } else if (next_ >= args_.size()) {
      out_ += "%!" + verb_text + "(MISSING)";
    } else {
      out_ += Verb(args_[next_++], verb, spec);
    }
  }

  std::optional<int> Digits() {
    std::optional<int> n;
    while (at_ < format_.size() && std::isdigit(static_cast<unsigned char>(format_[at_])) != 0) {
      n = std::min(kMaxWidth, n.value_or(0) * 10 + (format_[at_++] - '0'));
    }
    return n;
  }

  bool Star(std::optional<int>& out) {
    if (at_ >= format_.size() || format_[at_] != '*') return false;
    ++at_;
    const std::int64_t* n = next_ < args_.size() ? args_[next_].AsInt() : nullptr;
    if (n == nullptr || *n > kMaxWidth || *n < -kMaxWidth) {
      out_ += "%!(BADWIDTH)";
    } else {
      out = static_cast<int>(*n);
    }
    ++next_;
    return true;
  }

  // [2]; true when there is none or it fits.
  bool Index() {
    if (at_ >= format_.size() || format_[at_] != '[') return true;
    reordered_ = true;
    const std::size_t close = format_.find(']', at_);
    if (close == std::string_view::npos) {
      ++at_;
      return false;
    }
    const auto n = ParseInt(format_.substr(at_ + 1, close - at_ - 1));
    at_ = close + 1;
    if (!n || *n < 1 || static_cast<std::size_t>(*n) > args_.size()) return false;
    next_ = static_cast<std::size_t>(*n) - 1;
    return true;
  }

  std::string_view format_;
  std::span<const Value> args_;
  std::size_t at_ = 0;
  std::size_t next_ = 0;
  bool reordered_ = false;
  std::string out_;
};

}  // namespace

std::string GoSprintf(std::string_view format, std::span<const Value> args) {
  return Formatter(format, args).Run();
}

std::string GoSprint(std::span<const Value> args) {
  std::string out;
  for (std::size_t i = 0; i < args.size(); ++i) {
    if (i > 0 && args[i].AsString() == nullptr && args[i - 1].AsString() == nullptr) out += " ";
    out += args[i].IsNil() ? "<nil>" : args[i].Print();
  }
  return out;
}

}  // namespace drover::tmpl
