// What this build is.
#pragma once

#include <string>
#include <string_view>

namespace drover {

std::string_view Version();   // "0.1.0"
std::string_view Revision();  // git commit, 12 digits, or "unknown"

// "drover-agent, version 0.1.0 (revision: 0123456789ab, compiler: g++ 12.2.0)\n", for --version.
std::string VersionText(std::string_view program);

}  // namespace drover
