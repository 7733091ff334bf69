// Runs PromQL test scripts (load, eval, expected lines): files or folders as arguments, by default
// the vectors. Prints passed and failed cases per file.
//
// A case is "file:line" of its eval. Options: verdicts.h.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>

#include "tests/conformance/promql/script.h"
#include "tests/conformance/verdicts.h"

namespace {

using drover::testing::CaseResult;
using drover::testing::RunScript;

std::vector<std::string> Lines(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::vector<std::string> lines;
  for (std::string line; std::getline(in, line);) lines.push_back(line);
  return lines;
}

std::vector<std::filesystem::path> ScriptsIn(const std::string& path) {
  if (!std::filesystem::is_directory(path)) return {path};
  std::vector<std::filesystem::path> files;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    if (entry.path().extension() == ".test") files.push_back(entry.path());
  }
  std::sort(files.begin(), files.end());
  return files;
}

}  // namespace

int main(int argc, char** argv) {
  drover::testing::Verdicts verdicts(argc, argv, "promql", {""});
  for (const std::string& path : verdicts.paths()) {
    for (const auto& file : ScriptsIn(path)) {
      int passed = 0;
      int failed = 0;
      for (const CaseResult& result : RunScript(Lines(file))) {
        ++(result.error.empty() ? passed : failed);
        verdicts.Add(file.filename().string() + ":" + std::to_string(result.line),
                     result.error.empty() ? "" : result.command + "\n    " + result.error);
      }
      std::printf("%-28s %4d passed %4d failed\n", file.filename().c_str(), passed, failed);
    }
  }
  return verdicts.Finish();
}
