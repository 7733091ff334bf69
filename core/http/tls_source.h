// Where a server's TLS comes from.
#pragma once

#include <memory>

struct ssl_ctx_st;  // OpenSSL's SSL_CTX

namespace drover::http {

// Asked for each new connection, on the server's I/O thread: a renewed certificate needs no
// restart, and connections that stand keep the context they began with.
class TlsSource {
 public:
  virtual ~TlsSource() = default;
  virtual std::shared_ptr<ssl_ctx_st> Context() = 0;  // never null
};

}  // namespace drover::http
