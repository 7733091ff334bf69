// Upstream's end-to-end test, an empty host and damaged hosts:
//
//   e2e       FLAGS.txt on upstream's fixtures: every sample of e2e-samples-sorted.txt, every HELP
//   and
//             TYPE of e2e-output.txt's families, nothing more
//   empty     each collector on empty trees succeeds where upstream's does (empty-tree.tsv)
//   damaged   the fixtures' files empty, cut in half, or full of other bytes: every collector still
//             answers; one whose only source is a table says 0
//
//   node_e2e [FOLDER]     FOLDER/fixtures unpacked already; 77 without the vectors
#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <set>

#include "core/regex/regex.h"
#include "exporters/node/collectors.h"
#include "tests/conformance/node/node_fixture.h"
#include "tests/support/temp_folder.h"

namespace drover::exporters::node {
namespace {

namespace fs = std::filesystem;
using Lines = std::vector<std::string>;

void Erase(std::string& text, const std::string& what) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at))
    text.erase(at, what.size());
}

// The lines that `first` has and `second` lacks; both sorted.
Lines Missing(const Lines& first, const Lines& second) {
  Lines missing;
  std::set_difference(first.begin(), first.end(), second.begin(), second.end(),
                      std::back_inserter(missing));
  return missing;
}

bool Report(const std::string& name, const Lines& want, const Lines& got) {
  const Lines lacking = Missing(want, got);
  const Lines extra = Missing(got, want);
  const bool is_equal = lacking.empty() && extra.empty();
  std::cout << (is_equal ? "passed " : "FAILED ") << name << ": " << got.size() << " of "
            << want.size() << " lines\n";
  for (const std::string& line : lacking) std::cout << "  - " << line << '\n';
  for (const std::string& line : extra) std::cout << "  + " << line << '\n';
  return is_equal;
}

// What differs on every host or run: the lines that upstream drops, and of the loopback device,
// which is the running kernel's, the values.
Lines Samples(const std::string& page) {
  const auto dropped = Regex::Compile(
      "^(go_|node_exporter_build_info|node_scrape_collector_duration_seconds|process_|promhttp_|"
      "node_textfile_mtime_seconds|node_time_(zone|seconds)|"
      "node_network_(receive|transmit)_(bytes|packets)_total)");
  Lines lines;
  for (std::string& line : Split(page, '\n')) {
    if (line.empty() || line[0] == '#' || dropped->Search(line)) continue;
    const bool is_live = line.starts_with("node_network_") &&
                         line.find("device=\"lo\"") != std::string::npos &&
                         line.find("_total") != std::string::npos;
    if (is_live) line.resize(line.rfind(' '));
    lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

Lines Metadata(const std::string& page) {
  Lines lines;
  for (std::string& line : Split(page, '\n')) {
    const bool is_metadata = line.starts_with("# HELP ") || line.starts_with("# TYPE ");
    if (!is_metadata) continue;
    const std::string_view name = std::string_view(line).substr(7);
    const bool is_programs_own = name.starts_with("go_") || name.starts_with("process_") ||
                                 name.starts_with("promhttp_") ||
                                 name.starts_with("node_exporter_build_info ");
    if (!is_programs_own) lines.push_back(std::move(line));
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

Lines E2eFlags(const std::string& data, const std::string& fixtures) {
  Lines arguments;
  std::ifstream file(data + "/FLAGS.txt");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("--")) continue;
    if (const auto at = line.find("<FX>"); at != std::string::npos) line.replace(at, 4, fixtures);
    arguments.push_back(line);
  }
  return arguments;
}

std::string ReadAll(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

bool RunE2e(const std::string& data, const std::string& folder) {
  auto page = Page(E2eFlags(data, folder + "/fixtures"));
  if (!page) return std::cout << "FAILED e2e: " << page.error().message() << '\n', false;
  // Paths stand in labels and help texts: below the checkout there, below our folder here.
  Erase(*page, folder + "/");
  std::string samples = ReadAll(data + "/e2e-samples-sorted.txt");
  std::string output = ReadAll(data + "/e2e-output.txt");
  Erase(samples, "collector/");
  Erase(output, "collector/fixtures/");
  std::string page_without_fixtures = *page;
  Erase(page_without_fixtures, "fixtures/");
  const bool has_samples = Report("e2e samples", Samples(samples), Samples(*page));
  const bool has_metadata =
      Report("e2e HELP and TYPE", Metadata(output), Metadata(page_without_fixtures));
  return has_samples && has_metadata;
}

std::map<std::string, std::string> Successes(const std::string& page) {
  const std::string key = "node_scrape_collector_success{collector=\"";
  std::map<std::string, std::string> successes;
  for (const std::string& line : Split(page, '\n')) {
    if (!line.starts_with(key)) continue;
    const std::size_t end = line.find('"', key.size());
    successes[line.substr(key.size(), end - key.size())] = line.substr(line.rfind(' ') + 1);
  }
  return successes;
}

Lines PathFlags(const std::string& root) {
  return {"--path.procfs=" + root + "/proc", "--path.sysfs=" + root + "/sys",
          "--path.rootfs=" + root, "--path.udev.data=" + root + "/udev/data"};
}

bool RunEmpty(const std::string& data) {
  const testing::TempFolder empty;
  fs::create_directories(empty.path() + "/proc");
  fs::create_directories(empty.path() + "/sys");
  Lines want, got;
  for (const std::string& row : Split(ReadAll(data + "/empty-tree.tsv"), '\n')) {
    const auto columns = Split(row, '\t');
    if (columns.size() < 2 || columns[0] == "collector") continue;
    // One collector ends upstream's whole program there; ours fails alone.
    const bool is_crash = columns[1] == "startup_error";
    want.push_back(columns[0] + " " + (is_crash ? "0" : columns[1]));
    Lines arguments = PathFlags(empty.path());
    arguments.push_back("--collector.disable-defaults");
    arguments.push_back("--collector." + columns[0]);
    const auto successes = Successes(Page(std::move(arguments)).value_or(""));
    const auto found = successes.find(columns[0]);
    got.push_back(columns[0] + " " + (found != successes.end() ? found->second : "0"));
  }
  std::sort(want.begin(), want.end());
  std::sort(got.begin(), got.end());
  return Report("empty trees", want, got) && !want.empty();
}

// Collectors that read one table (or attribute) and are wrong to call an empty one a success.
const std::set<std::string> kMustFail = {
    "cpu",      "stat",    "cpufreq",    "entropy", "filefd", "ipvs",     "kernel_hung",
    "loadavg",  "meminfo", "mdadm",      "netstat", "nfs",    "nfsd",     "schedstat",
    "sockstat", "softnet", "udp_queues", "xfs",     "zfs",    "conntrack"};

bool RunDamaged(const std::string& data, const std::string& folder, const std::string& name,
                const std::function<std::string(std::string)>& damage) {
  const testing::TempFolder broken;
  const std::string root = broken.path() + "/fixtures";
  fs::copy(folder + "/fixtures", root,
           fs::copy_options::recursive | fs::copy_options::copy_symlinks);
  std::size_t count = 0;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    if (!entry.is_regular_file() || entry.is_symlink()) continue;
    const std::string text = damage(ReadAll(entry.path()));
    fs::permissions(entry.path(), fs::perms::owner_write, fs::perm_options::add);
    std::ofstream(entry.path(), std::ios::binary | std::ios::trunc) << text;
    ++count;
  }
  const auto page = Page(E2eFlags(data, root));
  const auto successes = Successes(page.value_or(""));
  bool is_fine = successes.size() > 60;
  std::size_t failed = 0;
  for (const auto& [collector, success] : successes) {
    failed += success == "0" ? 1 : 0;
    if (name == "half" || success == "0" || !kMustFail.contains(collector)) continue;
    std::cout << "  " << collector << " calls it a success\n";
    is_fine = false;
  }
  std::cout << (is_fine ? "passed " : "FAILED ") << "damaged, " << name << ": " << count
            << " files, " << failed << " of " << successes.size() << " collectors failed, not";
  for (const auto& [collector, success] : successes) {
    if (success == "1") std::cout << ' ' << collector;
  }
  std::cout << '\n';
  return is_fine;
}

int Run(int argc, char** argv) {
  const auto data = testing::DataFolder("node_exporter");
  if (!data) return std::cout << "skipped: no vectors\n", 77;
  const testing::TempFolder unpacked;
  const std::string folder = argc > 1 ? argv[1] : unpacked.path();
  if (argc <= 1 && !Unpack(*data, {"fixtures.tar.gz"}, folder))
    return std::cout << "cannot unpack\n", 1;
  bool is_fine = RunE2e(*data, folder);
  is_fine = RunEmpty(*data) && is_fine;
  const auto empty = [](const std::string&) { return std::string(); };
  const auto half = [](std::string text) { return text.substr(0, text.size() / 2); };
  const auto binary = [](std::string text) {
    std::uint32_t state = 0x9E3779B9;
    for (char& c : text) {
      state = state * 1664525 + 1013904223;
      c = static_cast<char>(state >> 24);
    }
    return text;
  };
  is_fine = RunDamaged(*data, folder, "empty", empty) && is_fine;
  is_fine = RunDamaged(*data, folder, "half", half) && is_fine;
  is_fine = RunDamaged(*data, folder, "other bytes", binary) && is_fine;
  return is_fine ? 0 : 1;
}

}  // namespace
}  // namespace drover::exporters::node

int main(int argc, char** argv) { return drover::exporters::node::Run(argc, argv); }
