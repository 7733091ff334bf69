#include "exporters/node/sysfs.h"

#include <unistd.h>

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

namespace drover::exporters::node {
namespace {

struct Tree {
  testing::TempFolder folder;
  SysFs sys{MakeFileSystem(folder.path())};

  void Write(const std::string& path, std::string_view text) {
    REQUIRE(sys.files().MakeDirs(path.substr(0, path.rfind('/'))));
    REQUIRE(sys.files().Open(path, OpenMode::kCreate).value()->Append(text));
  }
};

}  // namespace

TEST_SUITE("exporters/node/sysfs") {
  TEST_CASE("entries of a class come sorted, of one prefix; an absent class is kNotFound") {
    Tree tree;
    for (const char* name : {"zone10", "zone2", "cooling1", "zone1"})
      tree.Write("class/thermal/" + std::string(name) + "/type", "x\n");
    CHECK(tree.sys.List("class/thermal", "zone").value() ==
          std::vector<std::string>{"zone1", "zone10", "zone2"});
    CHECK(tree.sys.List("class/thermal").value().size() == 4);
    CHECK(tree.sys.List("class/absent").error().code() == ErrorCode::kNotFound);
  }

  TEST_CASE("attributes are trimmed and read as what they are") {
    Tree tree;
    tree.Write("d/text", "  two words \n");
    tree.Write("d/uint", "18446744073709551615\n");
    tree.Write("d/int", "-40\n");
    tree.Write("d/hex", "0xfF\n");
    CHECK(tree.sys.Text("d/text") == std::string_view("two words"));
    CHECK(tree.sys.Uint("d/uint") == 18446744073709551615u);
    CHECK(tree.sys.Int("d/int") == -40);
    CHECK(tree.sys.Hex("d/hex") == 255);
  }

  TEST_CASE("what is no number is kInvalid, not zero") {
    Tree tree;
    int count = 0;
    for (const char* text :
         {"", "\n", "0x", "12x", "1 2", "N/A\n", "1.5", "99999999999999999999"}) {
      const std::string path = "d/" + std::to_string(++count);
      tree.Write(path, text);
      CHECK(tree.sys.Uint(path).error().code() == ErrorCode::kInvalid);
      CHECK(tree.sys.Int(path).error().code() == ErrorCode::kInvalid);
      CHECK(tree.sys.Hex(path).error().code() == ErrorCode::kInvalid);
      CHECK_FALSE(Optional(tree.sys.Uint(path)).has_value());
    }
    tree.Write("d/minus", "-1");
    CHECK(tree.sys.Uint("d/minus").error().code() == ErrorCode::kInvalid);
  }

  TEST_CASE("absent and unreadable attributes are told apart from broken ones") {
    Tree tree;
    tree.Write("d/sub/x", "1");
    CHECK(tree.sys.Uint("d/none").error().code() == ErrorCode::kNotFound);
    CHECK(tree.sys.Uint("d/none/x").error().code() == ErrorCode::kNotFound);
    // A folder cannot be read (EISDIR), as a driver without a value (EINVAL).
    CHECK(tree.sys.Uint("d/sub").error().code() == ErrorCode::kUnsupported);
    CHECK(Optional(tree.sys.Uint("d/none")).value() == std::nullopt);
    CHECK(Optional(tree.sys.Uint("d/sub")).value() == std::nullopt);
    CHECK(Optional(tree.sys.Uint("d/sub/x")).value() == 1);
  }

  TEST_CASE("a link is known by the last part of its target") {
    Tree tree;
    tree.Write("d/x", "1");
    REQUIRE(::symlink("../../bus/pci/drivers/e1000e", (tree.folder.path() + "/d/driver").c_str()) ==
            0);
    CHECK(tree.sys.LinkName("d/driver") == "e1000e");
    CHECK(tree.sys.LinkName("d/x").error().code() == ErrorCode::kInvalid);
  }
}

}  // namespace drover::exporters::node
