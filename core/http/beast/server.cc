#include "core/http/server.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <deque>
#include <functional>
#include <list>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/base/mutex.h"
#include "core/http/beast/workers.h"
#include "core/http/listener.h"
#include "core/http/url.h"

namespace drover::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using IoError = beast::error_code;
// The executor by its type, not erased: half the code.
using Executor = asio::io_context::executor_type;
template <typename T>
using awaitable = asio::awaitable<T, Executor>;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable_t<Executor>());
// One kind of stream for TCP, unix sockets and vsock.
using Protocol = asio::generic::stream_protocol;
using Socket = asio::basic_stream_socket<Protocol, Executor>;
using Acceptor = asio::basic_socket_acceptor<Protocol, Executor>;
using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                         asio::wait_traits<std::chrono::steady_clock>, Executor>;
using PlainStream = beast::basic_stream<Protocol, Executor>;
using TlsStream = asio::ssl::stream<PlainStream>;
using Parser = beast::http::request_parser<beast::http::string_body>;

// A connection, whatever carries it. What reads and writes requests is not made twice for TLS, and
// a plain connection pays nothing for it.
class Session {
 public:
  virtual ~Session() = default;
  virtual PlainStream& plain() = 0;  // has the time limits
  virtual bool is_tls() const = 0;
  virtual awaitable<std::tuple<IoError, std::size_t>> Read(asio::mutable_buffer into) = 0;  // some
  virtual awaitable<IoError> Write(asio::const_buffer bytes) = 0;                           // all
  void ShutDown() {
    IoError ignored;
    plain().socket().shutdown(asio::socket_base::shutdown_both, ignored);
  }
  bool busy = false;
};

template <typename Stream>
class SessionOn final : public Session {
 public:
  explicit SessionOn(Stream stream) : stream_(std::move(stream)) {}
  Stream& stream() { return stream_; }
  PlainStream& plain() override { return beast::get_lowest_layer(stream_); }
  bool is_tls() const override { return std::is_same_v<Stream, TlsStream>; }
  awaitable<std::tuple<IoError, std::size_t>> Read(asio::mutable_buffer into) override {
    co_return co_await stream_.async_read_some(into, kNoThrow);
  }
  awaitable<IoError> Write(asio::const_buffer bytes) override {
    const auto [error, n] = co_await asio::async_write(stream_, bytes, kNoThrow);
    co_return error;
  }

 private:
  Stream stream_;
};
using PlainSession = SessionOn<PlainStream>;
using TlsSession = SessionOn<TlsStream>;

class BeastServer final : public Server {
 public:
  BeastServer(ServerOptions options, const Router& router, const Logger& log)
      : options_(std::move(options)),
        router_(router),
        log_(log),
        workers_(options_.workers),
        slow_workers_(options_.slow_workers) {}

  ~BeastServer() override { Stop(Millis(0)); }

  Status Start() {
    for (const std::string& text : options_.listen) {
      DROVER_TRY(Listener one, Listen(text));
      listeners_.push_back(std::move(one));
    }
    for (Listener& one : options_.sockets) listeners_.push_back(std::move(one));
    for (Listener& one : listeners_) {
      addresses_.push_back(one.address());
      const Protocol protocol(one.family(), 0);
      acceptors_.emplace_back(io_, protocol, one.Release());
    }
    for (Acceptor& acceptor : acceptors_) asio::co_spawn(io_, Accept(acceptor), asio::detached);
    thread_ = std::jthread([this] { io_.run(); });
    return {};
  }

  std::vector<std::string> addresses() const override { return addresses_; }

  void Stop(Millis grace) override {
    if (stopped_.exchange(true)) return;
    asio::post(io_, [this] {
      for (Acceptor& acceptor : acceptors_) {
        IoError ignored;
        acceptor.close(ignored);
      }
      for (Session* session : sessions_) {
        if (!session->busy) session->plain().cancel();
      }
    });
    const auto deadline = std::chrono::steady_clock::now() + grace;
    while (busy_.load() > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    io_.stop();
    if (thread_.joinable()) thread_.join();
    // Where nothing was under way, the thread may have ended before it closed them.
    for (Acceptor& acceptor : acceptors_) {
      IoError ignored;
      acceptor.close(ignored);
    }
    workers_.Stop();
    slow_workers_.Stop();
  }

 private:
  static constexpr Millis kGoodbye{1000};          // for the peer's end of TLS
  static constexpr std::size_t kTogether = 65536;  // a body up to this goes out with its head
  static constexpr std::size_t kStep = 4096;       // read at once of a header
  static constexpr std::size_t kBodyStep = 65536;  // of a body

  awaitable<void> Accept(Acceptor& acceptor) {
    Timer pause(io_);
    for (;;) {
      while (sessions_.size() >= options_.max_connections) {
        pause.expires_after(std::chrono::milliseconds(10));
        co_await pause.async_wait(kNoThrow);
      }
      auto [error, socket] = co_await acceptor.async_accept(kNoThrow);
      if (error == asio::error::operation_aborted || !acceptor.is_open()) co_return;
      if (error) {
        log_.Warn("accept failed", {{"err", error.message()}});
        pause.expires_after(
            std::chrono::milliseconds(100));  // out of file descriptors: let some go
        co_await pause.async_wait(kNoThrow);
        continue;
      }
      const int on = 1;  // where it is TCP
      ::setsockopt(socket.native_handle(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
      const std::string peer = PeerAddress(socket.native_handle());
      if (peer.empty()) continue;
      if (options_.tls != nullptr) {
        asio::co_spawn(io_, ServeTls(std::move(socket), peer), asio::detached);
      } else {
        asio::co_spawn(io_, ServePlain(std::move(socket), peer), asio::detached);
      }
    }
  }

  awaitable<void> ServePlain(Socket socket, std::string remote) {
    PlainSession session(PlainStream(std::move(socket)));
    const auto position = sessions_.insert(sessions_.end(), &session);
    co_await Serve(session, remote);
    session.ShutDown();
    sessions_.erase(position);
  }

  awaitable<void> ServeTls(Socket socket, std::string remote) {
    asio::ssl::context context = TlsContext();
    TlsSession session(TlsStream(PlainStream(std::move(socket)), context));
    const auto position = sessions_.insert(sessions_.end(), &session);
    session.plain().expires_after(options_.handshake_timeout);
    const auto [refused] =
        co_await session.stream().async_handshake(asio::ssl::stream_base::server, kNoThrow);
    if (refused) {
      log_.Debug("TLS handshake failed", {{"peer", remote}, {"err", refused.message()}});
      if (refused.category() == asio::error::get_ssl_category() &&
          ERR_GET_REASON(static_cast<unsigned long>(refused.value())) == SSL_R_HTTP_REQUEST)
        co_await AnswerPlain(session.plain());
    } else {
      co_await Serve(session, remote);
      session.plain().expires_after(kGoodbye);
      co_await session.stream().async_shutdown(kNoThrow);
    }
    session.ShutDown();
    sessions_.erase(position);
  }

  // The wrapper frees one reference, connections hold their own.
  asio::ssl::context TlsContext() const {
    const auto current = options_.tls->Context();
    SSL_CTX_up_ref(current.get());
    return asio::ssl::context(current.get());
  }

  static awaitable<void> AnswerPlain(PlainStream& stream) {
    static constexpr std::string_view kAnswer =
        "HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\n"
        "Client sent an HTTP request to an HTTPS server.\n";
    stream.expires_after(kGoodbye);
    co_await asio::async_write(stream, asio::buffer(kAnswer), kNoThrow);
  }

  awaitable<void> Serve(Session& session, const std::string& remote) {
    beast::flat_buffer buffer;
    while (co_await ServeOne(session, buffer, remote)) {
      if (buffer.size() == 0) buffer.shrink_to_fit();
    }
  }

  // Feeds the parser until `is_done`, reading `step` bytes at a time.
  template <typename IsDone>
  static awaitable<IoError> Parse(Session& session, beast::flat_buffer& buffer, Parser& parser,
                                  std::size_t step, IsDone is_done) {
    while (!is_done(parser)) {
      IoError error;
      if (buffer.size() > 0) {
        buffer.consume(parser.put(buffer.data(), error));
        if (error && error != beast::http::error::need_more) co_return error;
        if (!error) continue;
      }
      const auto [failed, n] = co_await session.Read(buffer.prepare(step));
      if (failed) co_return failed;
      buffer.commit(n);
    }
    co_return IoError();
  }
  static awaitable<IoError> ParseHeader(Session& session, beast::flat_buffer& buffer,
                                        Parser& parser) {
    return Parse(session, buffer, parser, kStep,
                 [](const Parser& p) { return p.is_header_done(); });
  }
  static awaitable<IoError> ParseBody(Session& session, beast::flat_buffer& buffer,
                                      Parser& parser) {
    parser.eager(true);
    const std::size_t step =
        parser.content_length().value_or(kBodyStep) > kStep ? kBodyStep : kStep;
    return Parse(session, buffer, parser, step, [](const Parser& p) { return p.is_done(); });
  }

  // One request. False when the connection ends.
  awaitable<bool> ServeOne(Session& session, beast::flat_buffer& buffer,
                           const std::string& remote) {
    Parser parser;
    parser.header_limit(static_cast<std::uint32_t>(options_.max_header_bytes));
    parser.body_limit(boost::none);
    // Idle until the first byte, then the header has its own, shorter time.
    if (buffer.size() == 0) {
      session.plain().expires_after(options_.idle_timeout);
      const auto [error, n] = co_await session.Read(buffer.prepare(kStep));
      if (error) co_return false;
      buffer.commit(n);
    }
    session.busy = true;
    ++busy_;
    const Busy guard{*this, session};
    session.plain().expires_after(options_.header_timeout);
    const IoError broken = co_await ParseHeader(session, buffer, parser);
    if (broken) {
      if (broken.category() !=
          beast::http::make_error_code(beast::http::error::bad_method).category())
        co_return false;  // closed, reset, too late
      const int status = broken == beast::http::error::header_limit ? 431 : 400;
      Response refusal = Response::Text(
          status, std::string(ReasonPhrase(status)) + ": " + broken.message() + "\n");
      co_await Write(session, refusal, 11, false, false);
      co_return false;
    }
    Request request;
    request.remote = remote;
    request.tls = session.is_tls();
    Take(parser.get(), request);
    const bool head = request.method == "HEAD";
    const unsigned version = parser.get().version();
    if (!parser.is_done()) {
      std::optional<Response> refusal = co_await ReadBody(session, buffer, parser, request);
      if (refusal) {
        if (refusal->status != kGone) co_await Write(session, *refusal, version, false, head);
        co_return false;
      }
    }
    const bool keep_alive = parser.get().keep_alive() && !stopped_;
    request.body = std::move(parser.get().body());
    session.plain().expires_never();
    Response response;
    const bool slow = options_.slow_workers > 0 && router_.IsSlow(request.path, request.method);
    std::function<void()> handle = [&] { response = Handle(request); };
    co_await OnPool(slow, handle);
    session.plain().expires_after(options_.body_timeout);
    co_return co_await Write(session, response, version, keep_alive, head);
  }

  static constexpr int kGone = 0;  // the status of an answer to nobody

  // Nothing is read for those who may not pass.
  awaitable<std::optional<Response>> ReadBody(Session& session, beast::flat_buffer& buffer,
                                              Parser& parser, Request& request) {
    std::optional<Response> refusal;
    std::function<void()> ask = [&] { refusal = Refusal(request); };
    co_await OnPool(false, ask);
    if (refusal) co_return refusal;
    request.admitted = true;
    const std::uint64_t limit = router_.MaxBodyBytes(request.path);
    if (parser.content_length() && *parser.content_length() > limit) co_return TooLarge(limit);
    parser.body_limit(limit);
    session.plain().expires_after(options_.body_timeout);
    if (EqualsNoCase(request.headers.Get("Expect"), "100-continue")) {
      static constexpr std::string_view kGoOn = "HTTP/1.1 100 Continue\r\n\r\n";
      if (co_await session.Write(asio::buffer(kGoOn))) co_return Gone();
    }
    const IoError error = co_await ParseBody(session, buffer, parser);
    if (error == beast::http::error::body_limit) co_return TooLarge(limit);
    if (error) co_return Gone();
    co_return std::nullopt;
  }

  static Response Gone() {
    Response gone;
    gone.status = kGone;
    return gone;
  }

  struct Busy {
    BeastServer& server;
    Session& session;
    ~Busy() {
      session.busy = false;
      --server.busy_;
    }
  };

  static void Take(const beast::http::request<beast::http::string_body>& from, Request& to) {
    to.method = std::string(from.method_string());
    to.target = std::string(from.target());
    const std::size_t question = to.target.find('?');
    const std::string_view path = std::string_view(to.target).substr(0, question);
    to.path = PercentDecode(path, false).value_or(std::string(path));
    if (question != std::string::npos) to.query = to.target.substr(question + 1);
    for (const auto& field : from)
      to.headers.Add(std::string_view(field.name_string().data(), field.name_string().size()),
                     std::string_view(field.value().data(), field.value().size()));
  }

  static Response TooLarge(std::uint64_t limit) {
    return Response::Text(413, "request body is larger than " + std::to_string(limit) + " bytes\n");
  }

  Response Handle(const Request& request) const {
    try {
      return router_.Serve(request);
    } catch (const std::exception& error) {
      return Failed(request, error);
    }
  }
  std::optional<Response> Refusal(const Request& request) const {
    try {
      return router_.Refusal(request);
    } catch (const std::exception& error) {
      return Failed(request, error);
    }
  }
  Response Failed(const Request& request, const std::exception& error) const {
    log_.Error("request handler failed", {{"path", request.path}, {"err", error.what()}});
    return Response::Text(500, "internal error\n");
  }

  // `job` may point into the caller's frame: frames end with io_, after the workers.
  awaitable<void> OnPool(bool slow, std::function<void()>& job) {
    if (options_.workers == 0) {
      job();
      co_return;
    }
    // Only the I/O thread touches the timer, and this coroutine waits before that thread runs
    // anything else.
    const auto done = std::make_shared<Timer>(io_, Timer::time_point::max());
    (slow ? slow_workers_ : workers_).Post([this, done, &job] {
      job();
      asio::post(io_, [done] { done->cancel(); });
    });
    co_await done->async_wait(kNoThrow);
  }

  // True when the connection may carry another request.
  static awaitable<bool> Write(Session& session, const Response& response, unsigned version,
                               bool keep_alive, bool head) {
    const bool bodyless = response.status == 204 || response.status == 304;
    std::string text = version < 11 ? "HTTP/1.0 " : "HTTP/1.1 ";
    text += std::to_string(response.status);
    text.append(" ").append(ReasonPhrase(response.status)).append("\r\n");
    for (const auto& [name, value] : response.headers.list()) {
      text.append(name).append(": ");
      // A line break in a value would begin another header.
      for (const char c : value) text += c == '\r' || c == '\n' ? ' ' : c;
      text += "\r\n";
    }
    if (!keep_alive && version >= 11) text += "Connection: close\r\n";
    if (keep_alive && version < 11) text += "Connection: keep-alive\r\n";
    if (!bodyless) text += "Content-Length: " + std::to_string(response.body.size()) + "\r\n";
    text += "\r\n";
    const std::string_view body = head || bodyless ? std::string_view() : response.body;
    const bool together = body.size() <= kTogether;
    if (together) text += body;
    IoError error = co_await session.Write(asio::buffer(text));
    if (!error && !together) error = co_await session.Write(asio::buffer(body));
    co_return !error && keep_alive;
  }

  ServerOptions options_;  // not changed after the start
  const Router& router_;
  const Logger& log_;
  std::vector<std::string> addresses_;
  // The io_context destroys suspended sessions, which still touch these: they are declared before
  // it.
  std::list<Session*> sessions_;  // I/O thread only
  std::atomic<int> busy_{0};
  std::atomic<bool> stopped_{false};
  Workers workers_;
  Workers slow_workers_;
  asio::io_context io_{1};
  std::vector<Listener> listeners_;  // the files of unix sockets
  std::vector<Acceptor> acceptors_;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> StartServer(ServerOptions options, const Router& router,
                                            const Logger& log) {
  try {
    auto server = std::make_unique<BeastServer>(std::move(options), router, log);
    DROVER_CHECK(server->Start());
    return server;
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kUnavailable, std::string("start of the HTTP server: ") + error.what());
  }
}

}  // namespace drover::http
