#include "core/os/hot_file.h"

#include <doctest/doctest.h>

#include "tests/support/temp_folder.h"

namespace drover {
TEST_SUITE("core/os/hot_file") {
  TEST_CASE("a plain file is opened each time, so a replaced one is seen") {
    testing::TempFolder folder;
    const auto fs = MakeFileSystem(folder.path());
    HotFile file(*fs, "x");
    std::string text;
    CHECK(file.Read(text).error().code() == ErrorCode::kNotFound);
    REQUIRE(fs->Open("x", OpenMode::kCreate).value()->Append(std::string(10000, 'a')));
    REQUIRE(file.Read(text));
    CHECK(text == std::string(10000, 'a'));
    CHECK_FALSE(file.is_kept_open());
    REQUIRE(fs->Open("y", OpenMode::kCreate).value()->Append("new"));
    REQUIRE(fs->Rename("y", "x"));
    REQUIRE(file.Read(text));
    CHECK(text == "new");
  }
  TEST_CASE("a file of procfs stays open and gives its content each time") {
    const auto fs = MakeFileSystem("/proc");
    HotFile file(*fs, "self/stat");
    std::string first;
    std::string second;
    REQUIRE(file.Read(first));
    CHECK(file.is_kept_open());
    REQUIRE(file.Read(second));
    CHECK_FALSE(second.empty());
    CHECK(first.substr(0, first.find(' ')) == second.substr(0, second.find(' ')));
  }
}
}  // namespace drover
