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
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <boost/beast/ssl.hpp>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include "core/base/mutex.h"
#include "core/http/listener.h"
#include "core/http/url.h"

namespace drover::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
// One kind of stream for TCP, unix sockets and vsock.
using Protocol = asio::generic::stream_protocol;
using Socket = Protocol::socket;
using Acceptor = asio::basic_socket_acceptor<Protocol>;
using PlainStream = beast::basic_stream<Protocol>;
using asio::awaitable;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

// Threads that run one job after another, at most `most` of them, started when all others are at
// work. Stop finishes the jobs that run and forgets the others.
class Workers {
 public:
  explicit Workers(std::size_t most) : most_(most) {}
  ~Workers() { Stop(); }

  void Post(std::function<void()> job) {
    Lock lock(mutex_);
    jobs_.push_back(std::move(job));
    if (idle_ < jobs_.size() && threads_.size() < most_ && !stopped_)
      threads_.emplace_back([this](const std::stop_token& stop) { Run(stop); });
    changed_.NotifyOne();
  }
  void Stop() {
    std::vector<std::jthread> threads;
    {
      Lock lock(mutex_);
      stopped_ = true;
      threads.swap(threads_);
    }
    for (std::jthread& thread : threads) thread.request_stop();
  }

 private:
  void Run(const std::stop_token& stop) {
    for (;;) {
      std::function<void()> job;
      {
        Lock lock(mutex_);
        ++idle_;
        changed_.Wait(mutex_, stop, [this]() NO_THREAD_SAFETY_ANALYSIS { return !jobs_.empty(); });
        --idle_;
        if (stop.stop_requested()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job();
    }
  }

  const std::size_t most_;
  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> jobs_ GUARDED_BY(mutex_);
  std::size_t idle_ GUARDED_BY(mutex_) = 0;
  bool stopped_ GUARDED_BY(mutex_) = false;
  std::vector<std::jthread> threads_ GUARDED_BY(mutex_);
};

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
        beast::error_code ignored;
        acceptor.close(ignored);
      }
      for (Connection* connection : sessions_) {
        if (!connection->busy) connection->plain().cancel();
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
      beast::error_code ignored;
      acceptor.close(ignored);
    }
    workers_.Stop();
    slow_workers_.Stop();
  }

 private:
  struct Connection {
    virtual ~Connection() = default;
    virtual PlainStream& plain() = 0;  // has the time limits
    bool busy = false;
  };
  // `Stream` is a PlainStream, or an ssl_stream on one: a plain connection pays nothing for TLS.
  template <typename Stream>
  struct Session final : Connection {
    template <typename... Arguments>
    explicit Session(Arguments&&... arguments) : stream(std::forward<Arguments>(arguments)...) {}
    PlainStream& plain() override { return beast::get_lowest_layer(stream); }
    Stream stream;
  };
  using PlainSession = Session<PlainStream>;
  using TlsSession = Session<beast::ssl_stream<PlainStream>>;
  static constexpr Millis kGoodbye{1000};  // for the peer's end of TLS

  awaitable<void> Accept(Acceptor& acceptor) {
    asio::steady_timer pause(io_);
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
    PlainSession session(std::move(socket));
    const auto position = sessions_.insert(sessions_.end(), &session);
    co_await Serve(session, remote);
    beast::error_code ignored;
    session.stream.socket().shutdown(Socket::shutdown_both, ignored);
    sessions_.erase(position);
  }

  awaitable<void> ServeTls(Socket socket, std::string remote) {
    asio::ssl::context context = TlsContext();
    TlsSession session(std::move(socket), context);
    const auto position = sessions_.insert(sessions_.end(), &session);
    session.plain().expires_after(options_.handshake_timeout);
    const auto [refused] =
        co_await session.stream.async_handshake(asio::ssl::stream_base::server, kNoThrow);
    if (refused) {
      log_.Debug("TLS handshake failed", {{"peer", remote}, {"err", refused.message()}});
      if (refused.category() == asio::error::get_ssl_category() &&
          ERR_GET_REASON(static_cast<unsigned long>(refused.value())) == SSL_R_HTTP_REQUEST)
        co_await AnswerPlain(session.plain());
    } else {
      co_await Serve(session, remote);
      session.plain().expires_after(kGoodbye);
      co_await session.stream.async_shutdown(kNoThrow);
    }
    beast::error_code ignored;
    session.plain().socket().shutdown(Socket::shutdown_both, ignored);
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

  template <typename SessionType>
  awaitable<void> Serve(SessionType& session, const std::string& remote) {
    beast::flat_buffer buffer;
    while (co_await ServeOne(session, buffer, remote)) {
      if (buffer.size() == 0) buffer.shrink_to_fit();
    }
  }

  // One request. False when the connection ends.
  template <typename SessionType>
  awaitable<bool> ServeOne(SessionType& session, beast::flat_buffer& buffer,
                           const std::string& remote) {
    beast::http::request_parser<beast::http::string_body> parser;
    parser.header_limit(static_cast<std::uint32_t>(options_.max_header_bytes));
    parser.body_limit(boost::none);
    // Idle until the first byte, then the header has its own, shorter time.
    if (buffer.size() == 0) {
      session.plain().expires_after(options_.idle_timeout);
      const auto [error, n] =
          co_await session.stream.async_read_some(buffer.prepare(4096), kNoThrow);
      if (error) co_return false;
      buffer.commit(n);
    }
    session.busy = true;
    ++busy_;
    const Busy guard{*this, session};
    session.plain().expires_after(options_.header_timeout);
    {
      const auto [error, n] =
          co_await beast::http::async_read_header(session.stream, buffer, parser, kNoThrow);
      if (error) {
        if (error == beast::http::error::end_of_stream || error == beast::error::timeout ||
            error == asio::error::operation_aborted || error == asio::error::connection_reset) {
          co_return false;
        }
        const int status = error == beast::http::error::header_limit ? 431 : 400;
        Response refusal = Response::Text(
            status, std::string(ReasonPhrase(status)) + ": " + error.message() + "\n");
        co_await Write(session, refusal, 11, false, false);
        co_return false;
      }
    }
    Request request;
    request.remote = remote;
    request.tls = std::is_same_v<SessionType, TlsSession>;
    Take(parser.get(), request);
    const bool head = request.method == "HEAD";
    const unsigned version = parser.get().version();
    if (!parser.is_done()) {  // nothing is read for those who may not pass
      std::optional<Response> refusal;
      std::function<void()> ask = [&] { refusal = Refusal(request); };
      co_await OnPool(false, ask);
      if (refusal) {
        co_await Write(session, *refusal, version, false, head);
        co_return false;
      }
      request.admitted = true;
    }
    const std::uint64_t limit = router_.MaxBodyBytes(request.path);
    if (parser.content_length() && *parser.content_length() > limit) {
      Response refusal = TooLarge(limit);
      co_await Write(session, refusal, version, false, head);
      co_return false;
    }
    parser.body_limit(limit);
    if (!parser.is_done()) {
      session.plain().expires_after(options_.body_timeout);
      if (EqualsNoCase(request.headers.Get("Expect"), "100-continue")) {
        beast::http::response<beast::http::empty_body> go(beast::http::status::continue_, version);
        const auto [error, n] = co_await beast::http::async_write(session.stream, go, kNoThrow);
        if (error) co_return false;
      }
      // Without room the buffer grows in 512-byte steps: 17 times the CPU for a body of 1 MB.
      if (parser.content_length().value_or(65536) > 4096) buffer.reserve(65536);
      const auto [error, n] =
          co_await beast::http::async_read(session.stream, buffer, parser, kNoThrow);
      if (error == beast::http::error::body_limit) {
        Response refusal = TooLarge(limit);
        co_await Write(session, refusal, version, false, head);
        co_return false;
      }
      if (error) co_return false;
    }
    const bool keep_alive = parser.get().keep_alive() && !stopped_;
    request.body = std::move(parser.get().body());
    session.plain().expires_never();
    // Not as ?: with co_await inside: g++ 12 miscompiles that.
    Response response;
    const bool slow = options_.slow_workers > 0 && router_.IsSlow(request.path, request.method);
    std::function<void()> handle = [&] { response = Handle(request); };
    co_await OnPool(slow, handle);
    session.plain().expires_after(options_.body_timeout);
    co_return co_await Write(session, response, version, keep_alive, head);
  }

  struct Busy {
    BeastServer& server;
    Connection& session;
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
    const auto done =
        std::make_shared<asio::steady_timer>(io_, asio::steady_timer::time_point::max());
    (slow ? slow_workers_ : workers_).Post([this, done, &job] {
      job();
      asio::post(io_, [done] { done->cancel(); });
    });
    co_await done->async_wait(kNoThrow);
  }

  // True when the connection may carry another request.
  template <typename SessionType>
  awaitable<bool> Write(SessionType& session, Response& response, unsigned version, bool keep_alive,
                        bool head) {
    beast::http::response<beast::http::string_body> out;
    out.version(version);
    out.result(static_cast<unsigned>(response.status));
    out.reason(std::string(ReasonPhrase(response.status)));
    for (const auto& [name, value] : response.headers.list()) out.insert(name, value);
    out.keep_alive(keep_alive);
    const bool bodyless = response.status == 204 || response.status == 304;
    const std::size_t length = response.body.size();
    if (!head && !bodyless) out.body() = std::move(response.body);
    if (!bodyless) out.content_length(length);
    const auto [error, n] = co_await AsyncWrite(session, out, head);
    co_return !error && keep_alive;
  }

  template <typename SessionType>
  static awaitable<std::tuple<beast::error_code, std::size_t>> AsyncWrite(
      SessionType& session, beast::http::response<beast::http::string_body>& out, bool head) {
    beast::http::response_serializer<beast::http::string_body> serializer(out);
    if (head)
      co_return co_await beast::http::async_write_header(session.stream, serializer, kNoThrow);
    co_return co_await beast::http::async_write(session.stream, serializer, kNoThrow);
  }

  ServerOptions options_;  // not changed after the start
  const Router& router_;
  const Logger& log_;
  std::vector<std::string> addresses_;
  // The io_context destroys suspended sessions, which still touch these: they are declared before
  // it.
  std::list<Connection*> sessions_;  // I/O thread only
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
