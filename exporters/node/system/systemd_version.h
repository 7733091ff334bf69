// systemd's version out of what it says: "252.39-1~deb12u2" -> 252.39, "v249 (249.11)" -> 249.
#pragma once

#include <optional>
#include <string_view>

namespace drover::exporters::node {

// The first number of at least three digits, with a fraction if one follows.
std::optional<double> ParseSystemdVersion(std::string_view text);

}  // namespace drover::exporters::node
