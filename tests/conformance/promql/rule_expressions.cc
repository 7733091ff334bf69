// Every expression of the given rule files (folders or files; without arguments the vectors'
// kube-prometheus rules) must parse, and print to a text that parses to the same text.
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "core/config/yaml.h"
#include "receiver/promql/parser.h"
#include "receiver/promql/printer.h"
#include "tests/support/data.h"

namespace {

struct Count {
  int passed = 0;
  int failed = 0;
};

void Visit(const drover::YamlNode& node, Count& count) {
  for (const auto& item : node.items) Visit(item, count);
  for (const auto& [key, value] : node.entries) {
    Visit(value, count);
    if (key.text != "expr" || value.kind != drover::YamlNode::Kind::kScalar) continue;
    const auto expr = drover::promql::Parse(value.text);
    const auto again =
        expr ? drover::promql::Parse(drover::promql::ToText(**expr)) : drover::promql::Parse("");
    if (expr && again && drover::promql::ToText(**again) == drover::promql::ToText(**expr)) {
      ++count.passed;
    } else {
      ++count.failed;
      std::printf("  %s: %s\n", value.Place().c_str(),
                  expr ? "does not round-trip" : expr.error().message().c_str());
    }
  }
}

Count RunFile(const std::filesystem::path& path) {
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  Count count;
  const auto root = drover::ParseYaml(text.str(), path.filename().string());
  if (!root) {
    std::printf("  %s\n", root.error().message().c_str());
    count.failed = 1;
  } else {
    Visit(*root, count);
  }
  std::printf("%-50s %4d passed %4d failed\n", path.filename().c_str(), count.passed, count.failed);
  return count;
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> paths(argv + 1, argv + argc);
  if (paths.empty()) {
    const auto folder = drover::testing::DataFolder("rules/kube-prometheus");
    if (!folder) return 77;
    paths.push_back(*folder);
  }
  Count total;
  for (const std::string& path : paths) {
    std::vector<std::filesystem::path> files;
    if (std::filesystem::is_directory(path)) {
      for (const auto& entry : std::filesystem::directory_iterator(path)) {
        if (entry.path().extension() == ".yaml") files.push_back(entry.path());
      }
    } else {
      files.emplace_back(path);
    }
    for (const auto& file : files) {
      const Count count = RunFile(file);
      total.passed += count.passed;
      total.failed += count.failed;
    }
  }
  std::printf("%d passed, %d failed\n", total.passed, total.failed);
  return total.failed == 0 && total.passed > 0 ? 0 : 1;
}
