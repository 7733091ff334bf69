#include "pushprox/net/tunnel.h"

#include <doctest/doctest.h>

#include "core/base/bytes.h"
#include "tests/pushprox/fake_wire.h"

namespace drover::pushprox {
namespace {

using testing::NotingStream;
using testing::TunnelPair;
using Notes = std::vector<std::string>;

// What a peer that keeps to no rules sends.
std::string Raw(FrameFrom from, int type, std::uint32_t id, std::string_view body = {}) {
  std::string head(1, static_cast<char>(type));
  AppendBigEndian(head, id);
  std::string out;
  AppendFrame(out, from, Opcode::kBinary, head, body);
  return out;
}
std::string Credit(std::uint32_t more) {
  std::string body;
  AppendBigEndian(body, more);
  return body;
}

struct Fixture : TunnelPair {
  TunnelStream& Open(NotingStream& handler,
                     std::string_view head = "GET http://a/ HTTP/1.1\r\n\r\n") {
    handler.stream = &proxy.Open(handler, head);
    return *handler.stream;
  }
  NotingStream& request(std::size_t i) { return *at_client.requests.at(i); }
};

}  // namespace

TEST_SUITE("tunnel") {
  TEST_CASE_FIXTURE(Fixture, "a client registers and is told what was accepted") {
    client.Register("{names}");
    Carry(1);
    CHECK(at_proxy.notes == Notes{"register {names}"});
    proxy.Registered("{accepted}");
    Carry(1);
    CHECK(at_client.notes == Notes{"registered {accepted}"});
  }

  TEST_CASE_FIXTURE(Fixture, "scrapes at once, each with its answer") {
    NotingStream one;
    NotingStream two;
    Open(one, "GET http://a/1 HTTP/1.1\r\n\r\n");
    Open(two, "GET http://a/2 HTTP/1.1\r\n\r\n");
    Carry();
    REQUIRE(at_client.requests.size() == 2);
    CHECK(at_client.notes.back() == "request GET http://a/2 HTTP/1.1\r\n\r\n");
    request(1).stream->Answer("HTTP/1.1 200 OK\r\n\r\n");
    request(1).stream->Write("second");
    request(1).stream->End();
    CHECK(client.streams() == 1);
    Carry(3);
    CHECK(two.notes == Notes{"answer HTTP/1.1 200 OK\r\n\r\n", "end"});
    CHECK(two.got == "second");
    CHECK(one.notes.empty());
    request(0).stream->Reset("no");
    Carry();
    CHECK(one.notes == Notes{"reset no"});
    CHECK(proxy.streams() == 0);
    CHECK(client.streams() == 0);
    CHECK(request(0).notes.empty());
  }

  TEST_CASE_FIXTURE(Fixture, "no more is sent than the other end consumed") {
    NotingStream scrape;
    scrape.consumes = false;
    Open(scrape);
    Carry();
    TunnelStream& answer = *request(0).stream;
    answer.Answer("HTTP/1.1 200 OK\r\n\r\n");
    std::string page;
    for (int i = 0; page.size() < 1'000'000; ++i) page += std::to_string(i) + " ";
    answer.Write(page);
    Carry();
    CHECK(scrape.got.size() == kTunnelCredit);
    CHECK(answer.unsent() == page.size() - kTunnelCredit);
    scrape.stream->Consumed(1);  // not worth a frame
    Carry();
    CHECK(scrape.got.size() == kTunnelCredit);
    scrape.stream->Consumed(99'999);
    Carry();
    CHECK(scrape.got.size() == kTunnelCredit + 100'000);
    answer.End();
    CHECK(client.streams() == 1);
    scrape.stream->Consumed(kTunnelCredit);
    scrape.consumes = true;
    Carry(1000);
    CHECK(scrape.got == page);
    CHECK(scrape.notes.back() == "end");
    CHECK(request(0).notes.empty());  // End was the last that its handler heard
    CHECK(client.streams() == 0);
  }

  TEST_CASE_FIXTURE(Fixture, "a writer is told when there is room again") {
    NotingStream scrape;
    scrape.consumes = false;
    Open(scrape);
    Carry();
    TunnelStream& answer = *request(0).stream;
    answer.Answer("HTTP/1.1 200 OK\r\n\r\n");
    answer.Write(std::string(kTunnelCredit + TunnelStream::kHighWater + 1, 'x'));
    Carry();
    CHECK(request(0).notes.empty());
    scrape.stream->Consumed(kTunnelCredit);
    Carry();
    CHECK(request(0).notes == Notes{"writable"});
  }

  TEST_CASE_FIXTURE(Fixture, "streams take turns on a wire that is full") {
    NotingStream scrapes[3];
    for (NotingStream& one : scrapes) Open(one);
    Carry();
    for (std::size_t i = 0; i < 3; ++i) {
      request(i).stream->Answer("HTTP/1.1 200 OK\r\n\r\n");
      request(i).stream->Write(std::string(200'000, static_cast<char>('a' + i)));
    }
    CHECK(from_client.out.size() < 160'000);
    Move(from_client, client, proxy, 1'000'000);
    Move(from_client, client, proxy, 1'000'000);
    CHECK(scrapes[1].got.size() > 30'000);
    CHECK(scrapes[2].got.size() > 30'000);
    Carry();
    for (const NotingStream& one : scrapes) CHECK(one.got.size() == 200'000);
  }

  TEST_CASE_FIXTURE(Fixture, "a relay ends in each direction alone") {
    NotingStream relay;
    Open(relay, "CONNECT a:443 HTTP/1.1\r\n\r\n");
    Carry();
    request(0).stream->Answer("HTTP/1.1 200 Connection established\r\n\r\n");
    relay.stream->Write("hello");
    relay.stream->End();
    Carry();
    CHECK(request(0).got == "hello");
    CHECK(request(0).notes == Notes{"end"});
    CHECK(proxy.streams() == 1);
    request(0).stream->Write("bye");
    request(0).stream->End();
    Carry();
    CHECK(relay.got == "bye");
    CHECK(relay.notes.back() == "end");
    CHECK(proxy.streams() == 0);
    CHECK(client.streams() == 0);
  }

  TEST_CASE_FIXTURE(Fixture, "a scraper that leaves resets, and what crossed it is ignored") {
    NotingStream scrape;
    Open(scrape);
    Carry();
    request(0).stream->Answer("HTTP/1.1 200 OK\r\n\r\n");
    request(0).stream->Write("page");
    scrape.stream->Reset("the scraper left");
    Carry();
    CHECK(request(0).notes == Notes{"reset the scraper left"});
    CHECK(scrape.notes.empty());
    CHECK(at_proxy.notes.empty());
    CHECK(at_client.notes.size() == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "silence is asked after, then it is death at both ends") {
    client.Register("{}");
    Carry();
    Pass(Millis(5000));
    CHECK_FALSE(from_client.out.empty());  // a ping
    Carry();
    Pass(Millis(4900));
    Carry();
    CHECK(at_client.notes.empty());
    NotingStream scrape;
    Open(scrape);
    Carry();
    // Nothing arrives from here on.
    Pass(Millis(9000));
    CHECK(at_client.notes.size() == 1);
    Pass(Millis(1100));
    CHECK(at_client.notes.back() == "broken the other end is silent");
    CHECK(request(0).notes == Notes{"reset the other end is silent"});
    from_client.out.clear();
    CHECK(scrape.notes.empty());
    Pass(Millis(4900));
    CHECK(scrape.notes.empty());
    Pass(Millis(200));
    CHECK(scrape.notes == Notes{"reset the other end is silent"});
    CHECK(at_proxy.notes.back() == "broken the other end is silent");
    CHECK(proxy.over());
  }

  TEST_CASE_FIXTURE(Fixture, "a tunnel that only answers pings lives") {
    client.Register("{}");
    for (int i = 0; i < 100; ++i) {
      Pass(Millis(2500));
      Carry();
    }
    CHECK(at_proxy.notes.size() == 1);
    CHECK(at_client.notes.empty());
  }

  TEST_CASE_FIXTURE(Fixture, "a frame that trickles in is not life at the proxy") {
    client.Register("{}");
    Carry();
    const std::string slow = Raw(FrameFrom::kClient, 1, 0, std::string(1000, 'x'));
    for (std::size_t i = 0; i < 31; ++i) {
      proxy.Feed(slow.substr(i, 1));
      Pass(Millis(1000));
    }
    CHECK(at_proxy.notes.back() == "broken the other end is silent");
  }

  TEST_CASE_FIXTURE(Fixture, "a client that does not register is sent away") {
    for (int i = 0; i < 9; ++i) {
      Pass(Millis(1000));
      std::string ping;
      AppendFrame(ping, FrameFrom::kClient, Opcode::kPing, "x");
      proxy.Feed(ping);
    }
    CHECK(at_proxy.notes.empty());
    Pass(Millis(1100));
    CHECK(at_proxy.notes == Notes{"broken the client did not register in time"});
  }

  TEST_CASE_FIXTURE(Fixture, "close and goaway arrive") {
    NotingStream scrape;
    Open(scrape);
    proxy.GoAway("ending");
    Carry();
    CHECK(at_client.notes.back() == "goaway ending");
    client.Close("done");
    Carry();
    CHECK(request(0).notes == Notes{"reset done"});
    CHECK(at_proxy.notes == Notes{"broken the other end closed: done"});
    CHECK(scrape.notes.size() == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "nothing is called on streams after the tunnel is lost") {
    NotingStream scrape;
    Open(scrape);
    proxy.Lost("connection reset");
    CHECK(scrape.notes == Notes{"reset connection reset"});
    CHECK(at_proxy.notes.empty());
    Pass(std::chrono::minutes(1));
    proxy.Feed("garbage");
    CHECK(scrape.notes.size() == 1);
    CHECK(at_proxy.notes.empty());
  }

  TEST_CASE("each frame that breaks the rules ends the tunnel, told to both") {
    struct Case {
      FrameFrom from;
      std::string bytes;
      std::string why;
    };
    const FrameFrom c = FrameFrom::kClient;
    const FrameFrom p = FrameFrom::kServer;
    const std::string answer = Raw(c, 4, 1, "HTTP/1.1 200 OK\r\n\r\n");
    const std::string kind = "a frame of a kind that must not come";
    const Case cases[] = {
        {c, Raw(c, 2, 0), kind},
        {c, Raw(c, 3, 5), kind},
        {c, Raw(c, 9, 0), kind},
        {c, Raw(c, 77, 0), kind},
        {c, Raw(c, 1, 1), kind},
        {c, Raw(c, 5, 0, "x"), kind},
        {p, Raw(p, 1, 0), kind},
        {p, Raw(p, 4, 1), kind},
        {c, Raw(c, 4, 3), "a frame of a stream that was never opened"},
        {c, Raw(c, 5, 1, "x"), "data before its answer"},
        {c, Raw(c, 6, 1), "an end before its answer"},
        {c, answer + answer, "a second answer"},
        {c, answer + Raw(c, 5, 1), "data of a bad size"},
        {c, answer + Raw(c, 5, 1, std::string(16'385, 'x')), "data of a bad size"},
        {c, answer + Raw(c, 6, 1, "x"), "an end of a bad size"},
        {c, Raw(c, 8, 1, "abc"), "credit of a bad size"},
        {c, Raw(c, 8, 1, Credit(0xffff'ffff)), "credit over its limit"},
        {p, Raw(p, 3, 1), "a stream's number comes again"},
        {p, Raw(p, 5, 1, "x"), "data behind its end"},
        {p, Raw(p, 6, 1), "a second end"},
        {c, "\x82\x01x", "frame without mask"},
    };
    for (const Case& one : cases) {
      CAPTURE(one.why);
      Fixture f;
      NotingStream scrape;
      f.Open(scrape);
      f.Carry();
      const bool to_proxy = one.from == FrameFrom::kClient;
      (to_proxy ? f.proxy : f.client).Feed(one.bytes);
      CHECK((to_proxy ? f.at_proxy : f.at_client).notes.back() == "broken " + one.why);
      const NotingStream& hit = to_proxy ? scrape : f.request(0);
      CHECK(hit.notes.back() == "reset " + one.why);
      f.Carry();
      CHECK((to_proxy ? f.at_client : f.at_proxy).notes.back() ==
            "broken the other end closed: " + one.why);
    }
  }

  TEST_CASE_FIXTURE(Fixture, "data beyond its credit ends the tunnel") {
    NotingStream scrape;
    scrape.consumes = false;
    Open(scrape);
    proxy.Feed(Raw(FrameFrom::kClient, 4, 1, "HTTP/1.1 200 OK\r\n\r\n"));
    const std::string data = Raw(FrameFrom::kClient, 5, 1, std::string(16'384, 'x'));
    for (int i = 0; i < 16; ++i) proxy.Feed(data);
    CHECK(at_proxy.notes.empty());
    proxy.Feed(Raw(FrameFrom::kClient, 5, 1, "x"));
    CHECK(at_proxy.notes == Notes{"broken data beyond its credit"});
  }

  TEST_CASE_FIXTURE(Fixture, "who asks and does not read is bounded") {
    std::string ping;
    AppendFrame(ping, FrameFrom::kClient, Opcode::kPing, std::string(125, 'x'));
    for (int i = 0; i < 20'000 && !proxy.over(); ++i) proxy.Feed(ping);
    CHECK(proxy.over());
    CHECK(from_proxy.out.size() < 1'100'000);
  }
}

}  // namespace drover::pushprox
