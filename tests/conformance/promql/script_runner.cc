// Runs PromQL test scripts (load, eval, expected lines): files or folders as arguments, by default
// the vectors. Prints passed and failed cases per file.
//
//   promql_scripts [-v] [--list passing.txt [--update]] [file | folder]…
//
// With --list, fails when a listed case fails and when an unlisted one passes (--update rewrites
// the list). A case is "file:line" of its eval.
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "tests/conformance/promql/script.h"
#include "tests/support/data.h"

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

int Compare(const std::set<std::string>& listed, const std::set<std::string>& passing,
            const std::set<std::string>& failing) {
  int wrong = 0;
  for (const std::string& name : listed) {
    if (failing.contains(name)) std::printf("listed but fails: %s\n", name.c_str()), ++wrong;
  }
  for (const std::string& name : passing) {
    if (!listed.contains(name))
      std::printf("passes, add it to the list: %s\n", name.c_str()), ++wrong;
  }
  return wrong == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  bool verbose = false;
  bool update = false;
  std::string list;
  std::vector<std::string> paths;
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "-v") {
      verbose = true;
    } else if (arg == "--update") {
      update = true;
    } else if (arg == "--list" && i + 1 < argc) {
      list = argv[++i];
    } else {
      paths.push_back(arg);
    }
  }
  if (paths.empty()) {
    const auto folder = drover::testing::DataFolder("promql");
    if (!folder) return 77;
    paths.push_back(*folder);
  }
  std::set<std::string> passing, failing;
  for (const std::string& path : paths) {
    for (const auto& file : ScriptsIn(path)) {
      int passed = 0;
      int failed = 0;
      for (const CaseResult& result : RunScript(Lines(file))) {
        const std::string name = file.filename().string() + ":" + std::to_string(result.line);
        (result.error.empty() ? passing : failing).insert(name);
        ++(result.error.empty() ? passed : failed);
        if (verbose && !result.error.empty()) {
          std::printf("  %s: %s\n    %s\n", name.c_str(), result.command.c_str(),
                      result.error.c_str());
        }
      }
      std::printf("%-28s %4d passed %4d failed\n", file.filename().c_str(), passed, failed);
    }
  }
  std::printf("%zu passed, %zu failed\n", passing.size(), failing.size());
  if (list.empty()) return failing.empty() ? 0 : 1;
  if (update) {
    std::ofstream out(list);
    for (const std::string& name : passing) out << name << "\n";
    return 0;
  }
  const std::vector<std::string> lines = Lines(list);
  return Compare({lines.begin(), lines.end()}, passing, failing);
}
