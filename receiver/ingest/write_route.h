// The HTTP side of WriteHandler.
#pragma once

#include "core/http/router.h"
#include "receiver/ingest/write_handler.h"

namespace drover::ingest {

// Adds POST /api/v1/write. `handler` outlives the router. 429 and 503 carry Retry-After.
void AddWriteRoute(http::Router& router, WriteHandler& handler);

}  // namespace drover::ingest
