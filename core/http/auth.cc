#include "core/http/auth.h"

#include <crypt.h>

#include <algorithm>
#include <memory>

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>

#include "core/base/bytes.h"
#include "core/http/message.h"

namespace drover::http {
namespace {

std::optional<std::string> Base64Decode(std::string_view text) {
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (text.empty() || text.size() % 4 != 0 || text.size() > 64 << 10) return std::nullopt;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const auto is_plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
  };
  if (!std::all_of(text.begin(), text.end() - static_cast<std::ptrdiff_t>(padding), is_plain))
    return std::nullopt;
  std::string out(text.size() / 4 * 3, '\0');
  const int n = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                                reinterpret_cast<const unsigned char*>(text.data()),
                                static_cast<int>(text.size()));
  if (n < 0) return std::nullopt;
  out.resize(static_cast<std::size_t>(n) - padding);
  return out;
}

}  // namespace

std::optional<Credentials> ParseBasicAuth(std::string_view header) {
  constexpr std::string_view kScheme = "Basic ";
  if (header.size() < kScheme.size() || !EqualsNoCase(header.substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  const auto pair = Base64Decode(header.substr(kScheme.size()));
  if (!pair) return std::nullopt;
  const std::size_t colon = pair->find(':');
  if (colon == std::string::npos) return std::nullopt;
  return Credentials{pair->substr(0, colon), pair->substr(colon + 1)};
}

std::optional<int> BcryptCost(std::string_view hash) {
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (hash.size() != 60 || !hash.starts_with("$2") ||
      (hash[2] != 'a' && hash[2] != 'b' && hash[2] != 'y') || hash[3] != '$' ||
      !is_digit(hash[4]) || !is_digit(hash[5]) || hash[6] != '$')
    return std::nullopt;
  const bool plain = std::all_of(hash.begin() + 7, hash.end(), [&](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '/';
  });
  const int cost = (hash[4] - '0') * 10 + (hash[5] - '0');
  if (!plain || cost < 4 || cost > 31) return std::nullopt;
  return cost;
}

bool BcryptMatches(const std::string& password, const std::string& hash) {
  if (!BcryptCost(hash) || password.find('\0') != std::string::npos) return false;
  const auto scratch = std::make_unique<crypt_data>();  // 32 KiB: not on the stack
  const char* made = ::crypt_r(password.c_str(), hash.c_str(), scratch.get());
  const bool matches = made != nullptr && std::string_view(made).size() == hash.size() &&
                       CRYPTO_memcmp(made, hash.data(), hash.size()) == 0;
  OPENSSL_cleanse(scratch.get(), sizeof(crypt_data));
  return matches;
}

PasswordCheck::PasswordCheck(std::size_t remembered) : bound_(remembered) {
  // Without randomness the digests would be plain ones: no reason to refuse the start.
  if (RAND_bytes(key_.data(), static_cast<int>(key_.size())) != 1) key_.fill(0);
}

bool PasswordCheck::Passes(const std::map<std::string, Secret>& users, const Credentials& given) {
  if (users.empty()) return true;
  auto user = users.find(given.user);
  const bool is_known = user != users.end();
  if (!is_known) {
    user = std::max_element(users.begin(), users.end(), [](const auto& a, const auto& b) {
      return BcryptCost(a.second.Reveal()) < BcryptCost(b.second.Reveal());
    });
  }
  const std::string& hash = user->second.Reveal();
  const Digest digest = DigestOf(given.user, hash, given.password);
  const auto recalled = [&]() -> std::optional<bool> {
    Lock lock(mutex_);
    if (is_known && Recall(passed_, digest)) return true;
    if (Recall(refused_, digest)) return false;
    return std::nullopt;
  };
  if (const auto answer = recalled()) return *answer;
  Lock one_at_a_time(hashing_);
  if (const auto answer = recalled()) return *answer;  // another request asked the same meanwhile
  const bool matches = BcryptMatches(given.password, hash);
  const bool passes = is_known && matches;
  Lock lock(mutex_);
  ++hashed_;
  Remember(passes ? passed_ : refused_, digest);
  return passes;
}

PasswordCheck::Digest PasswordCheck::DigestOf(const std::string& user, const std::string& hash,
                                              const std::string& password) const {
  std::string text;
  AppendBytes(text, user);
  AppendBytes(text, hash);
  AppendBytes(text, password);
  Digest digest{};
  HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()),
       reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data(), nullptr);
  OPENSSL_cleanse(text.data(), text.size());
  return digest;
}

bool PasswordCheck::Recall(Memory& memory, const Digest& digest) {
  const auto at = memory.found.find(digest);
  if (at == memory.found.end()) return false;
  memory.order.splice(memory.order.begin(), memory.order, at->second);
  return true;
}

void PasswordCheck::Remember(Memory& memory, const Digest& digest) {
  memory.order.push_front(digest);
  memory.found[digest] = memory.order.begin();
  if (memory.order.size() <= bound_) return;
  memory.found.erase(memory.order.back());
  memory.order.pop_back();
}

std::size_t PasswordCheck::hashed() const {
  Lock lock(mutex_);
  return hashed_;
}

std::size_t PasswordCheck::remembered() const {
  Lock lock(mutex_);
  return passed_.order.size() + refused_.order.size();
}

}  // namespace drover::http
