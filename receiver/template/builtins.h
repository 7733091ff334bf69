// Inside the template engine: the functions every template has, besides and, or.
#pragma once

#include "receiver/template/template.h"

namespace drover::tmpl {

const Functions& Builtins();

// Go's fmt.Sprintf, Sprint and Sprintln.
std::string GoSprintf(std::string_view format, std::span<const Value> args);
std::string GoSprint(std::span<const Value> args);

}  // namespace drover::tmpl
