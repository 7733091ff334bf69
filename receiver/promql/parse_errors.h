// Collects the errors of one parse with their places.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "receiver/promql/ast.h"

namespace drover::promql {

// "3:14" for a byte of the query, both from 1.
std::string LineAndColumn(std::string_view query, std::size_t at);

class ParseErrors {
 public:
  explicit ParseErrors(std::string_view query) : query_(query) {}
  void Add(TextRange range, std::string_view text);
  bool empty() const { return messages_.empty(); }
  Error Joined() const;

 private:
  std::string_view query_;
  std::vector<std::string> messages_;
};

// The rules about types and arguments (check.cc).
void CheckTypes(const Expr& expr, ParseErrors& errors);

}  // namespace drover::promql
