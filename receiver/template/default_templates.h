// The templates that receiver settings name by default ("slack.default.title" …): text mode only.
// Users override them by defining the same names in their own files.
#pragma once

#include <string_view>

namespace drover::tmpl {

// For TemplateSet::Parse, before the user's files.
std::string_view DefaultTemplates();

}  // namespace drover::tmpl
