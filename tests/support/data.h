// Where foreign test vectors live: $DROVER_DATA, else ../shared/data beside the checkout. They are
// not part of the project, so a test that needs them says so and ends with 77 ("skipped") without
// them.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

namespace drover::testing {

// The folder `name` of the vectors; nullopt when it is not there.
inline std::optional<std::string> DataFolder(const std::string& name) {
  const char* set = std::getenv("DROVER_DATA");  // NOLINT(concurrency-mt-unsafe): tests, at start
  const std::string base =
      set != nullptr ? set : std::string(DROVER_SOURCE_DIR) + "/../shared/data";
  std::string folder = base + "/" + name;
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) return std::nullopt;
  return folder;
}

}  // namespace drover::testing
