#include "pushprox/net/websocket.h"

#include <doctest/doctest.h>

#include "pushprox/net/websocket_handshake.h"

namespace drover::pushprox {
namespace {

std::string Frame(FrameFrom from, Opcode opcode, std::string_view payload) {
  std::string out;
  AppendFrame(out, from, opcode, payload);
  return out;
}

// Everything that is read from `bytes` in steps: "2:text" per message; "error …" at its end.
std::vector<std::string> ReadAll(FrameFrom from, std::string_view bytes, std::size_t step,
                                 std::size_t max = 70'000) {
  WebSocketReader reader(from, max);
  std::vector<std::string> out;
  for (std::size_t at = 0; at < bytes.size(); at += step) {
    std::string_view piece = bytes.substr(at, step);
    for (;;) {
      const auto message = reader.Next(piece);
      if (!message) {
        out.push_back("error " + message.error().message());
        return out;
      }
      if (!*message) break;
      out.push_back(std::to_string(static_cast<int>((*message)->opcode)) + ":" +
                    std::string((*message)->payload));
    }
    CHECK(piece.empty());
  }
  return out;
}

std::string Error(FrameFrom from, std::string_view bytes) {
  const auto all = ReadAll(from, bytes, bytes.size());
  return all.empty() ? "" : all.back();
}

Head Request(std::string_view text) { return ParseRequestHead(text).value(); }
Head Response(std::string_view text) { return ParseResponseHead(text).value(); }

}  // namespace

TEST_SUITE("websocket") {
  TEST_CASE("frames of all sizes pass, in steps of any size, from both ends") {
    for (const FrameFrom from : {FrameFrom::kClient, FrameFrom::kServer}) {
      std::string bytes;
      std::vector<std::string> expected;
      for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 65'535U, 65'536U, 69'999U}) {
        std::string payload;
        for (std::size_t i = 0; i < size; ++i) payload += static_cast<char>(i * 7 + size);
        bytes += Frame(from, Opcode::kBinary, payload);
        expected.push_back("2:" + payload);
      }
      bytes += Frame(from, Opcode::kPing, "life?");
      expected.emplace_back("9:life?");
      for (const std::size_t step : {1U, 2U, 3U, 5U, 1000U, 16'384U, 1'000'000U})
        CHECK(ReadAll(from, bytes, step) == expected);
    }
  }

  TEST_CASE("the masked example of RFC 6455 is read") {
    // Section 5.7, as binary instead of text.
    CHECK(ReadAll(FrameFrom::kClient, "\x82\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58", 99) ==
          std::vector<std::string>{"2:Hello"});
    CHECK(ReadAll(FrameFrom::kServer, "\x82\x05Hello", 99) == std::vector<std::string>{"2:Hello"});
  }

  TEST_CASE("a client's frames do not show what is in them") {
    const std::string text(64, 'a');
    CHECK(Frame(FrameFrom::kClient, Opcode::kBinary, text).find("aaaa") == std::string::npos);
    CHECK(Frame(FrameFrom::kClient, Opcode::kBinary, text) !=
          Frame(FrameFrom::kClient, Opcode::kBinary, text));
  }

  TEST_CASE("fragments are joined, with control frames between them") {
    using namespace std::string_literals;
    const std::string bytes = "\x02\x03Hel"s + "\x89\x01!" + "\x00\x00"s + "\x80\x02lo"s;
    for (const std::size_t step : {1U, 4U, 99U})
      CHECK(ReadAll(FrameFrom::kServer, bytes, step) == std::vector<std::string>{"9:!", "2:Hello"});
  }

  TEST_CASE("what the protocol forbids is an error") {
    using namespace std::string_literals;
    CHECK(Error(FrameFrom::kClient, "\x82\x01x"s) == "error frame without mask");
    CHECK(Error(FrameFrom::kServer, "\x82\x81\x01\x02\x03\x04x"s) == "error masked frame");
    CHECK(Error(FrameFrom::kServer, "\xc2\x01x"s) == "error reserved bits of a frame are set");
    CHECK(Error(FrameFrom::kServer, "\x81\x01x"s) == "error text message");
    CHECK(Error(FrameFrom::kServer, "\x83\x01x"s) == "error unknown kind of frame");
    CHECK(Error(FrameFrom::kServer, "\x8b\x01x"s) == "error unknown control frame");
    CHECK(Error(FrameFrom::kServer, "\x09\x01x"s) == "error control frame in fragments");
    CHECK(Error(FrameFrom::kServer, "\x89\x7e\x00\x7e"s) == "error control frame over 125 bytes");
    CHECK(Error(FrameFrom::kServer, "\x80\x01x"s) == "error continuation of nothing");
    CHECK(Error(FrameFrom::kServer, "\x02\x01x\x82\x01y"s) == "error message within a message");
    CHECK(Error(FrameFrom::kServer, "\x82\x7e\x00\x01x"s) ==
          "error length of a frame not in its shortest form");
    CHECK(Error(FrameFrom::kServer, "\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff"s) ==
          "error length of a frame not in its shortest form");
  }

  TEST_CASE("messages are bounded, whole and in fragments, before their bytes come") {
    using namespace std::string_literals;
    CHECK(Error(FrameFrom::kServer, "\x82\x7f\xff\xff\xff\xff\xff\xff\xff\xff"s) ==
          "error message over its limit");
    CHECK(ReadAll(FrameFrom::kServer,
                  "\x02\x03"
                  "abc\x80\x02"
                  "de"s,
                  99, 4)
              .back() == "error message over its limit");
    CHECK(ReadAll(FrameFrom::kServer,
                  "\x02\x03"
                  "abc\x80\x01"
                  "d"s,
                  99, 4)
              .back() == "2:abcd");
  }
}

TEST_SUITE("websocket handshake") {
  TEST_CASE("the example of RFC 6455") {
    CHECK(WebSocketAccept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
  }

  TEST_CASE("request and answer fit each other") {
    const std::string key = NewWebSocketKey().value();
    CHECK(key != NewWebSocketKey().value());
    const Head request = Request(TunnelRequest("/x/tunnel", "proxy:8080", key, "Bearer secret"));
    CHECK(request.target == "/x/tunnel");
    CHECK(request.headers.Get("Authorization") == "Bearer secret");
    CHECK(CheckTunnelRequest(request).has_value());
    const std::string answer = TunnelAnswer(request);
    CHECK(CheckTunnelAnswer(Response(answer), key).has_value());
    CHECK(CheckTunnelAnswer(Response(answer), NewWebSocketKey().value()).error().code() ==
          ErrorCode::kInvalid);
  }

  TEST_CASE("requests that are none are refused") {
    const std::string good = TunnelRequest("/tunnel", "p", "dGhlIHNhbXBsZSBub25jZQ==", "");
    const auto with = [&](std::string_view from, std::string_view to) {
      std::string text = good;
      text.replace(text.find(from), from.size(), to);
      const Status status = CheckTunnelRequest(Request(text));
      return status ? std::string("good") : std::string(Name(status.error().code()));
    };
    CHECK(with("GET", "GET") == "good");
    CHECK(with("Connection: Upgrade", "Connection: keep-alive, upgrade") == "good");
    CHECK(with("drover-tunnel-1", "chat, drover-tunnel-1") == "good");
    CHECK(with("GET", "POST") == "invalid");
    CHECK(with("HTTP/1.1", "HTTP/1.0") == "invalid");
    CHECK(with("Upgrade: websocket", "Upgrade: h2c") == "invalid");
    CHECK(with("Connection: Upgrade", "Connection: close") == "invalid");
    CHECK(with("dGhlIHNhbXBsZSBub25jZQ==", "short") == "invalid");
    CHECK(with("Version: 13", "Version: 8") == "unsupported");
    CHECK(with("drover-tunnel-1", "drover-tunnel-2") == "unsupported");
  }

  TEST_CASE("what a proxy answers says what to do") {
    const auto code = [](std::string_view status) {
      return CheckTunnelAnswer(Response("HTTP/1.1 " + std::string(status) + "\r\n\r\n"), "k")
          .error()
          .code();
    };
    CHECK(code("404 Not Found") == ErrorCode::kUnsupported);
    CHECK(code("200 OK") == ErrorCode::kUnsupported);
    CHECK(code("501 Not Implemented") == ErrorCode::kUnsupported);
    CHECK(code("401 Unauthorized") == ErrorCode::kDenied);
    CHECK(code("503 Service Unavailable") == ErrorCode::kUnavailable);
    CHECK(code("101 Switching Protocols") == ErrorCode::kInvalid);
  }
}

}  // namespace drover::pushprox
