#include "exporters/node/storage/mount_stats.h"

#include <algorithm>
#include <string>

#include "core/base/numbers.h"
#include "exporters/common/fields.h"

namespace drover::exporters::node {
namespace {

constexpr std::size_t kBytes = 8;
constexpr std::size_t kEvents = 27;

tl::unexpected<Error> Malformed(std::string_view line) {
  return Fail(ErrorCode::kInvalid,
              "mountstats: malformed line: " + std::string(line.substr(0, 80)));
}

// The numbers of `rest`; false for anything else.
bool ReadNumbers(std::string_view rest, std::vector<std::uint64_t>& out) {
  out.clear();
  for (std::string_view field = NextField(rest); !field.empty(); field = NextField(rest)) {
    const auto value = ParseUint(field);
    if (!value) return false;
    out.push_back(*value);
  }
  return true;
}

Status ReadTransport(std::string_view line, bool is_1_1, NfsMount& mount) {
  std::string_view rest = line;
  NextField(rest);  // xprt:
  NfsTransport transport;
  transport.protocol = NextField(rest);
  std::vector<std::uint64_t> numbers;
  if (!ReadNumbers(rest, numbers)) return Malformed(line);
  std::size_t least = is_1_1 ? 13 : 10;
  if (transport.protocol == "udp") {  // has no connections
    if (numbers.size() < 2) return Malformed(line);
    numbers.insert(numbers.begin() + 2, 3, 0);
  } else if (transport.protocol == "rdma") {
    least = 10;
    numbers.resize(std::min<std::size_t>(numbers.size(), 10));  // what follows is about chunks
  } else if (transport.protocol != "tcp" && transport.protocol != "tcp-tls") {
    return {};
  }
  if (numbers.size() < least) return Malformed(line);
  std::copy_n(numbers.begin(), std::min(numbers.size(), transport.counts.size()),
              transport.counts.begin());
  mount.transports.push_back(transport);
  return {};
}

Status ReadOperation(std::string_view line, NfsMount& mount) {
  NfsOperation operation;
  const std::size_t colon = line.find(':');
  operation.name = Trim(line.substr(0, colon));
  std::vector<std::uint64_t> numbers;
  if (colon == std::string_view::npos || !ReadNumbers(line.substr(colon + 1), numbers) ||
      numbers.size() < operation.counts.size())
    return Malformed(line);
  std::copy_n(numbers.begin(), operation.counts.size(), operation.counts.begin());
  mount.operations.push_back(operation);
  return {};
}

Status ReadNumbered(std::string_view line, std::size_t least, std::vector<std::uint64_t>& out) {
  if (!ReadNumbers(line.substr(line.find(':') + 1), out) || out.size() < least)
    return Malformed(line);
  return {};
}

}  // namespace

Status ParseMountStats(std::string_view text, std::vector<NfsMount>& out) {
  out.clear();
  NfsMount* mount = nullptr;
  std::size_t mounts = 0;
  bool is_1_1 = false;
  bool in_operations = false;
  std::vector<std::uint64_t> age;
  while (!text.empty()) {
    const std::string_view line = Trim(NextLine(text));
    if (line.starts_with("device ")) {
      // device D mounted on M with fstype T [statvers=1.1]
      std::string_view rest = line;
      std::array<std::string_view, 9> words;
      for (std::string_view& word : words) word = NextField(rest);
      if (words[2] != "mounted" || words[5] != "with" || words[7].empty()) return Malformed(line);
      mount = nullptr;
      in_operations = false;
      const std::size_t index = mounts++;
      if ((words[7] != "nfs" && words[7] != "nfs4") || !words[8].starts_with("statvers=")) continue;
      is_1_1 = words[8] == "statvers=1.1";
      mount = &out.emplace_back();
      mount->index = index;
      mount->device = words[1];
      mount->mount_point = words[4];
      continue;
    }
    if (mount == nullptr || line.empty()) continue;
    if (in_operations) {
      DROVER_CHECK(ReadOperation(line, *mount));
    } else if (line.starts_with("age:")) {
      DROVER_CHECK(ReadNumbered(line, 1, age));
      mount->age_seconds = age.front();
    } else if (line.starts_with("bytes:")) {
      DROVER_CHECK(ReadNumbered(line, kBytes, mount->bytes));
    } else if (line.starts_with("events:")) {
      DROVER_CHECK(ReadNumbered(line, kEvents, mount->events));
    } else if (line.starts_with("xprt:")) {
      DROVER_CHECK(ReadTransport(line, is_1_1, *mount));
    } else if (line == "per-op statistics") {
      in_operations = true;
    }
  }
  if (mounts == 0) return Fail(ErrorCode::kInvalid, "mountstats: no mount in it");
  return {};
}

std::vector<std::string_view> ParseMountAddresses(std::string_view mountinfo) {
  std::vector<std::string_view> out;
  while (!mountinfo.empty()) {
    std::string_view line = NextLine(mountinfo);
    if (Trim(line).empty()) continue;
    // The super block's options are the last field.
    std::string_view options = Trim(line);
    options.remove_prefix(options.rfind(' ') + 1);
    std::string_view address;
    while (!options.empty() && address.empty()) {
      const std::size_t comma = options.find(',');
      std::string_view one = options.substr(0, comma);
      options = comma == std::string_view::npos ? std::string_view() : options.substr(comma + 1);
      constexpr std::string_view kKey = "addr=";
      if (one.starts_with(kKey)) address = one.substr(kKey.size());
    }
    out.push_back(address);
  }
  return out;
}

}  // namespace drover::exporters::node
