#include "core/os/file_system.h"

#include <doctest/doctest.h>

#include "core/os/durable_file.h"
#include "tests/support/temp_folder.h"

namespace drover {
TEST_SUITE("core/os/file_system") {
  TEST_CASE("write, read back, list, rename, remove") {
    testing::TempFolder folder;
    const auto fs = MakeFileSystem(folder.path());
    REQUIRE(fs->MakeDirs("a/b"));
    REQUIRE(WriteFileDurably(*fs, "a/b/c", "one"));
    REQUIRE(WriteFileDurably(*fs, "a/b/c", "two"));
    CHECK(fs->ReadFile("a/b/c").value() == "two");
    CHECK(fs->List("a/b").value() == std::vector<std::string>{"c"});
    {
      const auto file = fs->Open("a/b/d", OpenMode::kAppend).value();
      REQUIRE(file->Append("0123456789"));
      std::string part;
      REQUIRE(file->ReadAt(8, 10, part));
      CHECK(part == "89");
      REQUIRE(file->Truncate(3));
      CHECK(file->Size().value() == 3);
    }
    REQUIRE(fs->Rename("a/b/d", "a/e"));
    CHECK(fs->ReadFile("a/e").value() == "012");
    REQUIRE(fs->RemoveAll("a"));
    CHECK_FALSE(fs->Exists("a"));
  }
  TEST_CASE("errors say what and why") {
    testing::TempFolder folder;
    const auto fs = MakeFileSystem(folder.path());
    const auto missing = fs->ReadFile("nope");
    REQUIRE_FALSE(missing.has_value());
    CHECK(missing.error().code() == ErrorCode::kNotFound);
    CHECK(missing.error().message() ==
          "open " + folder.path() + "/nope: No such file or directory");
    REQUIRE(WriteFileDurably(*fs, "big", std::string(9000, 'x')));
    std::string text;
    CHECK(fs->ReadFile("big", text, 8999).error().code() == ErrorCode::kExhausted);
    REQUIRE(fs->ReadFile("big", text, 9000));
    CHECK(text.size() == 9000);
  }
}
}  // namespace drover
