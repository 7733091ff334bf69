#include "core/http/client.h"

#include <optional>

#include "core/base/mutex.h"

namespace drover::http {

Result<ClientResponse> Client::Do(ClientRequest request, std::stop_token stop) {
  struct Shared {
    Mutex mutex;
    CondVar changed;
    std::optional<Result<ClientResponse>> answer;
  };
  const auto shared = std::make_shared<Shared>();
  Start(std::move(request), [shared](Result<ClientResponse> answer) {
    Lock lock(shared->mutex);
    shared->answer = std::move(answer);
    shared->changed.NotifyAll();
  });
  Lock lock(shared->mutex);
  if (!shared->changed.Wait(shared->mutex, std::move(stop),
                            [&] { return shared->answer.has_value(); })) {
    return Fail(ErrorCode::kCancelled, "stopped while waiting for the answer");
  }
  return std::move(*shared->answer);
}

}  // namespace drover::http
