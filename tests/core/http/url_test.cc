#include "core/http/url.h"

#include <doctest/doctest.h>

#include "core/http/message.h"

namespace drover::http {
TEST_SUITE("core/http/url") {
  TEST_CASE("parts of a URL") {
    const Url url = ParseUrl("https://u:p%40@[::1]:8443/a/b?x=1#frag").value();
    CHECK(url.scheme == "https");
    CHECK(url.user == "u");
    CHECK(url.password == "p@");
    CHECK(url.host == "::1");
    CHECK(url.port == 8443);
    CHECK(url.path == "/a/b");
    CHECK(url.query == "x=1");
    CHECK(url.ToString() == "https://u:xxxxx@[::1]:8443/a/b?x=1");
    CHECK(ParseUrl("http://h").value().port == 80);
    CHECK(ParseUrl("http://h?x=1").value().query == "x=1");
  }
  TEST_CASE("what is no URL says why") {
    for (const char* bad : {"", "h:1", "ftp://h", "http://", "http://h:99999", "http://h:x",
                            "http://a b", "http://[::1", "http://::1/"}) {
      CAPTURE(bad);
      CHECK_FALSE(ParseUrl(bad).has_value());
    }
    const auto broken = ParseUrl("https://dn1:s3cret@h:99999/w");
    CHECK(broken.error().message() == "\"https://xxxxx@h:99999/w\" is no URL: bad port");
    CHECK(ParseUrl("dn1:s3cret@h").error().message().find("s3cret") == std::string::npos);
  }
  TEST_CASE("listen addresses") {
    CHECK(ParseHostPort(":9100").value().host.empty());
    CHECK(ParseHostPort("127.0.0.1:0").value().port == 0);
    CHECK(ParseHostPort("[::1]:80").value().host == "::1");
    for (const char* bad : {"", "9100", "h:", "h:70000", "::1:80", "h:+1"})
      CHECK_FALSE(ParseHostPort(bad).has_value());
  }
  TEST_CASE("forms: body first, then query") {
    Request request;
    request.method = "POST";
    request.query = "query=b&x=%zz";
    request.headers.Add("content-type", "application/x-www-form-urlencoded; charset=utf-8");
    request.body = "query=a+b%2B&match%5B%5D=1&match[]=2";
    const Form form = FormOf(request);
    CHECK(form.Get("query") == "a b+");
    CHECK(form.All("query") == std::vector<std::string>{"a b+", "b"});
    CHECK(form.All("match[]").size() == 2);
    CHECK(form.Get("x") == "%zz");
  }
  TEST_CASE("escaping") {
    CHECK(QueryEscape("a b/ä") == "a+b%2F%C3%A4");
    CHECK(PercentEncode("a b") == "a%20b");
    CHECK_FALSE(PercentDecode("%2", false).has_value());
  }
}
}  // namespace drover::http
