// What the programs of this folder share: upstream's trees unpacked, a page of ours made of flags.
#pragma once

#include <cstdlib>
#include <iostream>
#include <optional>
#include <sstream>
#include <string>
#include <vector>

#include "exporters/common/text_page.h"
#include "exporters/node/node_flags.h"
#include "tests/support/data.h"

namespace drover::exporters::node {

inline std::vector<std::string> Split(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::stringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);) parts.push_back(part);
  return parts;
}

// False when an archive of the vectors cannot be unpacked.
inline bool Unpack(const std::string& data, std::initializer_list<const char*> archives,
                   const std::string& folder) {
  for (const char* archive : archives) {
    const std::string command = "tar -xzf '" + data + "/" + archive + "' -C '" + folder + "'";
    // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread so far
    if (std::system(command.c_str()) != 0) return false;
  }
  return true;
}

// What `only` shows of a program with these arguments (all that is on, when it is empty). The page
// is made twice: the second one comes from kept state.
inline Result<std::string> Page(std::vector<std::string> arguments, const std::string& only = "") {
  const auto clock = MakeSystemClock();
  const auto sink = MakeFdLogSink(2);
  const Logger log(*sink, *clock, LogLevel::kError);
  NodeFlags node;
  Flags flags("node_pages", "");
  node.AddTo(flags);
  DROVER_CHECK(node.collectors.Prepare(arguments));
  DROVER_TRY(const auto end, flags.Parse(arguments));
  DROVER_TRY(const auto choice, node.collectors.Choose(flags));
  DROVER_TRY(const auto runner, node.MakeRunner(choice, *clock, log));
  std::vector<std::size_t> which;
  for (std::size_t i = 0; i < runner->size(); ++i) {
    if (only.empty() || runner->name(i) == only) which.push_back(i);
  }
  std::string text;
  for (int i = 0; i < 2; ++i) {
    TextPage page;
    runner->Run(which, page);
    text.clear();
    page.Render(text);
  }
  return text;
}

}  // namespace drover::exporters::node
