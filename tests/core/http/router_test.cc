#include "core/http/router.h"

#include <doctest/doctest.h>

#include "core/compression/gzip.h"
#include "core/http/content_coding.h"

namespace drover::http {
namespace {
Request Get(std::string path, std::string method = "GET") {
  Request request;
  request.method = std::move(method);
  request.path = std::move(path);
  return request;
}
Handler Says(std::string text) {
  return [text](const Request&) { return Response::Text(200, text); };
}
}  // namespace
TEST_SUITE("core/http/router") {
  TEST_CASE("the longest match wins, methods are checked") {
    Router router;
    router.Add("GET,OPTIONS", "/a", Says("a"));
    router.Add("POST", "/a", Says("post a"), {.max_body_bytes = 5});
    router.Add("GET", "/a/*", Says("below a"));
    router.Add("GET", "/a/b", Says("b"), {.max_body_bytes = 7});
    CHECK(router.Serve(Get("/a")).body == "a");
    CHECK(router.Serve(Get("/a", "POST")).body == "post a");
    CHECK(router.Serve(Get("/a/b")).body == "b");
    CHECK(router.Serve(Get("/a/c/d")).body == "below a");
    const Response wrong = router.Serve(Get("/a", "DELETE"));
    CHECK(wrong.status == 405);
    CHECK(wrong.headers.Get("Allow") == "GET, OPTIONS, POST");
    CHECK(router.Serve(Get("/x")).status == 404);
    CHECK(router.MaxBodyBytes("/a/b") == 7);
  }
  TEST_CASE("compression for those who ask") {
    Router router;
    router.Add("GET", "/", Says(std::string(5000, 'x')));
    router.Use(CompressResponses());
    CHECK(router.Serve(Get("/")).body.size() == 5000);
    Request request = Get("/");
    request.headers.Add("Accept-Encoding", "br, gzip;q=0.5");
    const Response response = router.Serve(request);
    CHECK(response.headers.Get("content-encoding") == "gzip");
    std::string plain;
    REQUIRE(compression::GzipUncompress(response.body, 10'000, plain));
    CHECK(plain.size() == 5000);
    request.headers.Set("Accept-Encoding", "gzip;q=0");
    CHECK_FALSE(router.Serve(request).headers.Has("Content-Encoding"));
  }
}
}  // namespace drover::http
