// One description of an option struct serves the file reader, the effective-config page and the
// docs:
//
//   struct QueueOptions {
//     std::size_t capacity = 10'000;
//     Millis batch_send_deadline{5000};
//   };
//   template <typename Visitor>
//   void Describe(QueueOptions& c, Visitor& v) {
//     v.Field("capacity", c.capacity, "samples", "Samples gathered before a block is closed.");
//     v.Field("batch_send_deadline", c.batch_send_deadline, "duration", "Longest wait for a batch
//     to fill.");
//   }
//
// Two more words for keys of the tools we stand in for:
//   v.NoEffect("max_shards", "one connection keeps the order");  // accepted, one warning with its
//   place v.NotBuilt("sigv4");                                         // an error with its place:
//   never ignored
//
// Types a field may have: bool, integers, double, std::string, Millis, Secret, ByteSize, another
// described struct, std::vector, std::map<std::string, …> and std::optional of these, and any type
// for which `Status FromYaml(const YamlNode&, T&)` and `void ToYaml(const T&, YamlWriter&)` are
// found by ADL. Describe may live in the struct's namespace (ADL) and must be visible where the
// visitors are used.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/config/secret.h"
#include "core/config/yaml.h"

namespace drover {

struct ByteSize {
  std::uint64_t bytes = 0;  // 0: no limit
  bool operator==(const ByteSize&) const = default;
};

// --- scalars (yaml_fields.cc) ---
Status FromYaml(const YamlNode& node, bool& out);
Status FromYaml(const YamlNode& node, std::int64_t& out);
Status FromYaml(const YamlNode& node, double& out);
Status FromYaml(const YamlNode& node, std::string& out);
Status FromYaml(const YamlNode& node, Millis& out);
Status FromYaml(const YamlNode& node, Secret& out);
Status FromYaml(const YamlNode& node, ByteSize& out);

// Block-style YAML text, indented by two.
class YamlWriter {
 public:
  void Key(std::string_view key);      // inside a map; a value must follow
  void Scalar(std::string_view text);  // text as it stands in the file
  void BeginMap();
  void EndMap();
  void BeginList();
  void Item();  // before each element of a list
  void EndList();
  const std::string& text() const { return out_; }

 private:
  void StartValue();
  std::string out_;
  struct Level {
    bool list = false;
    bool empty = true;
  };
  std::vector<Level> levels_;
  bool after_key_ = false;
  bool after_item_ = false;
};
void ToYaml(bool v, YamlWriter& out);
void ToYaml(std::int64_t v, YamlWriter& out);
void ToYaml(double v, YamlWriter& out);
void ToYaml(const std::string& v, YamlWriter& out);
void ToYaml(const Millis& v, YamlWriter& out);
void ToYaml(const Secret& v, YamlWriter& out);
void ToYaml(const ByteSize& v, YamlWriter& out);

struct FieldDoc {
  std::string path;   // "remote_write[].queue_config.capacity"
  std::string kind;   // unit or type, from Field
  std::string value;  // the default as YAML text
  std::string help;
};

namespace config_internal {

struct Probe {
  template <typename T>
  void Field(std::string_view, T&, std::string_view, std::string_view) {}
  void NoEffect(std::string_view, std::string_view) {}
  void NotBuilt(std::string_view) {}
};
template <typename T>
concept Described = requires(T& t, Probe& p) { Describe(t, p); };

template <typename T>
struct IsVector : std::false_type {};
template <typename T>
struct IsVector<std::vector<T>> : std::true_type {};
template <typename T>
struct IsMap : std::false_type {};
template <typename T>
struct IsMap<std::map<std::string, T>> : std::true_type {};
template <typename T>
struct IsOptional : std::false_type {};
template <typename T>
struct IsOptional<std::optional<T>> : std::true_type {};

// Says which key was probably meant.
std::string Closest(std::string_view key, const std::vector<std::string_view>& known);

using Warnings = std::vector<std::string>;

template <typename T>
Status Read(const YamlNode& node, T& out, Warnings& warnings);

class ReadVisitor {
 public:
  ReadVisitor(const YamlNode& node, Warnings& warnings) : node_(node), warnings_(warnings) {}

  template <typename T>
  void Field(std::string_view key, T& value, std::string_view, std::string_view) {
    known_.push_back(key);
    if (!status_) return;
    const YamlNode* child = node_.Find(key);
    if (child != nullptr) status_ = Read(*child, value, warnings_);
  }
  void NoEffect(std::string_view key, std::string_view why);
  void NotBuilt(std::string_view key);
  Status Finish() const;  // unknown keys

 private:
  const YamlNode& node_;
  Warnings& warnings_;
  std::vector<std::string_view> known_;
  Status status_;
};

template <typename T>
Status Read(const YamlNode& node, T& out, Warnings& warnings) {
  if constexpr (Described<T>) {
    if (node.IsNull()) return {};  // "global:" alone is the defaults
    if (node.kind != YamlNode::Kind::kMap) return node.Fail("expected a map of keys");
    ReadVisitor visitor(node, warnings);
    Describe(out, visitor);
    return visitor.Finish();
  } else if constexpr (IsVector<T>::value) {
    out.clear();
    if (node.IsNull()) return {};
    if (node.kind != YamlNode::Kind::kSequence) return node.Fail("expected a list");
    for (const YamlNode& item : node.items) {
      typename T::value_type element{};
      DROVER_CHECK(Read(item, element, warnings));
      out.push_back(std::move(element));
    }
    return {};
  } else if constexpr (IsMap<T>::value) {
    out.clear();
    if (node.IsNull()) return {};
    if (node.kind != YamlNode::Kind::kMap) return node.Fail("expected a map");
    for (const auto& [key, value] : node.entries)
      DROVER_CHECK(Read(value, out[key.text], warnings));
    return {};
  } else if constexpr (IsOptional<T>::value) {
    if (node.IsNull()) return {};
    return Read(node, out.emplace(), warnings);
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    std::int64_t wide = 0;
    DROVER_CHECK(FromYaml(node, wide));
    if (!std::in_range<T>(wide)) return node.Fail("number out of range");
    out = static_cast<T>(wide);
    return {};
  } else {
    return FromYaml(node, out);
  }
}

template <typename T>
void Write(const T& value, YamlWriter& out);

class WriteVisitor {
 public:
  explicit WriteVisitor(YamlWriter& out) : out_(out) {}
  template <typename T>
  void Field(std::string_view key, T& value, std::string_view, std::string_view) {
    if constexpr (IsOptional<T>::value) {
      if (!value) return;
    } else if constexpr (requires { value.empty(); }) {
      if (value.empty()) return;
    }
    out_.Key(key);
    Write(value, out_);
  }
  void NoEffect(std::string_view, std::string_view) {}
  void NotBuilt(std::string_view) {}

 private:
  YamlWriter& out_;
};

template <typename T>
void Write(const T& value, YamlWriter& out) {
  if constexpr (Described<T>) {
    out.BeginMap();
    WriteVisitor visitor(out);
    Describe(const_cast<T&>(value), visitor);  // NOLINT: Describe serves readers and writers alike
    out.EndMap();
  } else if constexpr (IsVector<T>::value) {
    out.BeginList();
    for (const auto& element : value) {
      out.Item();
      Write(element, out);
    }
    out.EndList();
  } else if constexpr (IsMap<T>::value) {
    out.BeginMap();
    for (const auto& [key, element] : value) {
      out.Key(key);
      Write(element, out);
    }
    out.EndMap();
  } else if constexpr (IsOptional<T>::value) {
    if (value) {
      Write(*value, out);
    } else {
      out.Scalar("null");
    }
  } else if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    ToYaml(static_cast<std::int64_t>(value), out);
  } else {
    ToYaml(value, out);
  }
}

class DocVisitor {
 public:
  DocVisitor(std::string prefix, std::vector<FieldDoc>& out)
      : prefix_(std::move(prefix)), out_(out) {}
  template <typename T>
  void Field(std::string_view key, T& value, std::string_view kind, std::string_view help) {
    const std::string path = prefix_ + std::string(key);
    out_.push_back({path, std::string(kind), "", std::string(help)});
    if constexpr (Described<T>) {
      Nested(value, path + ".");
    } else if constexpr (IsVector<T>::value) {
      if constexpr (Described<typename T::value_type>) {
        typename T::value_type element{};
        Nested(element, path + "[].");
      }
    } else if constexpr (IsOptional<T>::value) {
      if constexpr (Described<typename T::value_type>) {
        typename T::value_type element{};
        Nested(element, path + ".");
      }
    } else if constexpr (!IsMap<T>::value) {
      YamlWriter writer;
      Write(value, writer);
      out_.back().value = writer.text();
      while (!out_.back().value.empty() && out_.back().value.back() == '\n')
        out_.back().value.pop_back();
    }
  }
  void NoEffect(std::string_view key, std::string_view why) {
    out_.push_back({prefix_ + std::string(key), "no effect", "",
                    "Accepted, without effect: " + std::string(why) + "."});
  }
  void NotBuilt(std::string_view key) {
    out_.push_back({prefix_ + std::string(key), "not built yet", "", "Refused: not built yet."});
  }

 private:
  template <typename T>
  void Nested(T& value, std::string prefix) {
    if (std::count(prefix.begin(), prefix.end(), '.') > 8) return;  // a recursive shape (routes)
    DocVisitor inner(std::move(prefix), out_);
    Describe(value, inner);
  }
  std::string prefix_;
  std::vector<FieldDoc>& out_;
};

}  // namespace config_internal

// Sets what the file names, keeps the other defaults. kInvalid with file:line:column for unknown
// keys, wrong types, bad durations, keys that are not built. `out` may be half set after an error.
// `warnings` gets a line for each key that has no effect here.
template <typename T>
Status ReadFields(const YamlNode& node, T& out, std::vector<std::string>* warnings = nullptr) {
  config_internal::Warnings ignored;
  return config_internal::Read(node, out, warnings != nullptr ? *warnings : ignored);
}

// The effective configuration, secrets as <secret>.
template <typename T>
std::string WriteFields(const T& value) {
  YamlWriter writer;
  config_internal::Write(value, writer);
  return writer.text();
}

// Every field of T with its default, depth first.
template <typename T>
std::vector<FieldDoc> DocumentFields() {
  std::vector<FieldDoc> out;
  T value{};
  config_internal::DocVisitor visitor("", out);
  Describe(value, visitor);
  return out;
}

}  // namespace drover
