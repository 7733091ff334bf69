// What the runners of vectors share: arguments, counting, the list of ids that must pass.
//
//   PROGRAM [-v] [--update] [--list FILE] [--only ID] [FILE|FOLDER …]
//
// Without --list every failure fails the run. With it, an id of the list that fails does, and one
// that passes and is not listed, so that the list grows. --update rewrites the list.
#pragma once

#include <set>
#include <string>
#include <vector>

namespace drover::testing {

class Verdicts {
 public:
  // Paths given, or by default `names` inside `folder` of the vectors. Ends the process with 77
  // when neither is there.
  Verdicts(int argc, char** argv, const std::string& folder, const std::vector<std::string>& names);

  const std::vector<std::string>& paths() const { return paths_; }
  bool Wanted(const std::string& id) const { return only_.empty() || only_ == id; }
  bool verbose() const { return verbose_; }
  // An empty `complaint` is a pass.
  void Add(const std::string& id, const std::string& complaint);
  int Finish() const;  // prints; the exit code

 private:
  std::vector<std::string> paths_;
  std::string list_;
  std::string only_;
  bool verbose_ = false;
  bool update_ = false;
  std::set<std::string> passed_;
  std::set<std::string> failed_;
};

std::string ReadWhole(const std::string& path);  // ends the process when it cannot

}  // namespace drover::testing
