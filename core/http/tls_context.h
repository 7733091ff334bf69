// A server's TLS context from the settings of a web configuration.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/http/web_config.h"

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace drover::http {

// What the files of a TlsServerConfig hold: PEM text.
struct TlsMaterial {
  std::string certificate;  // the server's first, then its chain
  std::string key;          // without a passphrase
  std::string client_ca;    // empty: the system's certificates, where clients are verified
};

// kInvalid for text that is no certificate or key, and for a key of another certificate. The
// messages hold nothing of the key. The context is thread-safe as OpenSSL's are.
Result<std::shared_ptr<ssl_ctx_st>> MakeTlsContext(const TlsServerConfig& config,
                                                   const TlsMaterial& material);

}  // namespace drover::http
