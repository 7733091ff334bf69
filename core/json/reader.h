// A JSON text (RFC 8259) as a tree of values, for bodies small enough to hold whole.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"

namespace drover::json {

// Immutable once parsed. Copies are deep.
class Value {
 public:
  enum class Kind { kNull, kBool, kNumber, kString, kArray, kObject };

  Kind kind() const { return kind_; }
  bool IsNull() const { return kind_ == Kind::kNull; }
  bool IsString() const { return kind_ == Kind::kString; }
  bool IsArray() const { return kind_ == Kind::kArray; }
  bool IsObject() const { return kind_ == Kind::kObject; }
  // What Go calls it in its error texts: null, bool, number, string, array, object.
  std::string_view KindName() const;

  bool AsBool() const { return bool_; }                  // false for other kinds
  double AsNumber() const { return number_; }            // 0 for other kinds
  const std::string& AsString() const { return text_; }  // "" for other kinds
  const std::vector<Value>& items() const { return items_; }
  // In the order of the text; of a repeated key all stand here.
  const std::vector<std::pair<std::string, Value>>& members() const { return members_; }
  const Value* Find(std::string_view key) const;  // the last of that name, null when absent

 private:
  friend class Builder;
  Kind kind_ = Kind::kNull;
  bool bool_ = false;
  double number_ = 0;
  std::string text_;
  std::vector<Value> items_;
  std::vector<std::pair<std::string, Value>> members_;
};

// One value and nothing behind it. kInvalid: not JSON, not UTF-8, deeper than 200 levels.
Result<Value> Parse(std::string_view text);

}  // namespace drover::json
