// Basic authentication (RFC 7617) against bcrypt hashes.
#pragma once

#include <array>
#include <cstddef>
#include <list>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/mutex.h"
#include "core/config/secret.h"

namespace drover::http {

struct Credentials {
  std::string user;
  std::string password;
};
// Of an Authorization header. Nothing when it is of another scheme or malformed.
std::optional<Credentials> ParseBasicAuth(std::string_view header);

// The cost of a hash "$2a$10$…" ($2a$, $2b$ or $2y$, 60 characters, cost 4 to 31); nothing when it
// is none.
std::optional<int> BcryptCost(std::string_view hash);

// Cost 10 takes about 80 ms, each step more the double. False for passwords with a NUL byte and for
// those over 511 bytes; of longer ones than 72 bytes bcrypt itself reads 72.
bool BcryptMatches(const std::string& password, const std::string& hash);

// Says who may pass, and remembers it: a scraper that comes every 15 s costs one hash in all.
// Thread-safe; hashes are computed one at a time, so a flood of guesses takes one core at most.
class PasswordCheck {
 public:
  explicit PasswordCheck(std::size_t remembered = 100);  // of each answer

  // An unknown user costs as much as a known one. Answers are kept per user, hash and password: a
  // changed hash is asked anew. Refusals have a memory of their own, so guessing does not make the
  // check forget who passed.
  bool Passes(const std::map<std::string, Secret>& users, const Credentials& given);

  std::size_t hashed() const;      // how often bcrypt ran
  std::size_t remembered() const;  // answers kept, at most twice the bound

 private:
  using Digest = std::array<unsigned char, 32>;
  // The latest answers, the oldest forgotten first.
  struct Memory {
    std::list<Digest> order;  // latest first
    std::map<Digest, std::list<Digest>::iterator> found;
  };
  Digest DigestOf(const std::string& user, const std::string& hash,
                  const std::string& password) const;
  static bool Recall(Memory& memory, const Digest& digest);
  void Remember(Memory& memory, const Digest& digest) REQUIRES(mutex_);

  const std::size_t bound_;
  Digest key_;  // of the digests: what is kept tells nothing about passwords
  mutable Mutex mutex_;
  Memory passed_ GUARDED_BY(mutex_);
  Memory refused_ GUARDED_BY(mutex_);
  std::size_t hashed_ GUARDED_BY(mutex_) = 0;
  Mutex hashing_;  // taken before mutex_
};

}  // namespace drover::http
