// Pages of node_exporter 1.12.1, collector by collector, against ours on the same files: every line
// (HELP, TYPE, samples) equal, and every family listed in the collector's table entry.
//
//   node_pages            the vectors' folder (77 when it is not there)
//   node_pages FOLDER     unpacked: FOLDER/fixtures, FOLDER/per-collector
#include <algorithm>

#include "exporters/node/collectors.h"
#include "tests/conformance/node/node_fixture.h"
#include "tests/support/temp_folder.h"

namespace drover::exporters::node {
namespace {

// Without what differs from run to run.
std::vector<std::string> Lines(const std::string& page) {
  std::vector<std::string> lines = Split(page, '\n');
  std::erase_if(lines, [](const std::string& line) {
    return line.empty() ||
           line.find("node_scrape_collector_duration_seconds") != std::string::npos ||
           line.starts_with("node_time_seconds") || line.starts_with("node_time_zone_offset") ||
           line.starts_with("node_textfile_mtime_seconds{");
  });
  std::sort(lines.begin(), lines.end());
  return lines;
}

struct Totals {
  int passed = 0, failed = 0, other = 0;

  // `prefix` stands in front of the paths that pages tell, and not in the recordings.
  void Compare(const std::string& name, const std::vector<std::string>& want,
               Result<std::string> page, const std::string& prefix) {
    if (!page) {
      ++failed;
      std::cout << "FAILED " << name << ": " << page.error().message() << '\n';
      return;
    }
    for (std::size_t at = page->find(prefix); at != std::string::npos; at = page->find(prefix, at))
      page->erase(at, prefix.size());
    const auto got = Lines(*page);
    if (got == want) {
      ++passed;
      std::cout << "passed " << name << ": " << got.size() << " lines\n";
      return;
    }
    ++failed;
    std::cout << "FAILED " << name << '\n';
    std::vector<std::string> difference;
    std::set_difference(want.begin(), want.end(), got.begin(), got.end(),
                        std::back_inserter(difference));
    for (const auto& line : difference) std::cout << "  - " << line << '\n';
    difference.clear();
    std::set_difference(got.begin(), got.end(), want.begin(), want.end(),
                        std::back_inserter(difference));
    for (const auto& line : difference) std::cout << "  + " << line << '\n';
  }
};

// Families of the page that the collector's table entry does not list.
std::vector<std::string> Unlisted(const CollectorSpec& spec, const std::string& page) {
  std::vector<std::string> missing;
  const std::string type = "# TYPE ";
  for (const std::string& line : Split(page, '\n')) {
    if (!line.starts_with(type) || line.starts_with(type + "node_scrape_collector_")) continue;
    const std::string name = line.substr(type.size(), line.rfind(' ') - type.size());
    const bool listed =
        std::any_of(spec.metrics.begin(), spec.metrics.end(), [&](std::string_view pattern) {
          const std::size_t star = pattern.find('*');
          return star == std::string_view::npos ? name == pattern
                                                : name.starts_with(pattern.substr(0, star)) &&
                                                      name.ends_with(pattern.substr(star + 1));
        });
    if (!listed) missing.push_back(name);
  }
  return missing;
}

void RunPerCollector(const std::string& folder, Totals& totals) {
  const auto files = MakeFileSystem(folder);
  const auto index = files->ReadFile("per-collector/INDEX.tsv");
  if (!index) {
    ++totals.failed;
    std::cout << "FAILED " << index.error().message() << '\n';
    return;
  }
  std::vector<std::string> ours;
  for (const CollectorSpec& spec : Collectors()) ours.emplace_back(spec.name);
  const std::string fx = folder + "/fixtures";
  for (const std::string& row : Split(*index, '\n')) {
    const auto columns = Split(row, '\t');
    if (columns.size() < 5 || columns[0] == "file") continue;
    if (std::find(ours.begin(), ours.end(), columns[1]) == ours.end()) {
      ++totals.other;
      continue;
    }
    std::vector<std::string> arguments = {
        "--path.rootfs=" + fx,          "--path.procfs=" + fx + "/proc",
        "--path.sysfs=" + fx + "/sys",  "--path.udev.data=" + fx + "/udev/data",
        "--collector.disable-defaults", "--collector." + columns[1]};
    if (columns.size() > 5) {
      for (std::string extra : Split(columns[5], ' ')) {
        if (const std::size_t at = extra.find("<FX>"); at != std::string::npos)
          extra.replace(at, 4, fx);
        arguments.push_back(std::move(extra));
      }
    }
    const auto page = Page(std::move(arguments), columns[1]);
    totals.Compare(columns[0], Lines(files->ReadFile("per-collector/" + columns[0]).value_or("")),
                   page, folder + "/");
    for (const CollectorSpec& spec : Collectors()) {
      if (spec.name != columns[1]) continue;
      for (const std::string& name : Unlisted(spec, page.value_or(""))) {
        ++totals.failed;
        std::cout << "FAILED " << columns[1] << ": its table entry does not list " << name << '\n';
      }
    }
  }
}

bool IsBuilt(std::string_view name) {
  const auto specs = Collectors();
  return std::any_of(specs.begin(), specs.end(),
                     [&](const CollectorSpec& spec) { return spec.name == name; });
}

// A made-up host of 256 CPUs, 300 interfaces and 96 disks: the whole page of the collectors that
// its tree feeds.
void RunSynthetic(const std::string& folder, Totals& totals) {
  const auto files = MakeFileSystem(folder);
  const auto expected = files->ReadFile("synthetic-256cpu/expected.txt");
  if (!expected) return;
  const std::string fx = folder + "/synthetic-256cpu";
  std::vector<std::string> arguments = {
      "--path.procfs=" + fx + "/proc", "--path.sysfs=" + fx + "/sys",
      "--path.udev.data=" + fx + "/absent", "--collector.disable-defaults"};
  const std::string success = "node_scrape_collector_success{collector=\"";
  for (const std::string& line : Split(*expected, '\n')) {
    if (!line.starts_with(success)) continue;
    const std::string name =
        line.substr(success.size(), line.find('"', success.size()) - success.size());
    if (IsBuilt(name)) arguments.push_back("--collector." + name);
  }
  auto want = Lines(*expected);
  if (!IsBuilt("netclass")) {
    std::erase_if(want, [&](const std::string& line) {
      return line.find("node_network_") != std::string::npos ||
             line.find("\"netclass\"") != std::string::npos;
    });
  }
  totals.Compare("synthetic-256cpu", want, Page(std::move(arguments)), fx);
}

// The set of mount points shown, from upstream's mountinfo cases (which say only that).
void RunMounts(const std::string& folder, const std::string& fixture, const std::string& rootfs,
               const std::vector<std::string>& want, Totals& totals) {
  const auto page =
      Page({"--path.procfs=" + folder + "/" + fixture + "/proc", "--path.rootfs=" + rootfs,
            "--collector.disable-defaults", "--collector.filesystem"});
  std::vector<std::string> got;
  for (const std::string& line : Split(page.value_or(""), '\n')) {
    const std::string key = "mountpoint=\"";
    const std::size_t at = line.find(key);
    if (!line.starts_with("node_filesystem_device_error{") || at == std::string::npos) continue;
    const std::size_t begin = at + key.size();
    got.push_back(line.substr(begin, line.find('"', begin) - begin));
  }
  std::sort(got.begin(), got.end());
  ++(got == want ? totals.passed : totals.failed);
  std::cout << (got == want ? "passed " : "FAILED ") << fixture << ":";
  for (const std::string& point : got) std::cout << ' ' << point;
  std::cout << '\n';
}

int Run(int argc, char** argv) {
  testing::TempFolder unpacked;
  std::string folder = unpacked.path();
  if (argc > 1) {
    folder = argv[1];
  } else {
    const auto data = testing::DataFolder("node_exporter");
    if (!data) return std::cout << "skipped: no vectors\n", 77;
    if (!Unpack(*data, {"per-collector.tar.gz", "fixtures.tar.gz", "synthetic-256cpu.tar.gz"},
                folder))
      return std::cout << "cannot unpack\n", 1;
  }
  Totals totals;
  RunPerCollector(folder, totals);
  RunSynthetic(folder, totals);
  RunMounts(folder, "fixtures_bindmount", "/host",
            {"/", "/media/volume1", "/media/volume2", "/run/lock"}, totals);
  RunMounts(folder, "fixtures_hidepid", "/", {"/"}, totals);
  std::cout << totals.passed << " passed, " << totals.failed << " failed, " << totals.other
            << " of collectors that are not built\n";
  return totals.failed == 0 && totals.passed > 0 ? 0 : 1;
}

}  // namespace
}  // namespace drover::exporters::node

int main(int argc, char** argv) { return drover::exporters::node::Run(argc, argv); }
