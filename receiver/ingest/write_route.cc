#include "receiver/ingest/write_route.h"

namespace drover::ingest {

void AddWriteRoute(http::Router& router, WriteHandler& handler) {
  http::RouteOptions options;
  options.max_body_bytes = handler.options().max_body_bytes;
  router.Add(
      "POST,OPTIONS", "/api/v1/write",
      [&handler](const http::Request& request) {
        WriteAnswer answer = handler.Write(request.body, request.headers.Get("Content-Type"),
                                           request.headers.Get("Content-Encoding"));
        if (answer.status == 204) {
          http::Response response;
          response.status = 204;
          return response;
        }
        auto response = http::Response::Text(answer.status, std::move(answer.text));
        response.headers.Set("X-Content-Type-Options", "nosniff");
        if (answer.status == 429 || answer.status == 503) response.headers.Set("Retry-After", "5");
        return response;
      },
      options);
}

}  // namespace drover::ingest
