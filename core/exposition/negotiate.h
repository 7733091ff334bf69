// What a scraper asks for in its request headers, for pages that offer the text format only.
#pragma once

#include <string_view>

namespace drover::exposition {

// The Content-Type to answer with. Text 0.0.4 whatever is asked (a scraper that prefers
// OpenMetrics or protobuf takes it too); escaping=allow-utf-8 is granted when asked for.
std::string_view TextContentType(std::string_view accept);

// Whether Accept-Encoding allows gzip: named (or *) with a weight above 0.
bool AcceptsGzip(std::string_view accept_encoding);

}  // namespace drover::exposition
