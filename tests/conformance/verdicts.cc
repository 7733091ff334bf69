#include "tests/conformance/verdicts.h"

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <sstream>

#include "tests/support/data.h"

namespace drover::testing {

Verdicts::Verdicts(int argc, char** argv, const std::string& folder,
                   const std::vector<std::string>& names) {
  for (int i = 1; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "-v") {
      verbose_ = true;
    } else if (arg == "--update") {
      update_ = true;
    } else if (arg == "--list" && i + 1 < argc) {
      list_ = argv[++i];
    } else if (arg == "--only" && i + 1 < argc) {
      only_ = argv[++i];
    } else {
      paths_.push_back(arg);
    }
  }
  if (!paths_.empty()) return;
  const auto found = DataFolder(folder);
  if (!found) {
    std::printf("skipped: no vectors (set DROVER_DATA)\n");
    std::exit(77);  // NOLINT(concurrency-mt-unsafe): before any thread
  }
  for (const std::string& name : names)
    paths_.push_back(name.empty() ? *found : *found + "/" + name);
}

void Verdicts::Add(const std::string& id, const std::string& complaint) {
  (complaint.empty() ? passed_ : failed_).insert(id);
  if (!complaint.empty() && verbose_) std::printf("FAIL %s: %s\n", id.c_str(), complaint.c_str());
}

int Verdicts::Finish() const {
  std::set<std::string> listed;
  if (!list_.empty()) {
    std::ifstream in(list_);
    for (std::string line; std::getline(in, line);) {
      if (!line.empty() && line[0] != '#') listed.insert(line);
    }
  }
  int bad = 0;
  for (const std::string& id : failed_) {
    if (list_.empty() || listed.contains(id)) {
      ++bad;
      std::printf("FAILED %s (run with -v)\n", id.c_str());
    }
  }
  std::size_t missing = 0;
  for (const std::string& id : listed) {
    if (only_.empty() && !passed_.contains(id) && !failed_.contains(id)) ++missing;
  }
  if (missing > 0) std::printf("%zu listed ids are not among the vectors\n", missing);
  for (const std::string& id : passed_) {
    if (list_.empty() || listed.contains(id)) continue;
    if (!update_) ++bad;
    std::printf("passes, add it to the list: %s\n", id.c_str());
  }
  std::printf("%zu passed, %zu failed\n", passed_.size(), failed_.size());
  if (update_ && !list_.empty()) {
    std::ofstream out(list_);
    for (const std::string& id : passed_) out << id << '\n';
  }
  return bad == 0 && missing == 0 ? 0 : 1;
}

std::string ReadWhole(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) {
    std::fprintf(stderr, "cannot read %s\n", path.c_str());
    std::exit(2);  // NOLINT(concurrency-mt-unsafe)
  }
  std::ostringstream text;
  text << in.rdbuf();
  return text.str();
}

}  // namespace drover::testing
