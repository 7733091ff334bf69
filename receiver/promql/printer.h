// PromQL back into text.
#pragma once

#include <string>

#include "receiver/promql/ast.h"

namespace drover::promql {

// The canonical one-line form, as /api/v1/rules shows queries: matchers sorted, durations and
// numbers normalised, parentheses as written. Parsing it again gives the same tree.
std::string ToText(const Expr& expr);

// As /api/v1/format_query: nodes of more than 100 bytes are broken over lines, indented by two.
std::string ToPrettyText(const Expr& expr);

}  // namespace drover::promql
