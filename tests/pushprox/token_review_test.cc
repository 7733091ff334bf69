#include "pushprox/proxy/token_review.h"

#include <doctest/doctest.h>

#include "core/json/reader.h"

namespace drover::pushprox {
namespace {

std::string Answer(const std::string& status) {
  return R"({"kind":"TokenReview","apiVersion":"authentication.k8s.io/v1","metadata":{},)"
         R"("spec":{"token":"x"},"status":)" +
         status + "}";
}

}  // namespace

TEST_SUITE("token_review") {
  TEST_CASE("a request carries the token and the audiences") {
    const auto root = json::Parse(TokenReviewRequest("a.b\"c", {"one", "two"}));
    REQUIRE(root.has_value());
    CHECK(root->Find("kind")->AsString() == "TokenReview");
    CHECK(root->Find("apiVersion")->AsString() == "authentication.k8s.io/v1");
    CHECK(root->Find("spec")->Find("token")->AsString() == "a.b\"c");
    CHECK(root->Find("spec")->Find("audiences")->items().size() == 2);
  }

  TEST_CASE("an answer says whose token it is") {
    const auto got = ParseTokenReview(Answer(
        R"({"authenticated":true,"user":{"username":"system:serviceaccount:monitoring:drover",)"
        R"("uid":"u","groups":["system:serviceaccounts"],"extra":{)"
        R"("authentication.kubernetes.io/node-name":["node-a"],)"
        R"("authentication.kubernetes.io/pod-name":["drover-x7"]}},"audiences":["drover-pushprox"]})"));
    REQUIRE(got.has_value());
    REQUIRE(got->has_value());
    CHECK((*got)->name_space == "monitoring");
    CHECK((*got)->account == "drover");
    CHECK((*got)->node == "node-a");
    CHECK((*got)->pod == "drover-x7");
    CHECK((*got)->audiences == std::vector<std::string>{"drover-pushprox"});
  }

  TEST_CASE("what is not authenticated, or no ServiceAccount, is nobody") {
    for (const char* status :
         {R"({"user":{}})", R"({"authenticated":false,"error":"invalid bearer token"})",
          R"({"authenticated":"true","user":{"username":"system:serviceaccount:a:b"}})",
          R"({"authenticated":true})", R"({"authenticated":true,"user":{"username":"admin"}})",
          R"({"authenticated":true,"user":{"username":"system:serviceaccount:a"}})",
          R"({"authenticated":true,"user":{"username":"system:serviceaccount::b"}})",
          R"({"authenticated":true,"user":{"username":"system:serviceaccount:a:"}})",
          R"({"authenticated":true,"user":{"username":"system:serviceaccount:a:b:c"}})"}) {
      CAPTURE(status);
      const auto got = ParseTokenReview(Answer(status));
      REQUIRE(got.has_value());
      CHECK_FALSE(got->has_value());
    }
  }

  TEST_CASE("a claim of two values is none, and audiences are not made up") {
    const auto got = ParseTokenReview(
        Answer(R"({"authenticated":true,"user":{"username":"system:serviceaccount:a:b","extra":{)"
               R"("authentication.kubernetes.io/node-name":["x","y"],)"
               R"("authentication.kubernetes.io/pod-name":"z"}}})"));
    REQUIRE(got.has_value());
    REQUIRE(got->has_value());
    CHECK((*got)->node.empty());
    CHECK((*got)->pod.empty());
    CHECK((*got)->audiences.empty());
  }

  TEST_CASE("what is no TokenReview is an error") {
    for (const char* text : {"", "[]", "{}", R"({"kind":"Status","status":"Failure"})",
                             R"({"kind":"TokenReview"})", R"({"kind":"TokenReview","status":[]})"})
      CHECK_FALSE(ParseTokenReview(text).has_value());
    CHECK_FALSE(ParseTokenReview(std::string(kMaxReviewBytes + 1, ' ')).has_value());
  }

  TEST_CASE("a token's claims are read, of what has its shape") {
    // {"alg":"RS256"} . {"sub":"s","exp":1700000000,"aud":["x","y"]}
    const auto claims = LookAtToken(
        "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzIiwiZXhwIjoxNzAwMDAwMDAwLCJhdWQiOlsieCIsInkiXX0.c2ln");
    REQUIRE(claims.has_value());
    CHECK(claims->subject == "s");
    CHECK(claims->expires_s == 1'700'000'000);
    REQUIRE(claims->audiences.has_value());
    CHECK(claims->audiences->size() == 2);
    for (const char* token :
         {"", "random", "a.b", "..", "a.b.c.d", "e30.e30.c2ln" /* no alg */,
          "eyJhbGciOiJSUzI1NiJ9.e30." /* no signature */, "eyJhbGciOiJSUzI1NiJ9.W10.c2ln" /* [] */,
          "eyJhbGciOiJSUzI1NiJ9.e30=.c2ln", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln!"}) {
      CAPTURE(token);
      CHECK_FALSE(LookAtToken(token).has_value());
    }
    CHECK(LookAtToken("eyJhbGciOiJSUzI1NiJ9.e30.c2ln").has_value());
  }
}

}  // namespace drover::pushprox
