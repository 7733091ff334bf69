// Go's text/template, as far as alerting uses it (https://pkg.go.dev/text/template).
//
//   TemplateSet set(AlertmanagerFunctions({}));
//   DROVER_CHECK(set.Parse("custom.tmpl", text));         // its {{define}}s are there now
//   Result<std::string> title = set.Expand("{{ .Status | toUpper }}", data);
//
// Errors are kInvalid with Go's texts, "template: NAME:1:3: executing …".
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "receiver/template/value.h"

namespace drover::tmpl {

enum class ArgKind { kAny, kString, kInt, kFloat, kTime, kStrings };

// `args` are the kinds of the parameters; with `variadic` the last may come any number of times.
struct Function {
  std::vector<ArgKind> args;
  bool variadic = false;
  std::function<Result<Value>(std::span<const Value>)> call;
};
using Functions = std::map<std::string, Function, std::less<>>;

// Limits that end an expansion with an error.
struct ExpandLimits {
  int depth = 1000;  // of {{template}} calls
  std::size_t output_bytes = 16 << 20;
  std::size_t steps = 5'000'000;  // nodes executed
};

struct Template;

// Copies share the parsed templates. Const calls are thread-safe.
class TemplateSet {
 public:
  explicit TemplateSet(Functions functions, ExpandLimits limits = {});

  // Adds `text` as template `name`, with all it defines; later definitions replace earlier ones.
  Status Parse(const std::string& name, std::string_view text);
  bool Has(std::string_view name) const { return templates_.contains(name); }

  // Runs template `name` with `data` as dot and $.
  Result<std::string> Execute(std::string_view name, const Value& data) const;
  // Parses and runs a text that may use and define templates; the set does not change. `name` is
  // what errors call it.
  Result<std::string> Expand(std::string_view text, const Value& data,
                             const std::string& name = "") const;
  // Only whether it parses.
  Status Check(std::string_view text, const std::string& name = "") const;

 private:
  bool HasFunction(std::string_view name) const;
  std::shared_ptr<const Functions> functions_;
  ExpandLimits limits_;
  std::map<std::string, std::shared_ptr<const Template>, std::less<>> templates_;
};

}  // namespace drover::tmpl
