#include "pushprox/net/stream.h"

#include <sys/socket.h>
#include <unistd.h>

#include <array>

#include <doctest/doctest.h>

#include "tests/support/fake_clock.h"

namespace drover::pushprox {
namespace {

struct NotingHandler final : StreamHandler {
  std::size_t OnData(std::string_view bytes) override {
    got += bytes;
    return bytes.size();
  }
  void OnDrained() override { ++drained; }
  bool OnPeerEnd() override {
    ++ends;
    return stays;
  }
  void OnClosed(std::string_view) override { closed = true; }

  std::string got;
  int drained = 0;
  int ends = 0;
  bool stays = true;
  bool closed = false;
};

// A stream on one end of a pair of sockets; packets are kept apart, so that writes can be counted.
struct Fixture {
  explicit Fixture(int type = SOCK_STREAM) {
    std::array<int, 2> both{};
    REQUIRE(::socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, both.data()) == 0);
    peer = both[1];
    Stream::Setup setup;
    setup.fd = both[0];
    stream = std::make_unique<Stream>(loop, handler, setup);
  }
  ~Fixture() {
    if (peer >= 0) ::close(peer);
  }
  void Say(std::string_view text) { REQUIRE(::write(peer, text.data(), text.size()) > 0); }
  // "-" while there is nothing, "" at the end.
  std::string Hear() {
    std::array<char, 4096> bytes{};
    const ssize_t n = ::read(peer, bytes.data(), bytes.size());
    return n < 0 ? "-" : std::string(bytes.data(), static_cast<std::size_t>(n));
  }
  void InTheLoop(std::function<void()> call) {
    loop.Post(std::move(call));
    loop.Turn(false);
  }

  drover::testing::FakeClock clock;
  EventLoop loop{clock};
  NotingHandler handler;
  std::unique_ptr<Stream> stream;
  int peer = -1;
};
struct Packets : Fixture {
  Packets() : Fixture(SOCK_SEQPACKET) {}
};

}  // namespace

TEST_SUITE("stream") {
  TEST_CASE_FIXTURE(Packets, "what is queued in one event goes out at once behind it") {
    InTheLoop([this] {
      stream->Queue("one ");
      stream->Queue("two");
      CHECK(stream->unsent() == 7);
      CHECK(Hear() == "-");
    });
    CHECK(Hear() == "one two");
    CHECK(handler.drained == 1);
    CHECK(stream->unsent() == 0);
    InTheLoop([this] {
      stream->Queue("first ");
      stream->Write("second");  // in order
    });
    CHECK(Hear() == "first second");
  }

  TEST_CASE_FIXTURE(Fixture, "a queue that does not fit goes out as it can") {
    const std::string much(1 << 20, 'x');
    InTheLoop([&] { stream->Queue(much); });
    CHECK(handler.drained == 0);
    std::size_t got = 0;
    for (int i = 0; i < 10'000 && got < much.size(); ++i) {
      const std::string piece = Hear();
      if (piece != "-") got += piece.size();
      loop.Turn(false);
    }
    CHECK(got == much.size());
    CHECK(handler.drained == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "each direction ends alone") {
    Say("last words");
    ::shutdown(peer, SHUT_WR);
    for (int i = 0; i < 3; ++i) loop.Turn(false);
    CHECK(handler.got == "last words");
    CHECK(handler.ends == 1);
    CHECK_FALSE(handler.closed);
    InTheLoop([this] {
      stream->Queue("answer");
      stream->EndWrites();
    });
    CHECK(Hear() == "answer");
    CHECK(Hear().empty());
    // Nothing is left to come from either side.
    for (int i = 0; i < 3; ++i) loop.Turn(false);
    CHECK(handler.closed);
    CHECK(handler.ends == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "an end closes where nobody asks for more") {
    handler.stays = false;
    ::shutdown(peer, SHUT_WR);
    loop.Turn(false);
    CHECK(handler.closed);
    CHECK(stream->closed());
  }

  TEST_CASE_FIXTURE(Fixture, "nothing is read while it pauses, and all of it afterwards") {
    InTheLoop([this] { stream->Pause(); });
    Say("some");
    for (int i = 0; i < 3; ++i) loop.Turn(false);
    CHECK(handler.got.empty());
    Say(" more");
    ::shutdown(peer, SHUT_WR);
    for (int i = 0; i < 3; ++i) loop.Turn(false);
    CHECK(handler.ends == 0);
    InTheLoop([this] { stream->Resume(); });
    for (int i = 0; i < 3; ++i) loop.Turn(false);
    CHECK(handler.got == "some more");
    CHECK(handler.ends == 1);
  }

  TEST_CASE_FIXTURE(Fixture, "a pause that watches for the end sees it, one that does not sleeps") {
    InTheLoop([this] {
      stream->WatchHangup(true);
      stream->WatchHangup(false);
      stream->Pause();
    });
    ::shutdown(peer, SHUT_WR);
    for (int i = 0; i < 3; ++i) loop.Turn(false);
    CHECK_FALSE(handler.closed);
    InTheLoop([this] { stream->WatchHangup(true); });
    loop.Turn(false);
    CHECK(handler.closed);
  }

  TEST_CASE_FIXTURE(Fixture, "a peer that breaks off is noticed in a pause too") {
    InTheLoop([this] { stream->Pause(); });
    ::close(peer);
    peer = -1;
    for (int i = 0; i < 3; ++i) loop.Turn(false);
    CHECK(handler.closed);
  }
}

}  // namespace drover::pushprox
