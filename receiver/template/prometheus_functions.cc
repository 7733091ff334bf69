#include <algorithm>
#include <cctype>
#include <cstdio>

#include "core/base/duration.h"
#include "core/model/labels.h"
#include "receiver/template/common_functions.h"
#include "receiver/template/functions.h"
#include "receiver/template/humanize.h"

namespace drover::tmpl {
namespace {

using Args = std::span<const Value>;

auto Bad(std::string text) { return Fail(ErrorCode::kInvalid, std::move(text)); }

const Type& SampleType() {
  static const Type type{"*template.sample", {}, {}};
  return type;
}

Value SampleValue(const QuerySample& sample) {
  Object object;
  object.type = &SampleType();
  object.fields = {
      {"Labels", "Labels", std::make_shared<const Value>(Value::StringMap(sample.labels))},
      {"Value", "Value", std::make_shared<const Value>(sample.value)}};
  return Value(std::move(object));
}

Result<const Object*> SampleArg(const Value& v) {
  const Object* object = v.AsObject();
  if (object == nullptr || object->type != &SampleType()) {
    return Bad("wrong type for value; expected *template.sample; got " + v.TypeName());
  }
  return object;
}

Result<std::string> LabelOf(const Value& sample, const std::string& name) {
  DROVER_TRY(const Object* object, SampleArg(sample));
  const Map& labels = *object->fields[0].value->AsMap();
  const auto found = labels.entries.find(name);
  return found == labels.entries.end() ? std::string() : *found->second.AsString();
}

Result<Value> SortByLabel(Args args) {
  const List* list = args[1].AsList();
  if (list == nullptr) return Bad("sortByLabel: not a list of samples");
  std::vector<std::pair<std::string, Value>> keyed;
  for (const Value& item : list->items) {
    DROVER_TRY(std::string key, LabelOf(item, *args[0].AsString()));
    keyed.emplace_back(std::move(key), item);
  }
  std::stable_sort(keyed.begin(), keyed.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  List out;
  out.type = list->type;
  for (auto& [key, item] : keyed) out.items.push_back(std::move(item));
  return Value(std::move(out));
}

// host:port into host; nothing when there is no port.
std::string StripPort(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  if (colon == std::string::npos) return text;
  if (text.front() == '[') {
    return colon > 1 && text[colon - 1] == ']' ? text.substr(1, colon - 2) : text;
  }
  return text.find(':') == colon ? text.substr(0, colon) : text;
}

bool IsIp(const std::string& host) {
  if (host.find(':') != std::string::npos) return true;
  return host.find_first_not_of("0123456789.") == std::string::npos &&
         std::count(host.begin(), host.end(), '.') == 3;
}

std::string StripDomain(const std::string& text) {
  std::string host = StripPort(text);
  std::string port;
  if (host != text) port = text.substr(text.rfind(':'));
  if (IsIp(host)) return text;
  return host.substr(0, host.find('.')) + port;
}

template <std::string (*f)(double)>
Result<Value> OfNumber(Args args) {
  DROVER_TRY(const double v, NumberOf(args[0]));
  return Value(f(v));
}

template <std::string (*f)(const std::string&)>
Result<Value> OfText(Args args) {
  return Value(f(*args[0].AsString()));
}

std::string Link(const std::string& expr, const char* tab) {
  return "/graph?g0.expr=" + QueryEscape(expr) + "&g0.tab=" + tab;
}

}  // namespace

std::string QueryEscape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.' || c == '~') {
      out.push_back(c);
    } else if (c == ' ') {
      out.push_back('+');
    } else {
      char code[4];
      std::snprintf(code, sizeof code, "%%%02X", static_cast<unsigned>(byte));
      out += code;
    }
  }
  return out;
}

Functions PrometheusFunctions(const PrometheusEnv& env) {
  const ArgKind s = ArgKind::kString;
  const ArgKind any = ArgKind::kAny;
  static const Type samples{"template.queryResult", {}, {}};
  Functions f;
  AddCommonFunctions(f, false);
  f["query"] = {{s}, false, [query = env.query](Args a) -> Result<Value> {
                  if (!query) return Bad("queries are not available here");
                  DROVER_TRY(const auto result, query(*a[0].AsString()));
                  List list;
                  list.type = &samples;
                  for (const QuerySample& sample : result)
                    list.items.push_back(SampleValue(sample));
                  return Value(std::move(list));
                }};
  f["first"] = {{any}, false, [](Args a) -> Result<Value> {
                  const List* list = a[0].AsList();
                  if (list == nullptr || list->items.empty()) {
                    return Bad("first() called on vector with no elements");
                  }
                  return list->items.front();
                }};
  f["label"] = {{s, any}, false, [](Args a) -> Result<Value> {
                  DROVER_TRY(std::string text, LabelOf(a[1], *a[0].AsString()));
                  return Value(std::move(text));
                }};
  f["value"] = {{any}, false, [](Args a) -> Result<Value> {
                  DROVER_TRY(const Object* object, SampleArg(a[0]));
                  return *object->fields[1].value;
                }};
  f["strvalue"] = {{any}, false, [](Args a) -> Result<Value> {
                     DROVER_TRY(std::string text, LabelOf(a[0], "__value__"));
                     return Value(std::move(text));
                   }};
  f["sortByLabel"] = {{s, any}, false, SortByLabel};
  f["args"] = {{any}, true, [](Args a) -> Result<Value> {
                 Map map;
                 for (std::size_t i = 0; i < a.size(); ++i) {
                   map.entries["arg" + std::to_string(i)] = a[i];
                 }
                 return Value(std::move(map));
               }};
  f["graphLink"] = {
      {s}, false, [](Args a) -> Result<Value> { return Value(Link(*a[0].AsString(), "0")); }};
  f["tableLink"] = {
      {s}, false, [](Args a) -> Result<Value> { return Value(Link(*a[0].AsString(), "1")); }};
  f["stripPort"] = {{s}, false, OfText<StripPort>};
  f["stripDomain"] = {{s}, false, OfText<StripDomain>};
  f["externalURL"] = {
      {}, false, [url = env.external_url](Args) -> Result<Value> { return Value(url); }};
  f["pathPrefix"] = {{}, false, [p = env.path_prefix](Args) -> Result<Value> { return Value(p); }};
  f["parseDuration"] = {{s}, false, [](Args a) -> Result<Value> {
                          const std::string& text = *a[0].AsString();
                          const auto d = ParseDuration(text);
                          if (!d) {
                            std::string message = "not a valid duration string: ";
                            AppendGoQuoted(message, text);
                            return Bad(message);
                          }
                          return Value(static_cast<double>(d->count()) / 1000);
                        }};
  f["humanize"] = {{any}, false, OfNumber<Humanize>};
  f["humanize1024"] = {{any}, false, OfNumber<Humanize1024>};
  f["humanizeDuration"] = {{any}, false, OfNumber<HumanizeDuration>};
  f["humanizePercentage"] = {{any}, false, OfNumber<HumanizePercentage>};
  f["humanizeTimestamp"] = {{any}, false, [](Args a) -> Result<Value> {
                              DROVER_TRY(const double v, NumberOf(a[0]));
                              DROVER_TRY(std::string text, HumanizeTimestamp(v));
                              return Value(std::move(text));
                            }};
  f["toTime"] = {{any}, false, [](Args a) -> Result<Value> {
                   DROVER_TRY(const double v, NumberOf(a[0]));
                   DROVER_TRY(const Time t, ToTime(v));
                   return Value(t);
                 }};
  return f;
}

}  // namespace drover::tmpl
