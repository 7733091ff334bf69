#include "core/base/base64.h"

#include <doctest/doctest.h>

namespace drover {

TEST_SUITE("base64") {
  TEST_CASE("the vectors of RFC 4648, and bytes beyond ASCII") {
    CHECK(ToBase64("") == "");
    CHECK(ToBase64("f") == "Zg==");
    CHECK(ToBase64("fo") == "Zm8=");
    CHECK(ToBase64("foo") == "Zm9v");
    CHECK(ToBase64("foob") == "Zm9vYg==");
    CHECK(ToBase64("fooba") == "Zm9vYmE=");
    CHECK(ToBase64("foobar") == "Zm9vYmFy");
    CHECK(ToBase64("\xff\xfe\xfd") == "//79");
  }
}

}  // namespace drover
