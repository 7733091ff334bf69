#include "receiver/template/notification_data.h"

#include <algorithm>

namespace drover::tmpl {
namespace {

using Args = std::span<const Value>;

Status NoArgs(Args args) {
  if (args.empty()) return {};
  return Fail(ErrorCode::kInvalid,
              "wrong number of args: want 0 got " + std::to_string(args.size()));
}

const Type& PairType() {
  static const Type type{"template.Pair", {}, {}};
  return type;
}

std::string PrintPairs(const Value& self) {
  std::string out;
  for (const Value& pair : self.AsList()->items) {
    if (!out.empty()) out += ", ";
    out +=
        pair.AsObject()->fields[0].value->Print() + "=" + pair.AsObject()->fields[1].value->Print();
  }
  return out;
}

Type::Method PairTexts(std::size_t field) {
  return [field](const Value& self, Args args) -> Result<Value> {
    DROVER_CHECK(NoArgs(args));
    std::vector<std::string> texts;
    for (const Value& pair : self.AsList()->items) {
      texts.push_back(*pair.AsObject()->fields[field].value->AsString());
    }
    return Value::Strings(std::move(texts));
  };
}

const Type& PairsType() {
  static const Type type{
      "template.Pairs", {{"Names", PairTexts(0)}, {"Values", PairTexts(1)}}, PrintPairs};
  return type;
}

Value SortedPairs(const Map& map) {
  List list;
  list.type = &PairsType();
  const auto add = [&](const std::string& key, const Value& value) {
    Object pair;
    pair.type = &PairType();
    pair.fields = {{"Name", "Name", std::make_shared<const Value>(key)},
                   {"Value", "Value", std::make_shared<const Value>(value)}};
    list.items.emplace_back(std::move(pair));
  };
  const auto name = map.entries.find("alertname");
  if (name != map.entries.end()) add(name->first, name->second);
  for (const auto& [key, value] : map.entries) {
    if (key != "alertname") add(key, value);
  }
  return Value(std::move(list));
}

std::map<std::string, std::string> Plain(const Map& map) {
  std::map<std::string, std::string> out;
  for (const auto& [key, value] : map.entries) out.emplace(key, *value.AsString());
  return out;
}

Result<Value> Remove(const Value& self, Args args) {
  if (args.size() != 1) {
    return Fail(ErrorCode::kInvalid,
                "wrong number of args: want 1 got " + std::to_string(args.size()));
  }
  const List* names = args[0].AsList();
  if (names == nullptr) {
    return Fail(ErrorCode::kInvalid,
                "wrong type for value; expected []string; got " + args[0].TypeName());
  }
  auto left = Plain(*self.AsMap());
  for (const Value& name : names->items) left.erase(name.Print());
  return KeyValues(std::move(left));
}

const Type& KeyValueType() {
  static const Type type = [] {
    Type t;
    t.name = "template.KV";
    t.print = [](const Value& self) { return SortedPairs(*self.AsMap()).Print(); };
    t.methods["SortedPairs"] = [](const Value& self, Args args) -> Result<Value> {
      DROVER_CHECK(NoArgs(args));
      return SortedPairs(*self.AsMap());
    };
    for (const std::size_t field : {std::size_t{0}, std::size_t{1}}) {
      t.methods[field == 0 ? "Names" : "Values"] = [field](const Value& self,
                                                           Args args) -> Result<Value> {
        return PairTexts(field)(SortedPairs(*self.AsMap()), args);
      };
    }
    t.methods["Remove"] = Remove;
    return t;
  }();
  return type;
}

Type::Method WithStatus(const char* status);

const Type& AlertsType() {
  static const Type type{"template.Alerts",
                         {{"Firing", WithStatus("firing")}, {"Resolved", WithStatus("resolved")}},
                         {}};
  return type;
}

Type::Method WithStatus(const char* status) {
  return [status](const Value& self, Args args) -> Result<Value> {
    DROVER_CHECK(NoArgs(args));
    static const Type plain{"[]template.Alert", {}, {}};
    List list;
    list.type = &plain;
    for (const Value& alert : self.AsList()->items) {
      if (*alert.AsObject()->fields[0].value->AsString() == status) list.items.push_back(alert);
    }
    return Value(std::move(list));
  };
}

Value AlertValue(const AlertView& alert) {
  static const Type type{"template.Alert", {}, {}};
  Object object;
  object.type = &type;
  const auto add = [&](const char* name, const char* json, Value value) {
    object.fields.push_back({name, json, std::make_shared<const Value>(std::move(value))});
  };
  add("Status", "status", alert.status);
  add("Labels", "labels", KeyValues(alert.labels));
  add("Annotations", "annotations", KeyValues(alert.annotations));
  add("StartsAt", "startsAt", alert.starts_at);
  add("EndsAt", "endsAt", alert.ends_at);
  add("GeneratorURL", "generatorURL", alert.generator_url);
  add("Fingerprint", "fingerprint", alert.fingerprint);
  return Value(std::move(object));
}

}  // namespace

Value KeyValues(std::map<std::string, std::string> entries) {
  return Value::StringMap(std::move(entries), &KeyValueType());
}

Value ToValue(const NotificationData& data) {
  static const Type type{"template.Data", {}, {}};
  List alerts;
  alerts.type = &AlertsType();
  for (const AlertView& alert : data.alerts) alerts.items.push_back(AlertValue(alert));
  Object object;
  object.type = &type;
  const auto add = [&](const char* name, const char* json, Value value) {
    object.fields.push_back({name, json, std::make_shared<const Value>(std::move(value))});
  };
  add("Receiver", "receiver", data.receiver);
  add("Status", "status", data.status);
  add("Alerts", "alerts", std::move(alerts));
  add("NotificationReason", "notification_reason", data.notification_reason);
  add("GroupLabels", "groupLabels", KeyValues(data.group_labels));
  add("CommonLabels", "commonLabels", KeyValues(data.common_labels));
  add("CommonAnnotations", "commonAnnotations", KeyValues(data.common_annotations));
  add("RouteLabels", data.route_labels.empty() ? "" : "routeLabels", KeyValues(data.route_labels));
  add("ExternalURL", "externalURL", data.external_url);
  return Value(std::move(object));
}

}  // namespace drover::tmpl
