#include "receiver/template/builtins.h"

#include <cmath>
#include <cstdio>

#include "core/base/numbers.h"
#include "receiver/template/unquote.h"

namespace drover::tmpl {
namespace {

using Args = std::span<const Value>;

auto Bad(std::string text) { return Fail(ErrorCode::kInvalid, std::move(text)); }

enum class Basic { kNone, kBool, kInt, kFloat, kString };
Basic BasicOf(const Value& v) {
  if (v.AsBool() != nullptr) return Basic::kBool;
  if (v.AsInt() != nullptr || v.AsDuration() != nullptr) return Basic::kInt;
  if (v.AsFloat() != nullptr) return Basic::kFloat;
  if (v.AsString() != nullptr) return Basic::kString;
  return Basic::kNone;
}
std::int64_t IntOf(const Value& v) {
  return v.AsInt() != nullptr ? *v.AsInt() : v.AsDuration()->nanos;
}

Result<bool> Equal(const Value& a, const Value& b) {
  const Basic x = BasicOf(a);
  const Basic y = BasicOf(b);
  if (a.IsNil() || b.IsNil()) return a.IsNil() && b.IsNil();
  if (a.AsList() || a.AsMap()) return Bad("non-comparable type " + a.Print() + ": " + a.TypeName());
  if (b.AsList() || b.AsMap()) return Bad("non-comparable type " + b.Print() + ": " + b.TypeName());
  if (x != y) {
    return Bad("incompatible types for comparison: " + a.TypeName() + " and " + b.TypeName());
  }
  switch (x) {
    case Basic::kBool:
      return *a.AsBool() == *b.AsBool();
    case Basic::kInt:
      return IntOf(a) == IntOf(b);
    case Basic::kFloat:
      return *a.AsFloat() == *b.AsFloat();
    case Basic::kString:
      return *a.AsString() == *b.AsString();
    case Basic::kNone:
      break;
  }
  if (a.TypeName() != b.TypeName()) {
    return Bad("incompatible types for comparison: " + a.TypeName() + " and " + b.TypeName());
  }
  return a.Print() == b.Print();
}

Result<bool> Less(const Value& a, const Value& b) {
  const Basic x = BasicOf(a);
  if (x != BasicOf(b)) {
    return Bad("incompatible types for comparison: " + a.TypeName() + " and " + b.TypeName());
  }
  switch (x) {
    case Basic::kInt:
      return IntOf(a) < IntOf(b);
    case Basic::kFloat:
      return *a.AsFloat() < *b.AsFloat();
    case Basic::kString:
      return *a.AsString() < *b.AsString();
    default:
      return Bad("invalid type for comparison");
  }
}

Result<Value> Eq(Args args) {
  if (args.size() < 2) return Bad("missing argument for comparison");
  for (const Value& other : args.subspan(1)) {
    DROVER_TRY(const bool equal, Equal(args[0], other));
    if (equal) return Value(true);
  }
  return Value(false);
}

template <bool swap, bool negate>
Result<Value> Order(Args args) {
  DROVER_TRY(const bool less, swap ? Less(args[1], args[0]) : Less(args[0], args[1]));
  return Value(less != negate);
}

Result<std::size_t> IndexArg(const Value& v, std::size_t limit) {
  if (v.AsInt() == nullptr) {
    return Bad(v.IsNil() ? "cannot index slice/array with nil"
                         : "cannot index slice/array with type " + v.TypeName());
  }
  if (*v.AsInt() < 0 || static_cast<std::size_t>(*v.AsInt()) >= limit) {
    return Bad("index out of range: " + std::to_string(*v.AsInt()));
  }
  return static_cast<std::size_t>(*v.AsInt());
}

Result<Value> Index(Args args) {
  Value item = args[0];
  if (item.IsNil()) return Bad("index of untyped nil");
  for (const Value& key : args.subspan(1)) {
    if (const List* list = item.AsList()) {
      DROVER_TRY(const std::size_t i, IndexArg(key, list->items.size()));
      item = Value(list->items[i]);
    } else if (const auto* text = item.AsString()) {
      DROVER_TRY(const std::size_t i, IndexArg(key, text->size()));
      item = Value(static_cast<std::int64_t>(static_cast<unsigned char>((*text)[i])));
    } else if (const Map* map = item.AsMap()) {
      if (key.AsString() == nullptr) {
        return Bad("value has type " + key.TypeName() + "; should be string");
      }
      const auto found = map->entries.find(*key.AsString());
      item = found != map->entries.end() ? Value(found->second)
             : map->of_strings           ? Value("")
                                         : Value();
    } else {
      return Bad("can't index item of type " + item.TypeName());
    }
  }
  return item;
}

Result<Value> Slice(Args args) {
  const Value& item = args[0];
  const auto* text = item.AsString();
  const List* list = item.AsList();
  if (text == nullptr && list == nullptr) {
    return Bad("can't slice item of type " + item.TypeName());
  }
  const std::size_t size = text != nullptr ? text->size() : list->items.size();
  if (args.size() > 3 && text != nullptr) return Bad("cannot 3-index slice a string");
  std::size_t bounds[3] = {0, size, size};
  for (std::size_t i = 1; i < args.size() && i < 4; ++i) {
    DROVER_TRY(bounds[i - 1], IndexArg(args[i], size + 1));
  }
  if (bounds[0] > bounds[1]) {
    return Bad("invalid slice index: " + std::to_string(bounds[0]) + " > " +
               std::to_string(bounds[1]));
  }
  if (text != nullptr) return Value(text->substr(bounds[0], bounds[1] - bounds[0]));
  List out;
  out.type = list->type;
  out.items.assign(list->items.begin() + static_cast<std::ptrdiff_t>(bounds[0]),
                   list->items.begin() + static_cast<std::ptrdiff_t>(bounds[1]));
  return Value(std::move(out));
}

Result<Value> Len(Args args) {
  const Value& v = args[0];
  std::size_t n = 0;
  if (const auto* text = v.AsString()) {
    n = text->size();
  } else if (const List* list = v.AsList()) {
    n = list->items.size();
  } else if (const Map* map = v.AsMap()) {
    n = map->entries.size();
  } else if (v.IsNil()) {
    return Bad("len of nil pointer");
  } else {
    return Bad("len of type " + v.TypeName());
  }
  return Value(static_cast<std::int64_t>(n));
}

// What html, js and urlquery work on.
std::string Joined(Args args) {
  return args.size() == 1 && args[0].AsString() != nullptr ? *args[0].AsString() : GoSprint(args);
}

Result<Value> Html(Args args) {
  std::string out;
  for (const char c : Joined(args)) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      case '\0':
        out += "\xEF\xBF\xBD";
        break;
      default:
        out.push_back(c);
    }
  }
  return Value(out);
}

Result<Value> Js(Args args) {
  std::string out;
  for (const char c : Joined(args)) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\\' || c == '\'' || c == '"') {
      out.push_back('\\');
      out.push_back(c);
    } else if (byte < 0x20 || c == '<' || c == '>' || c == '&' || c == '=') {
      char code[8];
      std::snprintf(code, sizeof code, "\\u%04X", byte);
      out += code;
    } else {
      out.push_back(c);
    }
  }
  return Value(out);
}

Result<Value> UrlQuery(Args args) {
  std::string out;
  for (const char c : Joined(args)) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      char code[4];
      std::snprintf(code, sizeof code, "%%%02X", byte);
      out += code;
    }
  }
  return Value(out);
}

}  // namespace

const Functions& Builtins() {
  static const Functions functions = [] {
    const ArgKind any = ArgKind::kAny;
    Functions f;
    f["not"] = {{any}, false, [](Args a) -> Result<Value> { return Value(!a[0].Truth()); }};
    f["eq"] = {{any, any}, true, Eq};
    f["ne"] = {{any, any}, false, [](Args a) -> Result<Value> {
                 DROVER_TRY(const bool equal, Equal(a[0], a[1]));
                 return Value(!equal);
               }};
    f["lt"] = {{any, any}, false, Order<false, false>};
    f["le"] = {{any, any}, false, Order<true, true>};
    f["gt"] = {{any, any}, false, Order<true, false>};
    f["ge"] = {{any, any}, false, Order<false, true>};
    f["index"] = {{any, any}, true, Index};
    f["slice"] = {{any, any}, true, Slice};
    f["len"] = {{any}, false, Len};
    f["print"] = {{any}, true, [](Args a) -> Result<Value> { return Value(GoSprint(a)); }};
    f["println"] = {{any}, true, [](Args a) -> Result<Value> {
                      std::string out;
                      for (std::size_t i = 0; i < a.size(); ++i) {
                        out += (i > 0 ? " " : "") + (a[i].IsNil() ? "<nil>" : a[i].Print());
                      }
                      return Value(out + "\n");
                    }};
    f["printf"] = {{ArgKind::kString, any}, true, [](Args a) -> Result<Value> {
                     return Value(GoSprintf(*a[0].AsString(), a.subspan(1)));
                   }};
    f["html"] = {{any}, true, Html};
    f["js"] = {{any}, true, Js};
    f["urlquery"] = {{any}, true, UrlQuery};
    return f;
  }();
  return functions;
}

}  // namespace drover::tmpl
