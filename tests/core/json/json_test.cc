#include <limits>

#include <doctest/doctest.h>

#include "core/json/reader.h"
#include "core/json/writer.h"

namespace drover {

TEST_CASE("json reader keeps kinds, order and the last of repeated keys") {
  const auto v = json::Parse(R"({"a":[1,-2.5,"x\u00e9",true,null],"b":{},"a2":1,"b":7})");
  REQUIRE(v);
  REQUIRE(v->IsObject());
  const json::Value* a = v->Find("a");
  REQUIRE(a != nullptr);
  REQUIRE(a->items().size() == 5);
  CHECK(a->items()[0].AsNumber() == 1);
  CHECK(a->items()[1].AsNumber() == -2.5);
  CHECK(a->items()[2].AsString() == "x\xc3\xa9");
  CHECK(a->items()[3].AsBool());
  CHECK(a->items()[4].IsNull());
  CHECK(v->Find("b")->AsNumber() == 7);
  CHECK(v->Find("c") == nullptr);
}

TEST_CASE("json reader refuses what is not one JSON value") {
  for (const char* text : {"", "{", "[1,]", "nul", "1 2", "{\"a\":}", "\"\xff\""}) {
    CAPTURE(text);
    CHECK_FALSE(json::Parse(text));
  }
  std::string deep(500, '[');
  deep += std::string(500, ']');
  CHECK_FALSE(json::Parse(deep));
}

TEST_CASE("json writer puts commas and escapes") {
  json::Writer out;
  out.BeginObject().Key("a").BeginArray().Int(1).String("<\n").Bool(false).EndArray();
  out.Key("b").Number(0.5).Key("c").Number(std::numeric_limits<double>::quiet_NaN());
  out.Key("d").BeginObject().EndObject().EndObject();
  CHECK(out.text() == R"({"a":[1,"\u003c\n",false],"b":0.5,"c":null,"d":{}})");
}

}  // namespace drover
