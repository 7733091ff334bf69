// The TLS side of a client whose files may change under it: certificates are rotated without a
// restart.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "pushprox/net/credentials.h"

namespace drover::pushprox {

// One thread at a time. `clock` outlives it.
class TlsClient {
 public:
  TlsClient(TlsClientFiles files, const Clock& clock);

  // Looks whether a file changed (mtime, size, inode), and reads them again if so; the system's
  // certificates are read again after an hour. New files that cannot be used leave what was, and
  // are tried at the next call. The first time that is the caller's error: kInvalid names the file.
  Result<ssl_ctx_st*> Get();
  // Rises when the files were read again: connections of an earlier one show old certificates.
  std::uint64_t generation() const { return generation_; }

 private:
  struct Seen {
    std::int64_t modified_ns = 0;
    std::int64_t size = -1;
    std::uint64_t inode = 0;
    bool operator==(const Seen&) const = default;
  };
  using AllSeen = std::array<Seen, 3>;
  AllSeen Look() const;

  const TlsClientFiles files_;
  const Clock& clock_;
  std::shared_ptr<ssl_ctx_st> context_;
  AllSeen seen_{};
  MonoTime made_{};
  std::uint64_t generation_ = 0;
};

}  // namespace drover::pushprox
