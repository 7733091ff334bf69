// Any bytes as a segment: no crash, an end, and a repaired log reads the same records.
#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "core/record_log/reader.h"
#include "tests/support/faulty_file_system.h"

namespace {

std::size_t CountRecords(drover::FileSystem& fs) {
  drover::record_log::Reader reader(fs, "log");
  while (reader.Next().value()) {
  }
  return reader.stats().records;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  drover::testing::FaultyFileSystem fs;
  if (!fs.MakeDirs("log")) std::abort();
  const auto file = fs.Open("log/000001", drover::OpenMode::kCreate);
  if (!(*file)->Append(std::string_view(reinterpret_cast<const char*>(data), size))) std::abort();
  const std::size_t before = CountRecords(fs);
  if (!drover::record_log::Repair(fs, "log")) std::abort();
  if (CountRecords(fs) != before) std::abort();
  return 0;
}
