#include "core/json/reader.h"

#include <simdjson.h>

namespace drover::json {

class Builder {
 public:
  static Value Build(const simdjson::dom::element& element) {
    namespace dom = simdjson::dom;
    Value out;
    switch (element.type()) {
      case dom::element_type::ARRAY:
        out.kind_ = Value::Kind::kArray;
        for (const dom::element item : dom::array(element.get_array().value_unsafe())) {
          out.items_.push_back(Build(item));
        }
        break;
      case dom::element_type::OBJECT:
        out.kind_ = Value::Kind::kObject;
        for (const auto& member : dom::object(element.get_object().value_unsafe())) {
          out.members_.emplace_back(std::string(member.key), Build(member.value));
        }
        break;
      case dom::element_type::STRING:
        out.kind_ = Value::Kind::kString;
        out.text_ = std::string(element.get_string().value_unsafe());
        break;
      case dom::element_type::BOOL:
        out.kind_ = Value::Kind::kBool;
        out.bool_ = element.get_bool().value_unsafe();
        break;
      case dom::element_type::NULL_VALUE:
        break;
      case dom::element_type::INT64:
        out.kind_ = Value::Kind::kNumber;
        out.number_ = static_cast<double>(element.get_int64().value_unsafe());
        break;
      case dom::element_type::UINT64:
        out.kind_ = Value::Kind::kNumber;
        out.number_ = static_cast<double>(element.get_uint64().value_unsafe());
        break;
      case dom::element_type::DOUBLE:
        out.kind_ = Value::Kind::kNumber;
        out.number_ = element.get_double().value_unsafe();
        break;
    }
    return out;
  }
};

std::string_view Value::KindName() const {
  switch (kind_) {
    case Kind::kNull:
      return "null";
    case Kind::kBool:
      return "bool";
    case Kind::kNumber:
      return "number";
    case Kind::kString:
      return "string";
    case Kind::kArray:
      return "array";
    case Kind::kObject:
      return "object";
  }
  return "";
}

const Value* Value::Find(std::string_view key) const {
  for (auto it = members_.rbegin(); it != members_.rend(); ++it) {
    if (it->first == key) return &it->second;
  }
  return nullptr;
}

Result<Value> Parse(std::string_view text) {
  simdjson::dom::parser parser;
  if (parser.allocate(text.size() + 1, 200) != simdjson::SUCCESS) {
    return Fail(ErrorCode::kExhausted, "JSON text too long");
  }
  simdjson::dom::element root;
  const auto error = parser.parse(text.data(), text.size(), /*realloc_if_needed=*/true).get(root);
  if (error != simdjson::SUCCESS) {
    return Fail(ErrorCode::kInvalid, std::string("not JSON: ") + simdjson::error_message(error));
  }
  return Builder::Build(root);
}

}  // namespace drover::json
