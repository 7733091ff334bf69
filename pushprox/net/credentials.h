// What OpenSSL is asked about the other end and about tokens.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"

struct ssl_st;
struct ssl_ctx_st;

namespace drover::pushprox {

struct PeerCertificate {
  std::vector<std::string> names;     // DNS names and IP addresses of its subject's alternatives
  TimePoint ends = TimePoint::max();  // of its validity
};
// Without names where there is none. Says nothing about who signed it: the caller knows whether it
// was verified.
PeerCertificate ReadPeerCertificate(ssl_st* tls);

// 64 lower-case hexadecimal digits.
std::string Sha256Hex(std::string_view text);
bool EqualInConstantTime(std::string_view a, std::string_view b);

// Files of a TLS client, PEM; each may be "".
struct TlsClientFiles {
  std::string ca;
  std::string cert;
  std::string key;
};
// Verifies against `ca`, or the system's certificates, unless a Stream's setup says otherwise.
// kInvalid names the file that is none.
Result<std::shared_ptr<ssl_ctx_st>> MakeTlsClientContext(const TlsClientFiles& files);

}  // namespace drover::pushprox
