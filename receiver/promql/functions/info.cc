#include "receiver/promql/functions/table.h"

namespace drover::promql {

std::span<const FunctionRow> InfoFunctions() { return {}; }

}  // namespace drover::promql
