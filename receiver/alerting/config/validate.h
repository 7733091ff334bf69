// What the fields of alertmanager.yml must fulfil together.
#pragma once

#include "receiver/alerting/config/config.h"

namespace drover::alerting {

// `root` is the file. Fills in what receivers take from `global`.
Status ValidateGlobal(const GlobalConfig& global, const YamlNode& place);
Status ValidateReceivers(Config& config, const YamlNode& root);
Status ValidateRoutes(const Config& config, const YamlNode& root);

// The node of a key of `parent`, or `parent` where it is not written.
const YamlNode& At(const YamlNode& parent, std::string_view key);

}  // namespace drover::alerting
