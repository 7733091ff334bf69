#include "core/http/auth.h"

#include <doctest/doctest.h>

namespace drover::http {
namespace {

// Made with python-bcrypt and libcrypt, which agree on them.
struct Vector {
  const char* password;
  const char* hash;
};
constexpr Vector kVectors[] = {
    {"secret-2a", "$2a$04$abcdefghijklmnopqrstu.OE22P0D.Yln8jNEqlOtkcP6OH74/erS"},
    {"secret-2b", "$2b$04$abcdefghijklmnopqrstu.lYCx04GQo153nzKUfcV5On12krTewnm"},
    {"secret-2y", "$2y$04$abcdefghijklmnopqrstu.u/yhMoASLKhNhbKBDC86bTL9GoKV6da"},
    {"p\xc3\xa5ss:w\xc3\xb6rd", "$2y$05$ABCDEFGHIJKLMNOPQRSTUu3H74nOk6oa6DY5zvSyCn4Pn8lr6LLce"},
};
using Users = std::map<std::string, Secret>;

}  // namespace

TEST_SUITE("core/http/auth") {
  TEST_CASE("bcrypt hashes of all three spellings match their password only") {
    for (const Vector& v : kVectors) {
      CHECK(BcryptMatches(v.password, v.hash));
      CHECK_FALSE(BcryptMatches(std::string(v.password) + "x", v.hash));
      CHECK_FALSE(BcryptMatches("", v.hash));
      CHECK_FALSE(BcryptMatches(std::string(v.password) + '\0' + "x", v.hash));
    }
    CHECK_FALSE(BcryptMatches(std::string(600, 'a'), kVectors[0].hash));
  }
  TEST_CASE("what is no bcrypt hash has no cost and matches nothing") {
    CHECK(BcryptCost(kVectors[3].hash) == 5);
    const std::string good = kVectors[1].hash;
    for (const std::string& bad :
         {std::string(), std::string("secret"), std::string("$1$abc$def"), good.substr(1),
          good + "x", "$2x" + good.substr(3), "$2b$03" + good.substr(6), "$2b$32" + good.substr(6),
          good.substr(0, 59) + "!"}) {
      CAPTURE(bad);
      CHECK_FALSE(BcryptCost(bad).has_value());
      CHECK_FALSE(BcryptMatches("secret-2b", bad));
    }
  }
  TEST_CASE("the header of basic authentication") {
    const auto given = ParseBasicAuth("basic dXNlcjpwYTpzcw==");
    REQUIRE(given.has_value());
    CHECK(given->user == "user");
    CHECK(given->password == "pa:ss");
    CHECK(ParseBasicAuth("Basic Og==")->user.empty());
    for (const char* bad :
         {"", "Basic", "Basic ", "Bearer dXNlcjpwYTpzcw==", "Basic dXNlcg==", "Basic d!!l",
          "Basic dX=lcjpwYTpzcw==", "Basic \t\t\t\tOg==", "Basic dXNlcjpwYTpzcw"})
      CHECK_FALSE(ParseBasicAuth(bad).has_value());
  }
  TEST_CASE("an answer costs one hash, a changed hash is asked anew") {
    PasswordCheck check;
    Users users{{"ann", Secret(kVectors[1].hash)}};
    for (int i = 0; i < 3; ++i) {
      CHECK(check.Passes(users, {"ann", "secret-2b"}));
      CHECK_FALSE(check.Passes(users, {"ann", "guess"}));
    }
    CHECK(check.hashed() == 2);
    users["ann"] = Secret(kVectors[2].hash);
    CHECK_FALSE(check.Passes(users, {"ann", "secret-2b"}));
    CHECK(check.Passes(users, {"ann", "secret-2y"}));
    CHECK(check.hashed() == 4);
  }
  TEST_CASE("an unknown user costs a hash and never passes, not even with another's password") {
    PasswordCheck check;
    const Users users{{"ann", Secret(kVectors[1].hash)}};
    CHECK_FALSE(check.Passes(users, {"bob", "secret-2b"}));
    CHECK(check.hashed() == 1);
    CHECK_FALSE(check.Passes(users, {"bob", "secret-2b"}));
    CHECK(check.hashed() == 1);
    CHECK(check.Passes({}, {"bob", "any"}));  // without users nothing is asked
  }
  TEST_CASE("guesses are forgotten at the bound and do not push out who passed") {
    PasswordCheck check(4);
    const Users users{{"ann", Secret(kVectors[1].hash)}};
    CHECK(check.Passes(users, {"ann", "secret-2b"}));
    for (int i = 0; i < 20; ++i) CHECK_FALSE(check.Passes(users, {"ann", std::to_string(i)}));
    CHECK(check.remembered() == 5);
    CHECK(check.hashed() == 21);
    CHECK(check.Passes(users, {"ann", "secret-2b"}));
    CHECK_FALSE(check.Passes(users, {"ann", "19"}));
    CHECK(check.hashed() == 21);
    CHECK_FALSE(check.Passes(users, {"ann", "0"}));
    CHECK(check.hashed() == 22);
  }
}
}  // namespace drover::http
