// The JSON of the --collector.X.fixtures flags, which stand in for the kernel in upstream's
// end-to-end test: an object, or an array of objects, with texts and numbers in them. Nothing else
// of JSON is read, so that the exporter does without a JSON library.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::exporters::node {

struct FixtureObject {
  std::map<std::string, std::string, std::less<>> fields;  // numbers as they are written

  std::string Text(std::string_view key) const;     // "" when absent
  std::int64_t Number(std::string_view key) const;  // 0 when absent or no whole number
  std::string Base64(std::string_view key) const;   // decoded; "" when absent or broken
};

// kInvalid for anything but that.
Result<std::vector<FixtureObject>> ParseFixtureJson(std::string_view text);

}  // namespace drover::exporters::node
