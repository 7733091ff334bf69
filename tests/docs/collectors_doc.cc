// Prints docs/collectors.md; with a file as argument compares it with that and says how to bring it
// up to date.
#include <algorithm>
#include <fstream>
#include <iostream>
#include <sstream>

#include "exporters/node/collectors.h"

namespace {

std::string Cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string Code(std::string_view text) { return "`" + Cell(text) + "`"; }

void Collector(const drover::exporters::CollectorSpec& spec, std::string& out) {
  using Kind = drover::exporters::CollectorFlag::Kind;
  out += "\n## " + std::string(spec.name) + "\n\n" + std::string(spec.help) + " Reads " +
         std::string(spec.source) + ". " + (spec.default_on ? "On" : "Off") + " by default.\n";
  if (!spec.flags.empty()) {
    out += "\n| flag | default | meaning |\n|---|---|---|\n";
    for (const auto& flag : spec.flags) {
      std::string meaning(flag.help);
      if (flag.kind == Kind::kList) meaning += " (repeatable)";
      out += "| `--collector." + std::string(flag.name) + "` | " +
             (flag.default_text.empty() ? "" : Code(flag.default_text)) + " | " + Cell(meaning) +
             " |\n";
    }
  }
  auto names = spec.metrics;
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  out += "\nMetrics:";
  for (const std::string_view name : names) out += " " + Code(name);
  out += "\n";
}

std::string Page() {
  const auto specs = drover::exporters::node::Collectors();
  std::string out =
      "# Collectors of drover-node-exporter and of the agent's node source\n\n"
      "Made from the table in the code (`tests/docs/collectors_doc.cc`); a test fails when this "
      "page is behind.\n\n"
      "`--collector.<name>` and `--no-collector.<name>` switch a collector, "
      "`--collector.disable-defaults` all that are not named. `--collector.<name>.timeout` is its "
      "deadline (`--collector.timeout`, 2s), `--collector.<name>.interval` lets what it said stay "
      "good for so long. A `*` in a metric's name stands for what the kernel or a file decides.\n\n"
      "| collector | on | what |\n|---|---|---|\n";
  for (const auto& spec : specs) {
    out += "| [" + std::string(spec.name) + "](#" + std::string(spec.name) + ") | " +
           (spec.default_on ? "yes" : "no") + " | " + Cell(spec.help) + " |\n";
  }
  for (const auto& spec : specs) Collector(spec, out);
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string page = Page();
  if (argc < 2) {
    std::cout << page;
    return 0;
  }
  std::ifstream file(argv[1]);
  std::stringstream text;
  text << file.rdbuf();
  if (text.str() == page) return 0;
  std::cerr << argv[1] << " is behind the code: " << argv[0] << " > " << argv[1] << '\n';
  return 1;
}
