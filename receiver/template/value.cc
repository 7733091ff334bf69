#include "receiver/template/value.h"

#include <cmath>

#include "core/base/json_escape.h"
#include "core/base/numbers.h"

namespace drover::tmpl {
namespace {

const Type& StringListType() {
  static const Type type{"[]string", {}, {}};
  return type;
}

std::string Spaced(const std::vector<Value>& items) {
  std::string out = "[";
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (i > 0) out += " ";
    out += items[i].Print();
  }
  return out + "]";
}

void AppendJson(std::string& out, const Value& value);

void AppendJson(std::string& out, const Value& value) {
  if (value.IsNil()) {
    out += "null";
  } else if (const bool* b = value.AsBool()) {
    out += *b ? "true" : "false";
  } else if (const auto* whole = value.AsInt()) {
    AppendInt(out, *whole);
  } else if (const double* f = value.AsFloat()) {
    AppendJsonFloat(out, *f);
  } else if (const auto* text = value.AsString()) {
    AppendJsonString(out, *text);
  } else if (const List* list = value.AsList()) {
    out += "[";
    for (std::size_t i = 0; i < list->items.size(); ++i) {
      if (i > 0) out += ",";
      AppendJson(out, list->items[i]);
    }
    out += "]";
  } else if (const Map* map = value.AsMap()) {
    out += "{";
    for (const auto& [key, entry] : map->entries) {
      if (out.back() != '{') out += ",";
      AppendJsonString(out, key);
      out += ":";
      AppendJson(out, entry);
    }
    out += "}";
  } else if (const Object* object = value.AsObject()) {
    out += "{";
    for (const Object::Field& field : object->fields) {
      if (field.json_name.empty()) continue;
      if (out.back() != '{') out += ",";
      AppendJsonString(out, field.json_name);
      out += ":";
      AppendJson(out, *field.value);
    }
    out += "}";
  } else if (const Time* time = value.AsTime()) {
    AppendJsonString(out, FormatTime(*time, "2006-01-02T15:04:05.999999999Z07:00"));
  } else if (const GoDuration* duration = value.AsDuration()) {
    AppendInt(out, duration->nanos);
  }
}

}  // namespace

Value Value::Strings(std::vector<std::string> texts) {
  List list;
  list.type = &StringListType();
  for (std::string& text : texts) list.items.emplace_back(std::move(text));
  return list;
}

Value Value::StringMap(std::map<std::string, std::string> entries, const Type* type) {
  static const Type plain{"map[string]string", {}, {}};
  Map map;
  map.of_strings = true;
  map.type = type != nullptr ? type : &plain;
  for (auto& [key, value] : entries) map.entries.emplace(key, std::move(value));
  return map;
}

const Type* Value::type() const {
  if (const List* list = AsList()) return list->type;
  if (const Map* map = AsMap()) return map->type;
  if (const Object* object = AsObject()) return object->type;
  if (AsTime() != nullptr) return &TimeType();
  if (AsDuration() != nullptr) return &DurationType();
  return nullptr;
}

std::string Value::TypeName() const {
  if (const Type* t = type()) return t->name;
  if (AsBool() != nullptr) return "bool";
  if (AsInt() != nullptr) return "int";
  if (AsFloat() != nullptr) return "float64";
  if (const Text* text = AsText()) {
    return text->safety == Safety::kHtml  ? "template.HTML"
           : text->safety == Safety::kUrl ? "template.URL"
                                          : "string";
  }
  if (AsList() != nullptr) return "[]interface {}";
  if (AsMap() != nullptr) return "map[string]interface {}";
  return "<nil>";
}

bool Value::Truth() const {
  if (IsNil()) return false;
  if (const bool* b = AsBool()) return *b;
  if (const auto* i = AsInt()) return *i != 0;
  if (const double* f = AsFloat()) return *f != 0;
  if (const auto* text = AsString()) return !text->empty();
  if (const List* list = AsList()) return !list->items.empty();
  if (const Map* map = AsMap()) return !map->entries.empty();
  if (const GoDuration* d = AsDuration()) return d->nanos != 0;
  return true;
}

std::string Value::Print() const {
  if (const Type* t = type(); t != nullptr && t->print) return t->print(*this);
  std::string out;
  if (IsNil()) return "<no value>";
  if (const bool* b = AsBool()) return *b ? "true" : "false";
  if (const auto* i = AsInt()) {
    AppendInt(out, *i);
  } else if (const double* f = AsFloat()) {
    AppendGoFloat(out, *f);
  } else if (const auto* text = AsString()) {
    return *text;
  } else if (const List* list = AsList()) {
    return Spaced(list->items);
  } else if (const Map* map = AsMap()) {
    out = "map[";
    for (const auto& [key, entry] : map->entries) {
      if (out.back() != '[') out += " ";
      out += key + ":" + entry.Print();
    }
    out += "]";
  } else if (const Object* object = AsObject()) {
    out = "{";
    for (const Object::Field& field : object->fields) {
      if (out.back() != '{') out += " ";
      out += field.value->Print();
    }
    out += "}";
  } else if (const Time* time = AsTime()) {
    return PrintTime(*time);
  } else if (const GoDuration* duration = AsDuration()) {
    return PrintDuration(*duration);
  }
  return out;
}

std::string Value::ToJson() const {
  std::string out;
  AppendJson(out, *this);
  return out;
}

}  // namespace drover::tmpl
