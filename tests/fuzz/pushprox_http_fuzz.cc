// A message from the wire: no crash, and what is parsed does not depend on how the bytes come.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "core/http/url.h"
#include "pushprox/protocol/body.h"
#include "pushprox/protocol/head.h"
#include "pushprox/protocol/scrape.h"

namespace {

using namespace drover::pushprox;

struct Outcome {
  std::string payload;
  std::size_t rest = 0;
  bool broken = false;
  bool operator==(const Outcome&) const = default;
};

Outcome Decode(const Head& head, Framing framing, std::string_view body, std::size_t step) {
  Outcome out;
  BodyDecoder decoder(framing, head.length.value_or(0));
  std::size_t at = 0;
  while (at < body.size() && !decoder.done()) {
    const auto fed = decoder.Feed(body.substr(at, step), [&](std::string_view piece) {
      out.payload += piece;
      return piece.size() % 2 == 0;
    });
    if (!fed) {
      out.broken = true;
      return out;
    }
    at += *fed;
  }
  out.rest = body.size() - at;
  return out;
}

void Check(const Head& head, Framing framing, std::string_view body) {
  const Outcome whole = Decode(head, framing, body, std::max<std::size_t>(body.size(), 1));
  for (const std::size_t step : {1U, 3U, 64U}) {
    const Outcome pieces = Decode(head, framing, body, step);
    if (!(pieces == whole)) std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const std::size_t end = HeadEnd(bytes);
  if (end == std::string_view::npos) return 0;
  if (const auto head = ParseRequestHead(bytes.substr(0, end))) {
    Check(*head, RequestFraming(*head), bytes.substr(end));
    if (const auto url = drover::http::ParseUrl(head->target)) {
      const std::string text = HandOver(*head, *url, "id", drover::Millis(1));
      // What a client is handed is one head, and reads as such.
      if (HeadEnd(text) != text.size() || !ParseRequestHead(text)) std::abort();
    }
  }
  if (const auto head = ParseResponseHead(bytes.substr(0, end)))
    Check(*head, ResponseFraming(*head, false), bytes.substr(end));
  return 0;
}
