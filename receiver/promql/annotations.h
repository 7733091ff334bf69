// Warnings and infos of a query: advice that does not stop it. Each text once.
#pragma once

#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "receiver/promql/ast.h"

namespace drover::promql {

// One thread at a time.
class Annotations {
 public:
  // "PromQL warning: <body>" at `where` of the query.
  void Warn(TextRange where, std::string body) {
    warnings_[std::move(body)].push_back(where.begin);
  }
  // The body alone: it concerns the whole answer.
  void WarnPlain(std::string body) { plain_.insert(std::move(body)); }
  void Info(TextRange where, std::string body) { infos_[std::move(body)].push_back(where.begin); }

  // histogram_quantile had to repair bucket counts: one line with the extremes of all times.
  struct Repair {
    double lowest_bucket = 0;
    double highest_bucket = 0;
    double max_difference = 0;
    std::int64_t first_ms = 0;
    std::int64_t last_ms = 0;
    int samples = 0;
  };
  void InfoRepaired(TextRange where, const std::string& metric_name, const Repair& repair);

  bool empty() const {
    return plain_.empty() && warnings_.empty() && infos_.empty() && repairs_.empty();
  }

  // As the HTTP API shows them: with "(line:column)" of `query`, at most `limit` and then a line
  // that says how many were left out (0: all).
  std::vector<std::string> Warnings(std::string_view query, std::size_t limit = 10) const;
  std::vector<std::string> Infos(std::string_view query, std::size_t limit = 10) const;

 private:
  using Bodies = std::map<std::string, std::vector<std::size_t>>;  // body → places
  std::set<std::string> plain_;
  Bodies warnings_;
  Bodies infos_;
  std::map<std::pair<std::size_t, std::string>, Repair> repairs_;  // place, metric name
};

}  // namespace drover::promql
