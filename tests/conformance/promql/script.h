// The test language of upstream's promqltest: a fresh store per script, `load`, `clear`, `eval`.
#pragma once

#include <string>
#include <vector>

namespace drover::testing {

struct CaseResult {
  int line = 0;  // of the eval, from 1
  std::string command;
  std::string error;  // empty: passed
};

std::vector<CaseResult> RunScript(const std::vector<std::string>& lines);

}  // namespace drover::testing
