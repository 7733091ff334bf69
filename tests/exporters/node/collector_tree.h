// A tree of files for collectors, and what they make of it.
//   Tree tree;
//   tree.Write("procfs/loadavg", "1 2 3\n");
//   const auto runner = tree.Make({"--collector.loadavg"});
//   CHECK(Has(Samples(**runner), "node_load1 1\n"));
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include <doctest/doctest.h>

#include "exporters/common/text_page.h"
#include "exporters/node/node_flags.h"
#include "tests/support/temp_folder.h"

namespace drover::exporters::node {

class NoSink final : public LogSink {
 public:
  void Write(std::string_view) override {}
};

struct Tree {
  testing::TempFolder folder;
  std::unique_ptr<FileSystem> files = MakeFileSystem(folder.path());
  std::unique_ptr<Clock> clock = MakeSystemClock();
  NoSink sink;
  Logger log{sink, *clock};

  void Write(const std::string& path, std::string_view text) {
    REQUIRE(files->MakeDirs(path.substr(0, path.rfind('/'))));
    REQUIRE(files->RemoveAll(path));
    REQUIRE(files->Open(path, OpenMode::kCreate).value()->Append(text));
  }

  Result<std::unique_ptr<Runner>> Make(std::vector<std::string> arguments, bool live = false) {
    arguments.push_back("--collector.disable-defaults");
    if (!live) {
      for (const char* root : {"procfs", "sysfs", "rootfs"})
        arguments.push_back("--path." + std::string(root) + "=" + folder.path() + "/" + root);
    }
    NodeFlags node;
    Flags flags("test", "");
    node.AddTo(flags);
    DROVER_CHECK(node.collectors.Prepare(arguments));
    DROVER_TRY(const auto end, flags.Parse(arguments));
    DROVER_TRY(const auto choice, node.collectors.Choose(flags));
    return node.MakeRunner(choice, *clock, log);
  }
};

// Sample lines without the duration.
inline std::string Samples(Runner& runner) {
  TextPage page;
  runner.RunAll(page);
  std::string text;
  page.Render(text);
  std::string kept;
  for (std::string_view rest = text; !rest.empty();) {
    const std::string_view line = rest.substr(0, rest.find('\n') + 1);
    rest.remove_prefix(line.size());
    if (!line.starts_with("#") && line.find("duration_seconds") == std::string_view::npos)
      kept += line;
  }
  return kept;
}

inline bool Has(const std::string& page, std::string_view text) {
  return page.find(text) != std::string::npos;
}

// What the runner says of a collector's run.
inline std::string Success(const std::string& collector, bool is_ok) {
  return "node_scrape_collector_success{collector=\"" + collector + "\"} " + (is_ok ? "1" : "0") +
         "\n";
}

// The samples of one collector on the tree as it is now.
inline std::string SamplesOf(Tree& tree, const std::string& collector,
                             std::vector<std::string> arguments = {}) {
  arguments.push_back("--collector." + collector);
  const auto runner = tree.Make(std::move(arguments));
  return runner ? Samples(**runner) : runner.error().message();
}

}  // namespace drover::exporters::node
