// Who may do what at the proxy: the file of --access.config.file, and the tokens it names.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/log.h"
#include "core/base/result.h"
#include "core/config/describe.h"
#include "core/os/file_system.h"
#include "pushprox/protocol/head.h"
#include "pushprox/proxy/kubernetes_identity.h"

namespace drover::pushprox {

struct ClientRole {
  bool certificates = false;
  std::string tokens_file;
  std::optional<KubernetesRole> kubernetes;
};
struct ReaderRole {
  std::vector<std::string> certificate_names;
  std::string tokens_file;
};
struct AccessConfig {
  ClientRole clients;
  ReaderRole scrapers;
  ReaderRole viewers;
};
template <typename Visitor>
void Describe(ClientRole& c, Visitor& v) {
  v.Field("certificates", c.certificates, "bool",
          "A verified certificate speaks for each DNS name and IP address in it.");
  v.Field("tokens_file", c.tokens_file, "file",
          "Lines of a name and the SHA-256 of the token that speaks for it.");
  v.Field("kubernetes", c.kubernetes, "",
          "Tokens of ServiceAccounts, reviewed by a Kubernetes API server.");
}
template <typename Visitor>
void Describe(ReaderRole& c, Visitor& v) {
  v.Field("certificate_names", c.certificate_names, "list",
          "DNS names or IP addresses of verified certificates.");
  v.Field("tokens_file", c.tokens_file, "file", "Lines of a user and the SHA-256 of its token.");
}
template <typename Visitor>
void Describe(AccessConfig& c, Visitor& v) {
  v.Field("clients", c.clients, "", "Who may poll and push, each under its own names.");
  v.Field("scrapers", c.scrapers, "", "Who may scrape through the proxy.");
  v.Field("viewers", c.viewers, "", "Who may see /clients and /metrics.");
}

// What a request shows of itself.
struct Caller {
  std::vector<std::string> certificate;  // names in a verified certificate
  TimePoint certificate_ends = TimePoint::max();
  std::string token_hash;  // "" without a token
  bool anonymous() const { return certificate.empty() && token_hash.empty(); }
};
// `field` of the head: "Authorization", or "Proxy-Authorization" of a scrape. Bearer token, or the
// password of Basic; the user's name does not count.
Caller CallerOf(const Head& head, std::string_view field, std::vector<std::string> certificate);
// That token, "" without one.
std::string TokenOf(const Head& head, std::string_view field);

// One thread at a time. Token files are read again when they change, looked at once a second at
// most; a broken one leaves what was.
class Access {
 public:
  // Everybody may do everything.
  static std::unique_ptr<Access> Open();
  // kInvalid with the place of the mistake. `clock` and `log` outlive it.
  static Result<std::unique_ptr<Access>> FromFile(const std::string& path, const Clock& clock,
                                                  const Logger& log);

  // Where clients.kubernetes is set, a client's request waits until it is known whose token it
  // brought: nothing, and `waiter` is told later. The others below then decide at once.
  std::optional<Settled> Settle(const Head& head, IdentityWaiter& waiter);
  void Leave(IdentityWaiter& waiter);

  bool MaySpeakFor(const Caller& caller, const std::string& name);
  bool IsClient(const Caller& caller);  // of some name
  // Within two minutes what it showed is good no more.
  bool EndsSoon(const Caller& caller) const;
  bool MayScrape(const Caller& caller);
  bool MayView(const Caller& caller);
  bool needs_certificates() const;

  const std::optional<KubernetesRole>& kubernetes() const { return config_.clients.kubernetes; }
  void set_identity(KubernetesIdentity* identity) { identity_ = identity; }  // outlives this

 private:
  struct Tokens {
    std::string path;
    std::optional<FileInfo> info;
    std::map<std::string, std::set<std::string>, std::less<>> users;  // by hash
  };
  Access() = default;
  Status Load(Tokens& tokens);
  void Refresh();
  bool Has(const Caller& caller, const std::string& name) const;
  bool Reads(const ReaderRole& role, const Tokens& tokens, const Caller& caller);

  bool open_ = false;
  AccessConfig config_;
  const Clock* clock_ = nullptr;
  const Logger* log_ = nullptr;
  std::unique_ptr<FileSystem> fs_;
  KubernetesIdentity* identity_ = nullptr;
  Tokens clients_, scrapers_, viewers_;
  MonoTime looked_{};
};

}  // namespace drover::pushprox
