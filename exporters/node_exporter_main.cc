#include "core/base/crash.h"
#include "exporters/node_app.h"

int main(int argc, char** argv) {
  drover::InstallCrashHandler("drover-node-exporter");
  return drover::exporters::RunNodeExporter({argv + 1, argv + argc});
}
