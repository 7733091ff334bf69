#include "core/config/yaml.h"

#include <doctest/doctest.h>

namespace drover {
TEST_SUITE("core/config/yaml") {
  TEST_CASE("nodes know their place") {
    const auto root = ParseYaml("a: 1\nb:\n  - x\n  - {c: 'd'}\n", "f.yml");
    REQUIRE(root.has_value());
    const YamlNode* b = root->Find("b");
    REQUIRE(b != nullptr);
    REQUIRE(b->items.size() == 2);
    CHECK(b->items[1].Find("c")->text == "d");
    CHECK(b->items[1].Find("c")->quoted);
    CHECK(b->items[1].Find("c")->Place() == "f.yml:4:9");
  }
  TEST_CASE("broken files say where") {
    CHECK(ParseYaml("a: 1\na: 2\n", "f").error().message() ==
          "f:2:1: key \"a\" already set in line 1");
    CHECK(ParseYaml("a: [1\nb: 2", "f").error().message().starts_with("f:2:"));
    CHECK(ParseYaml("a: 1\n---\nb: 1\n", "f").error().message() ==
          "f:2:1: a second document: one file holds one document");
    CHECK(ParseYaml("a: *x\n", "f").error().message() == "f:1:4: unknown anchor 'x' referenced");
    CHECK(ParseYaml("\ta: 1", "f").error().code() == ErrorCode::kInvalid);
  }
  TEST_CASE("anchors and merge keys are resolved") {
    const auto root = ParseYaml("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n", "f");
    REQUIRE(root.has_value());
    CHECK(root->Find("use")->Find("x")->text == "1");
    CHECK(root->Find("use")->Find("y")->text == "3");
  }
  TEST_CASE("an alias bomb is refused") {
    std::string bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n";
    for (int i = 1; i < 9; ++i) {
      const std::string previous = "*a" + std::to_string(i - 1);
      bomb += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " [" + previous;
      for (int k = 0; k < 9; ++k) bomb += "," + previous;
      bomb += "]\n";
    }
    CHECK(ParseYaml(bomb, "f").error().message().find("2 million") != std::string::npos);
    CHECK_FALSE(ParseYaml(std::string(5000, '['), "f").has_value());
  }
  TEST_CASE("nothing is null") {
    CHECK(ParseYaml("", "f")->IsNull());
    CHECK(ParseYaml("global:\n", "f")->Find("global")->IsNull());
    CHECK_FALSE(ParseYaml("a: \"\"\n", "f")->Find("a")->IsNull());
  }
  TEST_CASE("scalars are quoted only where needed") {
    CHECK(YamlScalar("plain text") == "plain text");
    CHECK(YamlScalar("http://a:9090/x") == "http://a:9090/x");
    CHECK(YamlScalar("true") == "\"true\"");
    CHECK(YamlScalar("1.5") == "\"1.5\"");
    CHECK(YamlScalar("a: b") == "\"a: b\"");
    CHECK(YamlScalar("") == "\"\"");
  }
}
}  // namespace drover
