// drover-node-exporter: node_exporter's flags and pages.
#pragma once

#include <string>
#include <vector>

namespace drover::exporters {

// Runs until SIGTERM or SIGINT; the exit code. 1 for bad flags or an address that is taken, with a
// line on standard error. `arguments` without the program's name.
int RunNodeExporter(std::vector<std::string> arguments);

}  // namespace drover::exporters
