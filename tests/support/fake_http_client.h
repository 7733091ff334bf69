// A peer whose answers a test gives: each request waits until answered, or an automatic answer is
// set.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

#include "core/base/mutex.h"
#include "core/http/client.h"

namespace drover::testing {

// Shared by the clients made from it and the test. Thread-safe.
class FakePeer {
 public:
  using Answer = std::function<Result<http::ClientResponse>(const http::ClientRequest&)>;

  static Result<http::ClientResponse> Status(int status, std::string body = "",
                                             std::string_view retry_after = {}) {
    http::ClientResponse response;
    response.status = status;
    response.body = std::move(body);
    if (!retry_after.empty()) response.headers.Add("Retry-After", retry_after);
    return response;
  }
  static Result<http::ClientResponse> Away() {
    return Fail(ErrorCode::kUnavailable, "connection refused");
  }

  // From now on every request is answered at once, on the thread that starts it.
  void Always(Answer answer) {
    Lock lock(mutex_);
    always_ = std::move(answer);
  }
  // Real time passes until `n` requests were started in all (or 5 s are over: false).
  bool WaitForRequests(std::size_t n) {
    Lock lock(mutex_);
    return changed_.WaitUntil(mutex_, std::stop_token(),
                              std::chrono::steady_clock::now() + std::chrono::seconds(5),
                              [&]() NO_THREAD_SAFETY_ANALYSIS { return seen_.size() >= n; });
  }
  std::vector<http::ClientRequest> seen() const {
    Lock lock(mutex_);
    return seen_;
  }
  // Answers the oldest open request; false when there is none.
  bool Reply(Result<http::ClientResponse> answer) {
    http::Client::Done done;
    {
      Lock lock(mutex_);
      if (open_.empty()) return false;
      done = std::move(open_.front().second);
      open_.pop_front();
    }
    done(std::move(answer));
    return true;
  }
  std::size_t open() const {
    Lock lock(mutex_);
    return open_.size();
  }

  std::unique_ptr<http::Client> MakeClient() { return std::make_unique<PeerClient>(*this); }

 private:
  class PeerClient final : public http::Client {
   public:
    explicit PeerClient(FakePeer& peer) : peer_(peer) {}
    ~PeerClient() override { peer_.Cancel(this); }
    void Start(http::ClientRequest request, Done done) override {
      peer_.Take(this, std::move(request), std::move(done));
    }

   private:
    FakePeer& peer_;
  };

  void Take(const http::Client* client, http::ClientRequest request, http::Client::Done done) {
    Answer always;
    {
      Lock lock(mutex_);
      seen_.push_back(request);
      changed_.NotifyAll();
      if (!always_) {
        open_.emplace_back(client, std::move(done));
        return;
      }
      always = always_;
    }
    done(always(request));
  }
  void Cancel(const http::Client* client) {
    std::vector<http::Client::Done> cancelled;
    {
      Lock lock(mutex_);
      for (auto it = open_.begin(); it != open_.end();) {
        if (it->first != client) {
          ++it;
          continue;
        }
        cancelled.push_back(std::move(it->second));
        it = open_.erase(it);
      }
    }
    for (const auto& done : cancelled) done(Fail(ErrorCode::kCancelled, "stopped"));
  }

  mutable Mutex mutex_;
  CondVar changed_;
  Answer always_ GUARDED_BY(mutex_);
  std::vector<http::ClientRequest> seen_ GUARDED_BY(mutex_);
  std::deque<std::pair<const http::Client*, http::Client::Done>> open_ GUARDED_BY(mutex_);
};

}  // namespace drover::testing
