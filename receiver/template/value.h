// The values Go templates compute with: text, numbers, lists, maps, objects, times.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "core/base/result.h"

namespace drover::tmpl {

class Value;

// A type with a name for error texts, and methods that are called like fields.
struct Type {
  using Method = std::function<Result<Value>(const Value& self, std::span<const Value> args)>;
  std::string name;  // "template.Data", "[]string" …
  std::map<std::string, Method, std::less<>> methods;
  std::function<std::string(const Value&)> print;  // empty: the usual form
};

struct List {
  std::vector<Value> items;
  const Type* type = nullptr;  // null: []interface {}
};

// Keys sorted. A missing key gives "" in a map of strings and nothing in a map of any.
struct Map {
  std::map<std::string, Value, std::less<>> entries;
  bool of_strings = false;
  const Type* type = nullptr;  // null: map[string]interface {}
};

// Fields in the order in which JSON shows them.
struct Object {
  struct Field {
    std::string name;
    std::string json_name;
    std::shared_ptr<const Value> value;
  };
  std::vector<Field> fields;
  const Type* type = nullptr;
};

// A moment with the zone it is shown in.
struct Time {
  std::int64_t seconds = -62135596800;  // since 1970; default: Go's zero time, year 1
  std::int32_t nanos = 0;
  std::int32_t offset_seconds = 0;
  std::string zone = "UTC";
};

struct GoDuration {
  std::int64_t nanos = 0;
};

// Text that html mode does not escape.
enum class Safety { kNone, kHtml, kUrl };
struct Text {
  std::string text;
  Safety safety = Safety::kNone;
};

// Immutable, cheap to copy but for text.
class Value {
 public:
  using Data =
      std::variant<std::monostate, bool, std::int64_t, double, Text, std::shared_ptr<const List>,
                   std::shared_ptr<const Map>, std::shared_ptr<const Object>, Time, GoDuration>;
  Value() = default;                                          // nil
  Value(bool v) : data_(v) {}                                 // NOLINT(google-explicit-constructor)
  Value(std::int64_t v) : data_(v) {}                         // NOLINT(google-explicit-constructor)
  Value(int v) : data_(static_cast<std::int64_t>(v)) {}       // NOLINT(google-explicit-constructor)
  Value(double v) : data_(v) {}                               // NOLINT(google-explicit-constructor)
  Value(std::string v) : data_(Text{std::move(v)}) {}         // NOLINT(google-explicit-constructor)
  Value(std::string_view v) : data_(Text{std::string(v)}) {}  // NOLINT(google-explicit-constructor)
  Value(const char* v) : data_(Text{v}) {}                    // NOLINT(google-explicit-constructor)
  Value(Text v) : data_(std::move(v)) {}                      // NOLINT(google-explicit-constructor)
  Value(Time v) : data_(std::move(v)) {}                      // NOLINT(google-explicit-constructor)
  Value(GoDuration v) : data_(v) {}                           // NOLINT(google-explicit-constructor)
  Value(List v) : data_(std::make_shared<const List>(std::move(v))) {}      // NOLINT
  Value(Map v) : data_(std::make_shared<const Map>(std::move(v))) {}        // NOLINT
  Value(Object v) : data_(std::make_shared<const Object>(std::move(v))) {}  // NOLINT

  static Value Strings(std::vector<std::string> texts);  // []string
  static Value StringMap(std::map<std::string, std::string> entries, const Type* type = nullptr);

  bool IsNil() const { return data_.index() == 0; }
  const bool* AsBool() const { return std::get_if<bool>(&data_); }
  const std::int64_t* AsInt() const { return std::get_if<std::int64_t>(&data_); }
  const double* AsFloat() const { return std::get_if<double>(&data_); }
  const std::string* AsString() const {
    const Text* text = std::get_if<Text>(&data_);
    return text != nullptr ? &text->text : nullptr;
  }
  const Text* AsText() const { return std::get_if<Text>(&data_); }
  const List* AsList() const { return Pointee<List>(); }
  const Map* AsMap() const { return Pointee<Map>(); }
  const Object* AsObject() const { return Pointee<Object>(); }
  const Time* AsTime() const { return std::get_if<Time>(&data_); }
  const GoDuration* AsDuration() const { return std::get_if<GoDuration>(&data_); }

  // Go's name of the type: string, int, float64, []interface {}, template.Data …
  std::string TypeName() const;
  const Type* type() const;    // null for the plain ones
  bool Truth() const;          // what `if` takes for true
  std::string Print() const;   // Go's %v; nil is <no value>
  std::string ToJson() const;  // compact, HTML characters escaped

 private:
  template <typename T>
  const T* Pointee() const {
    const auto* pointer = std::get_if<std::shared_ptr<const T>>(&data_);
    return pointer != nullptr ? pointer->get() : nullptr;
  }
  Data data_;
};

// Go's String() of a duration ("1h2m3.5s") and of a time ("2026-01-15 10:00:00 +0000 UTC").
std::string PrintDuration(GoDuration d);
std::string PrintTime(const Time& t);
// Go's reference layout: Mon Jan 2 15:04:05 MST 2006.
std::string FormatTime(const Time& t, std::string_view layout);
// kInvalid: "unknown time zone X".
Result<Time> InZone(const Time& t, const std::string& zone);
Time UtcTime(std::int64_t seconds, std::int32_t nanos);
// Methods of times and durations (Unix, Format, Sub …).
const Type& TimeType();
const Type& DurationType();

}  // namespace drover::tmpl
