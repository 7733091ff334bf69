#include "pushprox/net/tls_client.h"

#include <sys/stat.h>

#include <utility>

namespace drover::pushprox {
namespace {

constexpr std::chrono::hours kSystemAge{1};

}  // namespace

TlsClient::TlsClient(TlsClientFiles files, const Clock& clock)
    : files_(std::move(files)), clock_(clock) {}

TlsClient::AllSeen TlsClient::Look() const {
  AllSeen out{};
  std::size_t at = 0;
  for (const std::string* file : {&files_.ca, &files_.cert, &files_.key}) {
    struct stat info {};
    if (!file->empty() && ::stat(file->c_str(), &info) == 0)
      out[at] = {info.st_mtim.tv_sec * 1'000'000'000 + info.st_mtim.tv_nsec, info.st_size,
                 info.st_ino};
    ++at;
  }
  return out;
}

Result<ssl_ctx_st*> TlsClient::Get() {
  const AllSeen now = Look();
  const bool old = files_.ca.empty() && clock_.Mono() - made_ > kSystemAge;
  if (context_ != nullptr && !old && now == seen_) return context_.get();
  auto made = MakeTlsClientContext(files_);
  if (!made) {
    if (context_ != nullptr) return context_.get();
    return Fail(std::move(made).error());
  }
  if (context_ != nullptr && now != seen_) ++generation_;
  context_ = *std::move(made);
  seen_ = now;
  made_ = clock_.Mono();
  return context_.get();
}

}  // namespace drover::pushprox
