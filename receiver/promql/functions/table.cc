#include "receiver/promql/functions/table.h"

namespace drover::promql {

FunctionImpl FindFunction(std::string_view name) {
  for (const auto family :
       {ElementFunctions(), TimeFunctions(), ScalarFunctions(), LabelFunctions(), SortFunctions(),
        AbsentFunctions(), RangeFunctions(), HistogramFunctions(), InfoFunctions()}) {
    for (const FunctionRow& row : family) {
      if (row.name == name) return row.impl;
    }
  }
  return nullptr;
}

}  // namespace drover::promql
