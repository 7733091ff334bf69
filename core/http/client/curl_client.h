// HTTP clients on libcurl: one thread carries the transfers of all of them.
#pragma once

#include <memory>
#include <string>

#include "core/base/result.h"
#include "core/http/client.h"
#include "core/http/client_config.h"

namespace drover::http {

// The thread. Outlives the clients made from it.
class CurlLoop {
 public:
  explicit CurlLoop(std::string user_agent);
  ~CurlLoop();

  // One peer's settings. Files named in `config` are read at each request, so rotated secrets and
  // certificates need no reload.
  std::unique_ptr<Client> MakeClient(ClientConfig config);

 private:
  friend class CurlClient;
  class Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace drover::http
