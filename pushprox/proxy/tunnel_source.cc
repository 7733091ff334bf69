#include "pushprox/proxy/tunnel_source.h"

#include <utility>

namespace drover::pushprox {

void TunnelSource::ScraperTook() {
  if (stream_ != nullptr && owed_ > 0) stream_->Consumed(std::exchange(owed_, 0));
}

void TunnelSource::ScraperGone() {
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->Reset("the scraper left");
}

void TunnelSource::Malformed(const std::string& why) {
  if (stream_ != nullptr) std::exchange(stream_, nullptr)->Reset(why);
  scrape_.SourceFailed("malformed", "the client's answer: " + why);
}

void TunnelSource::OnAnswer(std::string_view head) {
  if (HeadEnd(head) != head.size()) {
    Malformed("not one head");
    return;
  }
  const auto answer = ParseResponseHead(head);
  if (!answer || answer->chunked || answer->status < 200) {
    Malformed(!answer           ? answer.error().message()
              : answer->chunked ? "chunked within a tunnel"
                                : "not a final answer");
    return;
  }
  const Framing framing = ResponseFraming(*answer, scrape_.is_head());
  body_ = BodyDecoder(framing, answer->length.value_or(0));
  scrape_.Start(*this, *answer, framing);
}

void TunnelSource::OnBytes(std::string_view bytes) {
  owed_ += bytes.size();
  const auto fed = body_.Feed(bytes, [this](std::string_view piece) {
    scrape_.Pass(piece);
    return stream_ != nullptr;
  });
  if (stream_ == nullptr) return;
  if (!fed || *fed < bytes.size()) Malformed("longer than its Content-Length");
}

void TunnelSource::OnEnd() {
  stream_ = nullptr;
  if (body_.done() || body_.End()) {
    scrape_.End();
  } else {
    Malformed("shorter than its Content-Length");
  }
}

void TunnelSource::OnReset(std::string_view why) {
  stream_ = nullptr;
  scrape_.SourceFailed("client-failure", why.empty() ? "the client gave up" : std::string(why));
}

}  // namespace drover::pushprox
