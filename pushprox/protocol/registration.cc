#include "pushprox/protocol/registration.h"

#include <algorithm>
#include <set>

#include "core/json/reader.h"
#include "core/json/writer.h"
#include "core/model/labels.h"
#include "pushprox/protocol/scrape.h"

namespace drover::pushprox {
namespace {

constexpr std::size_t kMaxLabelBytes = 256;  // of a label's name, and of its value
constexpr std::size_t kMaxPathBytes = 1024;

void Write(json::Writer& out, const RegisteredLabels& labels) {
  out.Key("labels").BeginObject();
  for (const auto& [name, value] : labels) out.Key(name).String(value);
  out.EndObject();
}

tl::unexpected<Error> Bad(const std::string& what) {
  return Fail(ErrorCode::kInvalid, "registration: " + what);
}

Result<RegisteredLabels> ReadLabels(const json::Value& of) {
  RegisteredLabels labels;
  const json::Value* const given = of.Find("labels");
  if (given == nullptr || given->IsNull()) return labels;
  if (!given->IsObject()) return Bad("labels: not an object");
  for (const auto& [name, value] : given->members()) {
    if (!IsLegacyLabelName(name) || name.starts_with("__") || name.size() > kMaxLabelBytes)
      return Bad("\"" + name.substr(0, 64) + "\" is no label that a client may give");
    if (!value.IsString() || value.AsString().size() > kMaxLabelBytes)
      return Bad("label " + name + ": expected a text of up to 256 bytes");
    labels[name] = value.AsString();
  }
  if (labels.size() > kMaxRegisteredLabels) return Bad("too many labels");
  return labels;
}

bool IsPath(std::string_view path) {
  return path.starts_with('/') && path.size() <= kMaxPathBytes &&
         std::all_of(path.begin(), path.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

Result<RegisteredTarget> ReadTarget(const json::Value& of) {
  RegisteredTarget target;
  const json::Value* const port = of.Find("port");
  const double number = port != nullptr ? port->AsNumber() : 0;
  if (!(number >= 1 && number <= 65535) || number != static_cast<int>(number))
    return Bad("a target's port must be a number from 1 to 65535");
  target.port = static_cast<int>(number);
  if (const json::Value* const path = of.Find("path"); path != nullptr) {
    if (!IsPath(path->AsString())) return Bad("a target's path must begin with /");
    target.path = path->AsString();
  }
  DROVER_TRY(target.labels, ReadLabels(of));
  return target;
}

std::size_t BytesOf(const RegisteredLabels& labels) {
  std::size_t bytes = 0;
  for (const auto& [name, value] : labels) bytes += name.size() + value.size();
  return bytes;
}

std::size_t ShownBytes(const RegisteredName& name) {
  const std::size_t of_each = name.name.size() + BytesOf(name.labels);
  std::size_t bytes = 0;
  for (const RegisteredTarget& target : name.targets)
    bytes += of_each + target.path.size() + BytesOf(target.labels);
  return bytes;
}

Result<RegisteredName> ReadName(const json::Value& of) {
  RegisteredName name;
  const json::Value* const text = of.Find("name");
  if (text == nullptr || !IsName(text->AsString())) return Bad("expected a name");
  name.name = text->AsString();
  DROVER_TRY(name.labels, ReadLabels(of));
  if (const json::Value* const targets = of.Find("targets"); targets != nullptr) {
    for (const json::Value& one : targets->items()) {
      DROVER_TRY(RegisteredTarget target, ReadTarget(one));
      name.targets.push_back(std::move(target));
    }
  }
  if (ShownBytes(name) > kMaxShownBytes)
    return Bad(name.name + ": over 128 KiB with its labels at each of its targets");
  return name;
}

}  // namespace

std::string ToJson(const Registration& registration) {
  json::Writer out;
  out.BeginObject().Key("names").BeginArray();
  for (const RegisteredName& name : registration.names) {
    out.BeginObject().Key("name").String(name.name);
    Write(out, name.labels);
    out.Key("targets").BeginArray();
    for (const RegisteredTarget& target : name.targets) {
      out.BeginObject().Key("port").Int(target.port).Key("path").String(target.path);
      Write(out, target.labels);
      out.EndObject();
    }
    out.EndArray().EndObject();
  }
  out.EndArray().EndObject();
  return out.Take();
}

Result<Registration> ParseRegistration(std::string_view json) {
  if (json.size() > kMaxRegistrationBytes) return Bad("over 64 KiB");
  DROVER_TRY(const json::Value root, json::Parse(json));
  const json::Value* const names = root.Find("names");
  if (names == nullptr || !names->IsArray() || names->items().empty()) return Bad("no names in it");
  if (names->items().size() > kMaxRegisteredNames) return Bad("over 64 names");
  Registration registration;
  std::set<std::string> seen;
  std::size_t targets = 0;
  for (const json::Value& one : names->items()) {
    DROVER_TRY(RegisteredName name, ReadName(one));
    if (!seen.insert(name.name).second) return Bad("the name " + name.name + " is given twice");
    targets += name.targets.size();
    registration.names.push_back(std::move(name));
  }
  if (targets > kMaxRegisteredTargets) return Bad("over 256 targets");
  return registration;
}

std::map<std::string, std::string> ParseRefusedNames(std::string_view json) {
  constexpr std::size_t kMostText = 300;
  std::map<std::string, std::string> names;
  const auto root = json::Parse(json);
  const json::Value* const refused = root ? root->Find("refused") : nullptr;
  if (refused == nullptr) return names;
  for (const json::Value& one : refused->items()) {
    const json::Value* const name = one.Find("name");
    const json::Value* const why = one.Find("why");
    if (name == nullptr || !IsName(name->AsString())) continue;
    names[name->AsString()] = why != nullptr ? why->AsString().substr(0, kMostText) : "";
  }
  return names;
}

std::optional<std::set<std::string>> ParseAcceptedNames(std::string_view json) {
  const auto root = json::Parse(json);
  const json::Value* const accepted = root ? root->Find("accepted") : nullptr;
  if (accepted == nullptr) return std::nullopt;
  std::set<std::string> names;
  for (const json::Value& one : accepted->items()) names.insert(one.AsString());
  return names;
}

}  // namespace drover::pushprox
