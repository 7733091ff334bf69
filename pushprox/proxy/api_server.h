// The Kubernetes API server as the reviewer of tokens.
#pragma once

#include <list>
#include <memory>
#include <string>

#include "pushprox/net/http_call.h"
#include "pushprox/proxy/kubernetes_identity.h"

namespace drover::pushprox {

// `options` with the address of the cluster this runs in where it names none. kInvalid: there is
// none, it is not https, or the files are not what they should be.
Result<ApiServerOptions> Resolved(ApiServerOptions options);

// One thread: the loop's, which outlives it. Connections are kept between reviews; the token file
// and the authority's are read again every 10 s.
class ApiServer final : public TokenReviewer {
 public:
  ApiServer(EventLoop& loop, const ApiServerOptions& resolved);
  ~ApiServer() override;

  // kUnavailable: no answer within 10 s, or none but an error; the text never holds a token.
  void Review(const std::string& token, const std::vector<std::string>& audiences,
              Done done) override;

 private:
  class Asking;
  Result<std::string> OwnToken();

  EventLoop& loop_;
  const std::string token_file_;
  std::string host_;  // as the Host field has it
  std::string path_;
  Resolver resolver_;
  std::unique_ptr<Peer> peer_;
  std::string own_token_;
  MonoTime token_read_{};
  std::list<std::unique_ptr<Asking>> under_way_;
};

}  // namespace drover::pushprox
