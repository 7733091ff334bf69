#include <optional>
#include <string>

#include "core/base/utf8.h"
#include "receiver/promql/functions/table.h"

namespace drover::promql {
namespace {

Status CheckName(std::string_view what, const std::string& name) {
  if (!name.empty() && IsValidUtf8(name)) return {};
  std::string text(what);
  AppendGoQuoted(text, name);
  return Fail(ErrorCode::kInvalid, text);
}

// `value_of(labels)` is the new value of `label`, nullopt: unchanged.
template <typename ValueOf>
Result<Value> Relabelled(Evaluator& evaluator, const Call& call, const std::string& label,
                         ValueOf&& value_of) {
  DROVER_TRY(auto columns, evaluator.Vector(*call.args[0]));
  for (Column& column : columns) {
    const std::optional<std::string> value = value_of(column.labels);
    if (!value) continue;
    LabelsBuilder builder(column.labels);
    builder.Set(label, *value);
    column.labels = builder.Build();
    if (label == kMetricName) column.drop_name = false;
  }
  DROVER_CHECK(MergeEqualLabels(columns, kSameLabelset));
  return Value::Vector(std::move(columns));
}

Result<Value> LabelReplace(Evaluator& evaluator, const Call& call) {
  const std::string& target = Evaluator::String(*call.args[1]);
  const std::string& replacement = Evaluator::String(*call.args[2]);
  const std::string& source = Evaluator::String(*call.args[3]);
  const std::string& pattern = Evaluator::String(*call.args[4]);
  const auto regex = Regex::Compile(pattern);
  if (!regex) {
    return Fail(ErrorCode::kInvalid, "invalid regular expression in label_replace(): " + pattern);
  }
  DROVER_CHECK(CheckName("invalid destination label name in label_replace(): ", target));
  std::vector<std::string_view> groups;
  return Relabelled(evaluator, call, target,
                    [&](const Labels& labels) -> std::optional<std::string> {
                      if (!regex->FullMatchGroups(labels.Get(source), groups)) return std::nullopt;
                      std::string value;
                      regex->Expand(replacement, groups, value);
                      return value;
                    });
}

Result<Value> LabelJoin(Evaluator& evaluator, const Call& call) {
  const std::string& target = Evaluator::String(*call.args[1]);
  const std::string& separator = Evaluator::String(*call.args[2]);
  DROVER_CHECK(CheckName("invalid destination label name in label_join(): ", target));
  for (std::size_t i = 3; i < call.args.size(); ++i) {
    DROVER_CHECK(
        CheckName("invalid source label name in label_join(): ", Evaluator::String(*call.args[i])));
  }
  return Relabelled(evaluator, call, target,
                    [&](const Labels& labels) -> std::optional<std::string> {
                      std::string value;
                      for (std::size_t i = 3; i < call.args.size(); ++i) {
                        if (i > 3) value += separator;
                        value += labels.Get(Evaluator::String(*call.args[i]));
                      }
                      return value;
                    });
}

constexpr FunctionRow kRows[] = {{"label_replace", LabelReplace}, {"label_join", LabelJoin}};

}  // namespace

std::span<const FunctionRow> LabelFunctions() { return kRows; }

}  // namespace drover::promql
