// Inside the template engine: runs a parsed template.
#pragma once

#include "receiver/template/node.h"
#include "receiver/template/template.h"

namespace drover::tmpl {

using TemplateMap = std::map<std::string, std::shared_ptr<const Template>, std::less<>>;

Result<std::string> Run(const Template& start, const TemplateMap& all, const Functions& functions,
                        const ExpandLimits& limits, const Value& data);

}  // namespace drover::tmpl
