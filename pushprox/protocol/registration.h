// What a client says it serves when it registers over a tunnel, and /clients of the proxy shows:
//
//   {"names": [{"name": "node-a", "labels": {"node": "node-a"}, "targets": [
//     {"port": 10257, "path": "/metrics", "labels": {"component": "kube-controller-manager"}}]}]}
//
// A name without targets serves what its client allows when asked.
#pragma once

#include <cstddef>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace drover::pushprox {

using RegisteredLabels = std::map<std::string, std::string>;

struct RegisteredTarget {
  int port = 0;
  std::string path = "/metrics";  // with its query, as a scraper asks for it
  RegisteredLabels labels;
};

struct RegisteredName {
  std::string name;
  RegisteredLabels labels;  // of all its targets
  std::vector<RegisteredTarget> targets;
};

struct Registration {
  std::vector<RegisteredName> names;
};

inline constexpr std::size_t kMaxRegistrationBytes = 64 << 10;
inline constexpr std::size_t kMaxRegisteredNames = 64;     // of one client
inline constexpr std::size_t kMaxRegisteredTargets = 256;  // of all its names
inline constexpr std::size_t kMaxRegisteredLabels = 16;    // of a name, and of a target
// Of all that /clients shows of a name: its labels stand there with each of its targets.
inline constexpr std::size_t kMaxShownBytes = 128 << 10;

std::string ToJson(const Registration& registration);

// kInvalid says which name or label, and why: not JSON, no name or one given twice, a port out of
// range, a path without its slash or with control characters or spaces, a label that is none or
// begins with __ (those are the proxy's to give), anything over the limits above. Keys it does not
// know are passed over, for clients newer than their proxy.
Result<Registration> ParseRegistration(std::string_view json);

// What the proxy says to a registration, as far as it says no: names and why, cut to what a log
// takes. Empty also when `json` is nothing of that kind.
std::map<std::string, std::string> ParseRefusedNames(std::string_view json);
// As far as it says yes: all names that the tunnel has now. Nothing when it does not tell.
std::optional<std::set<std::string>> ParseAcceptedNames(std::string_view json);
// Why a tunnel lost a name that others still serve.
inline constexpr std::string_view kNewerTunnels = "newer tunnels have that name";

}  // namespace drover::pushprox
