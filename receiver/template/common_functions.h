// Inside the template engine: functions both sets have.
#pragma once

#include "receiver/template/template.h"

namespace drover::tmpl {

// toUpper, toLower, match, reReplaceAll, safeHtml; `lower_rest`: title lowers what follows the
// first letter of a word.
void AddCommonFunctions(Functions& functions, bool lower_rest);

}  // namespace drover::tmpl
