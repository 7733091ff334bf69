#include "receiver/promql/annotations.h"

#include <algorithm>
#include <cstdio>
#include <set>

#include "core/base/numbers.h"
#include "core/model/labels.h"
#include "receiver/promql/parse_errors.h"

namespace drover::promql {
namespace {

std::vector<std::string> Cut(const std::set<std::string>& lines, std::size_t limit,
                             std::string_view kind) {
  std::vector<std::string> out;
  for (const std::string& line : lines) {
    if (limit != 0 && out.size() == limit) {
      out.push_back(std::to_string(lines.size() - limit) + " more " + std::string(kind) +
                    " annotations omitted");
      break;
    }
    out.push_back(line);
  }
  return out;
}

std::string Line(std::string_view kind, std::string_view body, std::string_view query,
                 std::size_t at) {
  return "PromQL " + std::string(kind) + ": " + std::string(body) + " (" +
         LineAndColumn(query, at) + ")";
}

}  // namespace

void Annotations::InfoRepaired(TextRange where, const std::string& metric_name,
                               const Repair& repair) {
  const auto [it, fresh] = repairs_.try_emplace({where.begin, metric_name}, repair);
  if (fresh) return;
  Repair& known = it->second;
  known.lowest_bucket = std::min(known.lowest_bucket, repair.lowest_bucket);
  known.highest_bucket = std::max(known.highest_bucket, repair.highest_bucket);
  known.max_difference = std::max(known.max_difference, repair.max_difference);
  known.first_ms = std::min(known.first_ms, repair.first_ms);
  known.last_ms = std::max(known.last_ms, repair.last_ms);
  known.samples += repair.samples;
}

std::vector<std::string> Annotations::Warnings(std::string_view query, std::size_t limit) const {
  std::set<std::string> lines = plain_;
  for (const auto& [body, places] : warnings_) {
    for (const std::size_t at : places) lines.insert(Line("warning", body, query, at));
  }
  return Cut(lines, limit, "warning");
}

std::vector<std::string> Annotations::Infos(std::string_view query, std::size_t limit) const {
  std::set<std::string> lines;
  for (const auto& [body, places] : infos_) {
    for (const std::size_t at : places) lines.insert(Line("info", body, query, at));
  }
  for (const auto& [key, repair] : repairs_) {
    std::string body =
        "input to histogram_quantile needed to be fixed for monotonicity (see "
        "https://prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile)";
    if (!key.second.empty()) {
      body += " for metric name ";
      AppendGoQuoted(body, key.second);
    }
    char numbers[160];
    std::snprintf(numbers, sizeof numbers,
                  ", from buckets %g to %g, with a max diff of %.2g, over %d samples from ",
                  repair.lowest_bucket, repair.highest_bucket, repair.max_difference,
                  repair.samples);
    body += numbers + FormatRfc3339(FromMs(repair.first_ms), 0) + " to " +
            FormatRfc3339(FromMs(repair.last_ms), 0);
    lines.insert(Line("info", body, query, key.first));
  }
  return Cut(lines, limit, "info");
}

}  // namespace drover::promql
