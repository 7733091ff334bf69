// May a series with these labels be stored?
#pragma once

#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/model/labels.h"

namespace drover::ingest {

// Labels as sent, in any order; empty values count as absent. kInvalid: no metric name, an empty or
// repeated label name, bytes that are no UTF-8. kExhausted: a name or value too long.
Status CheckLabels(const std::vector<LabelView>& labels, std::size_t max_name_bytes,
                   std::size_t max_value_bytes);

}  // namespace drover::ingest
