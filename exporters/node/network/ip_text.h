// IP addresses as Go prints them.
#pragma once

#include <string>
#include <string_view>

namespace drover::exporters::node {

// 4 or 16 raw bytes: dotted decimals, or RFC 5952; an IPv4-mapped address prints as IPv4. "" for
// any other length.
std::string FormatIp(std::string_view bytes);

}  // namespace drover::exporters::node
