#include "pushprox/proxy/access.h"

#include <algorithm>
#include <optional>

#include "core/http/auth.h"
#include "pushprox/net/credentials.h"

namespace drover::pushprox {
namespace {

constexpr std::chrono::seconds kLookEvery{1};
constexpr std::chrono::minutes kSoon{2};  // time enough to come again

bool IsSame(const std::optional<FileInfo>& a, const Result<FileInfo>& b) {
  return a && b && a->modified == b->modified && a->size_bytes == b->size_bytes &&
         a->inode == b->inode;
}

bool IsHash(std::string_view text) {
  return text.size() == 64 && text.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

std::vector<std::string> Words(std::string_view line) {
  std::vector<std::string> words;
  std::size_t at = 0;
  while ((at = line.find_first_not_of(" \t\r", at)) != std::string_view::npos) {
    const std::size_t end = line.find_first_of(" \t\r", at);
    words.emplace_back(line.substr(at, end - at));
    at = end == std::string_view::npos ? line.size() : end;
  }
  return words;
}

}  // namespace

std::string TokenOf(const Head& head, std::string_view field) {
  const std::string_view value = head.headers.Get(field);
  constexpr std::string_view kBearer = "bearer ";
  if (value.size() > kBearer.size() && http::EqualsNoCase(value.substr(0, kBearer.size()), kBearer))
    return std::string(value.substr(kBearer.size()));
  const auto basic = http::ParseBasicAuth(value);
  return basic ? basic->password : std::string();
}

Caller CallerOf(const Head& head, std::string_view field, std::vector<std::string> certificate) {
  Caller caller;
  caller.certificate = std::move(certificate);
  const std::string token = TokenOf(head, field);
  if (!token.empty()) caller.token_hash = Sha256Hex(token);
  return caller;
}

std::unique_ptr<Access> Access::Open() {
  std::unique_ptr<Access> access(new Access);
  access->open_ = true;
  return access;
}

Result<std::unique_ptr<Access>> Access::FromFile(const std::string& path, const Clock& clock,
                                                 const Logger& log) {
  std::unique_ptr<Access> access(new Access);
  access->clock_ = &clock;
  access->log_ = &log;
  access->fs_ = MakeFileSystem("/");
  DROVER_TRY(const std::string text, ReadUserFile(path));
  DROVER_TRY(const YamlNode root, ParseYaml(text, path));
  DROVER_CHECK(ReadFields(root, access->config_));
  if (access->kubernetes()) {
    if (const Status valid = Validate(*access->kubernetes()); !valid)
      return Fail(Error(valid.error()).With(path));
  }
  const std::size_t slash = path.rfind('/');
  const std::string folder = slash == std::string::npos ? "" : path.substr(0, slash + 1);
  const auto take = [&](const std::string& file, Tokens& tokens) -> Status {
    if (file.empty()) return {};
    tokens.path = file.starts_with('/') ? file : folder + file;
    return access->Load(tokens);
  };
  DROVER_CHECK(take(access->config_.clients.tokens_file, access->clients_));
  DROVER_CHECK(take(access->config_.scrapers.tokens_file, access->scrapers_));
  DROVER_CHECK(take(access->config_.viewers.tokens_file, access->viewers_));
  access->looked_ = clock.Mono();
  return access;
}

Status Access::Load(Tokens& tokens) {
  DROVER_TRY(const std::string text, ReadUserFile(tokens.path));
  std::map<std::string, std::set<std::string>, std::less<>> users;
  std::string_view left = text;
  for (int number = 1; !left.empty(); ++number) {
    const std::size_t end = left.find('\n');
    const std::vector<std::string> words = Words(left.substr(0, end));
    left = end == std::string_view::npos ? std::string_view() : left.substr(end + 1);
    if (words.empty() || words.front().starts_with('#')) continue;
    if (words.size() != 2 || !IsHash(words[1]))
      return Fail(ErrorCode::kInvalid, tokens.path + ":" + std::to_string(number) +
                                           ": expected a name and the 64 hexadecimal digits of a "
                                           "token's SHA-256");
    users[words[1]].insert(words[0]);
  }
  tokens.users = std::move(users);
  return {};
}

void Access::Refresh() {
  if (open_ || clock_->Mono() - looked_ < kLookEvery) return;
  looked_ = clock_->Mono();
  for (Tokens* tokens : {&clients_, &scrapers_, &viewers_}) {
    if (tokens->path.empty()) continue;
    const auto now = fs_->Stat(tokens->path);
    if (IsSame(tokens->info, now)) continue;
    const Status loaded = Load(*tokens);
    if (now) tokens->info = *now;
    if (!loaded)
      log_->Error("tokens not reloaded: those before stay", {{"err", loaded.error().message()}});
  }
}

std::optional<Settled> Access::Settle(const Head& head, IdentityWaiter& waiter) {
  if (open_ || identity_ == nullptr) return Settled::kDone;
  const std::string token = TokenOf(head, "Authorization");
  if (token.empty()) return Settled::kDone;
  const std::string hash = Sha256Hex(token);
  Refresh();
  if (clients_.users.contains(hash)) return Settled::kDone;
  return identity_->Settle(token, hash, waiter);
}

void Access::Leave(IdentityWaiter& waiter) {
  if (identity_ != nullptr) identity_->Leave(waiter);
}

bool Access::MaySpeakFor(const Caller& caller, const std::string& name) {
  if (open_) return true;
  Refresh();
  if (config_.clients.certificates && Has(caller, name)) return true;
  const auto found = clients_.users.find(caller.token_hash);
  if (found != clients_.users.end() && found->second.contains(name)) return true;
  return identity_ != nullptr && identity_->MaySpeakFor(caller.token_hash, name);
}

bool Access::IsClient(const Caller& caller) {
  if (open_) return true;
  Refresh();
  return (config_.clients.certificates && !caller.certificate.empty() &&
          clock_->Now() < caller.certificate_ends) ||
         clients_.users.contains(caller.token_hash) ||
         (identity_ != nullptr && identity_->IsClient(caller.token_hash));
}

bool Access::EndsSoon(const Caller& caller) const {
  const bool certificate = config_.clients.certificates && !caller.certificate.empty() &&
                           clock_->Now() + kSoon >= caller.certificate_ends;
  return !open_ &&
         (certificate || (identity_ != nullptr && identity_->EndsSoon(caller.token_hash)));
}

// Verified when the connection began, which may be long ago for a tunnel.
bool Access::Has(const Caller& caller, const std::string& name) const {
  return clock_->Now() < caller.certificate_ends &&
         std::find(caller.certificate.begin(), caller.certificate.end(), name) !=
             caller.certificate.end();
}

bool Access::Reads(const ReaderRole& role, const Tokens& tokens, const Caller& caller) {
  if (open_) return true;
  Refresh();
  if (tokens.users.contains(caller.token_hash)) return true;
  return std::any_of(role.certificate_names.begin(), role.certificate_names.end(),
                     [&](const std::string& name) { return Has(caller, name); });
}

bool Access::MayScrape(const Caller& caller) { return Reads(config_.scrapers, scrapers_, caller); }
bool Access::MayView(const Caller& caller) { return Reads(config_.viewers, viewers_, caller); }

bool Access::needs_certificates() const {
  return config_.clients.certificates || !config_.scrapers.certificate_names.empty() ||
         !config_.viewers.certificate_names.empty();
}

}  // namespace drover::pushprox
