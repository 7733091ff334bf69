#include "exporters/node/storage/kstat.h"

#include <string>
#include <vector>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

tl::unexpected<Error> NotANumber(std::string_view name) {
  return Fail(ErrorCode::kInvalid, "kstat: not a number: " + std::string(name));
}

}  // namespace

Status ParseKstat(std::string_view text,
                  const std::function<void(std::string_view, double)>& number,
                  const std::function<void(std::string_view)>& dataset) {
  bool is_table = false;
  while (!text.empty()) {
    std::string_view rest = NextLine(text);
    const std::string_view name = NextField(rest);
    const std::string_view type = NextField(rest);
    const std::string_view data = Trim(rest);
    if (!is_table) {
      is_table = name == "name" && type == "type" && data == "data";
      continue;
    }
    if (data.empty()) continue;
    if (name == "dataset_name") {
      if (dataset) dataset(data);
    } else if (type == "4") {
      const auto value = ParseUint(NextField(rest));
      if (!value) return NotANumber(name);
      number(name, static_cast<double>(*value));
    } else if (type == "3") {
      const auto value = ParseInt(NextField(rest));
      if (!value) return NotANumber(name);
      number(name, static_cast<double>(*value));
    }
  }
  if (!is_table) return Fail(ErrorCode::kInvalid, "kstat: no table");
  return {};
}

Status ParseKstatIo(std::string_view text,
                    const std::function<void(std::string_view, double)>& number) {
  std::vector<std::string_view> names;
  while (!text.empty()) {
    std::string_view rest = NextLine(text);
    std::string_view field = NextField(rest);
    if (names.empty()) {
      if (field != "nread") continue;
      for (; !field.empty(); field = NextField(rest)) names.push_back(field);
      continue;
    }
    for (const std::string_view name : names) {
      const auto value = ParseUint(field);
      if (!value) return NotANumber(name);
      number(name, static_cast<double>(*value));
      field = NextField(rest);
    }
  }
  return {};
}

}  // namespace drover::exporters::node
