// Sizes as two file systems print them for people.
#pragma once

#include <optional>
#include <string_view>

namespace drover::exporters::node {

// bcachefs: "1.26k", "10.8T", "697": powers of 1024, rounded down. nullopt for what is none.
std::optional<double> ParseHumanSize(std::string_view text);

// bcache (bch_hprint): as above, but the part behind the point counts 1024ths divided by 100, so .9
// comes before .10; and a sign for some.
std::optional<double> ParseBcacheSize(std::string_view text);

}  // namespace drover::exporters::node
