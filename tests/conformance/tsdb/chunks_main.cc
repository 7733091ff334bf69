// Chunks that Prometheus wrote against our XOR codec.
//
//   tsdb_chunks [FOLDER…]        without arguments: the folders of the test data that have a dump
//
// Every FOLDER holds blocks (…/chunks/NNNNNN) and a dump.txt.gz of promtool tsdb dump. Each chunk's
// checksum must hold; each XOR chunk, decoded and encoded again, must give the same bytes; and the
// samples of all together must be those of the dump (a dump may hold more: what was in the log).
// Ends with 77 when there is no test data.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdio>
#include <filesystem>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/crc32c.h"
#include "core/base/numbers.h"
#include "core/compression/gzip.h"
#include "core/os/file_system.h"
#include "receiver/storage/chunk/xor.h"
#include "tests/support/data.h"

namespace {

using namespace drover;

constexpr std::uint32_t kChunksMagic = 0x85BD40DD;
constexpr std::uint8_t kXor = 1;

using Plain = std::pair<std::int64_t, std::uint64_t>;  // time, value bits; all NaN are one

Plain MakePlain(std::int64_t t, double v) {
  return {t, std::isnan(v) ? kNormalNanBits : std::bit_cast<std::uint64_t>(v)};
}

struct Counts {
  std::size_t xor_chunks = 0;
  std::size_t other_chunks = 0;
  std::vector<std::string> errors;
  std::vector<Plain> samples;
};

bool SameBytesAgain(const SampleColumns& columns, std::string_view chunk) {
  storage::XorState state;
  std::vector<std::uint8_t> buffer;
  for (std::size_t i = 0; i < columns.size(); ++i) {
    buffer.resize(state.size_bytes() + storage::kXorSpareBytes);
    storage::XorAppend(state, buffer.data(), columns.t_ms[i], columns.value[i]);
  }
  return std::string_view(reinterpret_cast<const char*>(buffer.data()), state.size_bytes()) ==
         chunk;
}

void ReadSegment(const std::string& name, std::string_view bytes, Counts& counts) {
  Cursor cursor(bytes);
  if (cursor.BigEndian<std::uint32_t>() != kChunksMagic) {
    counts.errors.push_back(name + ": no chunk file");
    return;
  }
  cursor.Take(4);
  while (cursor.ok() && !cursor.empty()) {
    const std::uint64_t size = cursor.Uvarint();
    const std::string_view checked = cursor.Take(size + 1);
    const auto crc = cursor.BigEndian<std::uint32_t>();
    if (!cursor.ok() || Crc32c(checked) != crc) {
      counts.errors.push_back(name + ": bad checksum");
      return;
    }
    const std::string_view chunk = checked.substr(1);
    if (static_cast<std::uint8_t>(checked[0]) != kXor) {
      ++counts.other_chunks;
      continue;
    }
    ++counts.xor_chunks;
    SampleColumns columns;
    const Status decoded = storage::XorDecode(chunk, std::numeric_limits<std::int64_t>::min(),
                                              std::numeric_limits<std::int64_t>::max(), columns);
    if (!decoded || columns.size() != storage::XorCount(chunk)) {
      counts.errors.push_back(name + ": chunk does not decode");
    } else if (!SameBytesAgain(columns, chunk)) {
      counts.errors.push_back(name + ": chunk encodes to other bytes");
    }
    for (std::size_t i = 0; i < columns.size(); ++i) {
      counts.samples.push_back(MakePlain(columns.t_ms[i], columns.value[i]));
    }
  }
}

// Lines `{labels} value time`; those of histograms are passed over.
std::vector<Plain> DumpSamples(std::string_view text) {
  std::vector<Plain> samples;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t before_time = line.rfind(' ');
    if (before_time == std::string_view::npos || before_time == 0) continue;
    const std::size_t before_value = line.rfind(' ', before_time - 1);
    if (before_value == std::string_view::npos) continue;
    const auto t = ParseInt(line.substr(before_time + 1));
    const auto v = ParseFloat(line.substr(before_value + 1, before_time - before_value - 1));
    if (t && v) samples.push_back(MakePlain(*t, *v));
  }
  return samples;
}

bool Check(const std::string& folder) {
  Counts counts;
  const auto fs = MakeFileSystem(folder);
  std::error_code error;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder, error)) {
    if (!entry.is_regular_file() || entry.path().parent_path().filename() != "chunks") continue;
    const std::string name = std::filesystem::relative(entry.path(), folder).string();
    const auto bytes = fs->ReadFile(name);
    if (bytes) {
      ReadSegment(name, *bytes, counts);
    } else {
      counts.errors.push_back(bytes.error().message());
    }
  }
  if (counts.xor_chunks == 0) counts.errors.emplace_back("no XOR chunk found");
  std::size_t missing = 0;
  std::string dump;
  if (const auto packed = fs->ReadFile("dump.txt.gz");
      packed && compression::GzipUncompress(*packed, 1 << 30, dump)) {
    std::vector<Plain> want = DumpSamples(dump);
    std::sort(want.begin(), want.end());
    std::sort(counts.samples.begin(), counts.samples.end());
    std::vector<Plain> extra;
    std::set_difference(counts.samples.begin(), counts.samples.end(), want.begin(), want.end(),
                        std::back_inserter(extra));
    missing = want.size() - (counts.samples.size() - extra.size());
    if (!extra.empty()) {
      counts.errors.push_back(std::to_string(extra.size()) + " samples are not in the dump");
    }
  } else {
    counts.errors.emplace_back("no dump.txt.gz");
  }
  for (const std::string& text : counts.errors) std::printf("  %s\n", text.c_str());
  std::printf("%s %s: %zu XOR chunks, %zu others, %zu samples; the dump has %zu more\n",
              counts.errors.empty() ? "passed" : "FAILED", folder.c_str(), counts.xor_chunks,
              counts.other_chunks, counts.samples.size(), missing);
  return counts.errors.empty();
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<std::string> folders(argv + 1, argv + argc);
  if (folders.empty()) {
    for (const char* name : {"prom-3.5.3-selfscrape", "promtool-3.5.3-special"}) {
      if (auto folder = testing::DataFolder(std::string("tsdb/") + name))
        folders.push_back(*folder);
    }
    if (folders.empty()) return std::printf("skipped: no test data\n"), 77;
  }
  int failed = 0;
  for (const std::string& folder : folders) failed += Check(folder) ? 0 : 1;
  std::printf("%zu folders, %d failed\n", folders.size(), failed);
  return failed == 0 ? 0 : 1;
}
