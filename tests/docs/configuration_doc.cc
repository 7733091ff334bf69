// Prints docs/configuration.md; with a file as argument compares it with that and says how to bring
// it up to date.
#include <fstream>
#include <iostream>
#include <sstream>

#include "agent/config/agent_config.h"
#include "receiver/config/receiver_config.h"

namespace {

std::string Cell(const std::string& text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

// "" for what has no default worth showing.
std::string Default(const drover::FieldDoc& field) {
  const std::string& value = field.value;
  if (value.empty() || value == "null" || value == "\"\"" || value == "[]" || value == "{}")
    return "";
  return "`" + Cell(value) + "`";
}

void Table(const std::vector<drover::FieldDoc>& fields, std::string& out) {
  out += "| key | value | default | meaning |\n|---|---|---|---|\n";
  for (const drover::FieldDoc& field : fields) {
    out += "| `" + field.path + "` | " + Cell(field.kind) + " | " + Default(field) + " | " +
           Cell(field.help) + " |\n";
  }
}

std::string Page() {
  std::string out =
      "# Configuration\n\n"
      "Made from the descriptions in the code (`tests/docs/configuration_doc.cc`); a test fails "
      "when "
      "this page is behind.\n\n"
      "Both files are Prometheus' format: a whole prometheus.yml may be given to either program, "
      "and "
      "each takes its half and says in one line which sections are the other's. A key that is "
      "unknown or not built yet is refused with file, line and column; a key that is accepted "
      "without effect is named in a warning with its place. `[]` stands for the elements of a "
      "list. "
      "Durations are written as `15s` or `1h30m`, sizes as `64MB` (a kilobyte is 1024 bytes), "
      "regular expressions are RE2 and match the whole value. Secrets are shown as `<secret>` "
      "wherever a configuration is shown; file names are taken from the folder of the file they "
      "stand in.\n\n"
      "A file is read at start, on SIGHUP, and with `--web.enable-lifecycle` on POST to "
      "`/-/reload`. "
      "When it is wrong the running configuration stays.\n\n"
      "## agent.yml (drover-agent)\n\n";
  Table(drover::DocumentFields<drover::agent::AgentConfig>(), out);
  out += "\n## receiver.yml (drover-receiver)\n\n";
  Table(drover::DocumentFields<drover::receiver::ReceiverConfig>(), out);
  out +=
      "\n## Relabelling rules\n\n"
      "`relabel_configs`, `metric_relabel_configs` and `write_relabel_configs` are lists of rules "
      "as "
      "Prometheus has them: `source_labels`, `separator`, `regex`, `modulus`, `target_label`, "
      "`replacement`, `action`.\n";
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
  std::cerr << argv[1] << " is behind: " << argv[0] << " > " << argv[1] << "\n";
  return 1;
}
