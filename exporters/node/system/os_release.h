// os-release (man 5 os-release).
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace drover::exporters::node {

// KEY=value lines, quotes and backslashes undone; comments and what is no assignment are skipped.
std::map<std::string, std::string, std::less<>> ParseOsRelease(std::string_view text);

// The major.minor part of a VERSION_ID ("20.04.1" → 20.04); nullopt when it begins otherwise.
std::optional<double> OsVersion(std::string_view version_id);

// Seconds since 1970 of the day "2026-06-10" (UTC).
std::optional<double> SupportEnd(std::string_view day);

}  // namespace drover::exporters::node
