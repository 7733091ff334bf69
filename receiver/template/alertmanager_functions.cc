#include <algorithm>
#include <cctype>

#include "receiver/template/builtins.h"
#include "receiver/template/common_functions.h"
#include "receiver/template/functions.h"
#include "receiver/template/humanize.h"

namespace drover::tmpl {
namespace {

using Args = std::span<const Value>;

auto Bad(std::string text) { return Fail(ErrorCode::kInvalid, std::move(text)); }

std::string Trimmed(std::string_view text) {
  const auto blank = [](char c) { return c == ' ' || (c >= '\t' && c <= '\r'); };
  while (!text.empty() && blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && blank(text.back())) text.remove_suffix(1);
  return std::string(text);
}

Result<Value> UrlUnescape(Args args) {
  const std::string& text = *args[0].AsString();
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out.push_back(' ');
    } else if (text[i] != '%') {
      out.push_back(text[i]);
    } else {
      const auto hex = [&](std::size_t at) {
        return at < text.size() && std::isxdigit(static_cast<unsigned char>(text[at])) != 0;
      };
      if (!hex(i + 1) || !hex(i + 2)) {
        return Bad("invalid URL escape \"" + text.substr(i, 3) + "\"");
      }
      out.push_back(static_cast<char>(std::stoi(text.substr(i + 1, 2), nullptr, 16)));
      i += 2;
    }
  }
  return Value(out);
}

Result<Value> Dict(Args args) {
  if (args.size() % 2 != 0) return Bad("dict requires an even number of arguments");
  Map map;
  for (std::size_t i = 0; i < args.size(); i += 2) {
    if (args[i].AsString() == nullptr) return Bad("dict keys must be strings");
    map.entries[*args[i].AsString()] = args[i + 1];
  }
  return Value(std::move(map));
}

Result<Value> Append(Args args) {
  const List* list = args[0].AsList();
  if (list == nullptr) return Bad("append: first argument is not a list");
  List out;
  out.items = list->items;
  out.items.insert(out.items.end(), args.begin() + 1, args.end());
  return Value(std::move(out));
}

}  // namespace

Functions AlertmanagerFunctions(const AlertmanagerEnv& env) {
  const ArgKind s = ArgKind::kString;
  const ArgKind any = ArgKind::kAny;
  const auto now = [env] {
    const std::int64_t ms = env.now ? ToMs(env.now()) : 0;
    return UtcTime(ms / 1000, static_cast<std::int32_t>(ms % 1000) * 1'000'000);
  };
  Functions f;
  AddCommonFunctions(f, true);
  f["trimSpace"] = {
      {s}, false, [](Args a) -> Result<Value> { return Value(Trimmed(*a[0].AsString())); }};
  f["join"] = {{s, ArgKind::kStrings}, false, [](Args a) -> Result<Value> {
                 std::string out;
                 for (const Value& item : a[1].AsList()->items) {
                   if (&item != &a[1].AsList()->items.front()) out += *a[0].AsString();
                   out += *item.AsString();
                 }
                 return Value(out);
               }};
  f["safeUrl"] = {{s}, false, [](Args a) -> Result<Value> {
                    return Value(Text{*a[0].AsString(), Safety::kUrl});
                  }};
  f["stringSlice"] = {{s}, true, [](Args a) -> Result<Value> {
                        std::vector<std::string> texts;
                        for (const Value& v : a) texts.push_back(*v.AsString());
                        return Value::Strings(std::move(texts));
                      }};
  f["list"] = {{any}, true, [](Args a) -> Result<Value> {
                 List list;
                 list.items.assign(a.begin(), a.end());
                 return Value(std::move(list));
               }};
  f["append"] = {{any, any}, true, Append};
  f["dict"] = {{any}, true, Dict};
  f["date"] = {{s, ArgKind::kTime}, false, [](Args a) -> Result<Value> {
                 return Value(FormatTime(*a[1].AsTime(), *a[0].AsString()));
               }};
  f["tz"] = {{s, ArgKind::kTime}, false, [](Args a) -> Result<Value> {
               DROVER_TRY(const Time t, InZone(*a[1].AsTime(), *a[0].AsString()));
               return Value(t);
             }};
  f["now"] = {{}, false, [now](Args) -> Result<Value> { return Value(now()); }};
  f["since"] = {{ArgKind::kTime}, false, [now](Args a) -> Result<Value> {
                  const Value difference[] = {a[0]};
                  return TimeType().methods.find("Sub")->second(Value(now()), difference);
                }};
  f["humanizeDuration"] = {{any}, false, [](Args a) -> Result<Value> {
                             DROVER_TRY(const double v, NumberOf(a[0]));
                             return Value(HumanizeDuration(v));
                           }};
  f["toJson"] = {{any}, false, [](Args a) -> Result<Value> { return Value(a[0].ToJson()); }};
  f["urlUnescape"] = {{s}, false, UrlUnescape};
  return f;
}

}  // namespace drover::tmpl
