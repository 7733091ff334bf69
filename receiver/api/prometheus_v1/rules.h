// /api/v1/rules and /api/v1/alerts.
#pragma once

#include <functional>
#include <vector>

#include "core/http/router.h"
#include "receiver/rules/rule_state.h"

namespace drover::api {

// `groups` answers the groups as they are now, sorted by file and name; asked at each request.
void AddRuleRoutes(http::Router& router, std::function<std::vector<rules::GroupSnapshot>()> groups);

}  // namespace drover::api
