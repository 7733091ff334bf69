#include "core/http/server.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <deque>
#include <functional>
#include <list>
#include <thread>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
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
#include "core/http/url.h"

namespace drover::http {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
using Tcp = asio::ip::tcp;
using asio::awaitable;
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);

std::string AddressText(const Tcp::endpoint& endpoint) {
  const std::string host = endpoint.address().to_string();
  const std::string port = std::to_string(endpoint.port());
  return endpoint.address().is_v6() ? "[" + host + "]:" + port : host + ":" + port;
}

// Threads that run one job after another. Stop finishes the jobs that run and forgets the others.
class Workers {
 public:
  explicit Workers(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i)
      threads_.emplace_back([this](std::stop_token stop) { Run(stop); });
  }
  ~Workers() { Stop(); }

  void Post(std::function<void()> job) {
    Lock lock(mutex_);
    jobs_.push_back(std::move(job));
    changed_.NotifyOne();
  }
  void Stop() {
    for (std::jthread& thread : threads_) thread.request_stop();
    threads_.clear();
  }

 private:
  void Run(std::stop_token stop) {
    for (;;) {
      std::function<void()> job;
      {
        Lock lock(mutex_);
        changed_.Wait(mutex_, stop, [this]() NO_THREAD_SAFETY_ANALYSIS { return !jobs_.empty(); });
        if (stop.stop_requested()) return;
        job = std::move(jobs_.front());
        jobs_.pop_front();
      }
      job();
    }
  }

  Mutex mutex_;
  CondVar changed_;
  std::deque<std::function<void()>> jobs_ GUARDED_BY(mutex_);
  std::vector<std::jthread> threads_;
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

  Status Listen() {
    for (const std::string& text : options_.listen) DROVER_CHECK(ListenOn(text));
    for (Tcp::acceptor& acceptor : acceptors_)
      asio::co_spawn(io_, Accept(acceptor), asio::detached);
    thread_ = std::jthread([this] { io_.run(); });
    return {};
  }

  std::vector<std::string> addresses() const override { return addresses_; }

  void Stop(Millis grace) override {
    if (stopped_.exchange(true)) return;
    asio::post(io_, [this] {
      for (Tcp::acceptor& acceptor : acceptors_) {
        beast::error_code ignored;
        acceptor.close(ignored);
      }
      for (Connection* connection : sessions_) {
        if (!connection->busy) connection->tcp().cancel();
      }
    });
    const auto deadline = std::chrono::steady_clock::now() + grace;
    while (busy_.load() > 0 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
    io_.stop();
    if (thread_.joinable()) thread_.join();
    // Where nothing was under way, the thread may have ended before it closed them.
    for (Tcp::acceptor& acceptor : acceptors_) {
      beast::error_code ignored;
      acceptor.close(ignored);
    }
    workers_.Stop();
    slow_workers_.Stop();
  }

 private:
  struct Connection {
    virtual ~Connection() = default;
    virtual beast::tcp_stream& tcp() = 0;  // has the time limits
    bool busy = false;
  };
  // `Stream` is a tcp_stream, or an ssl_stream on one: a plain connection pays nothing for TLS.
  template <typename Stream>
  struct Session final : Connection {
    template <typename... Arguments>
    explicit Session(Arguments&&... arguments) : stream(std::forward<Arguments>(arguments)...) {}
    beast::tcp_stream& tcp() override { return beast::get_lowest_layer(stream); }
    Stream stream;
  };
  using PlainSession = Session<beast::tcp_stream>;
  using TlsSession = Session<beast::ssl_stream<beast::tcp_stream>>;
  static constexpr Millis kGoodbye{1000};  // for the peer's end of TLS

  Status ListenOn(const std::string& text) {
    DROVER_TRY(const HostPort address, ParseHostPort(text));
    beast::error_code error;
    std::vector<Tcp::endpoint> endpoints;
    if (address.host.empty()) {
      endpoints = {Tcp::endpoint(Tcp::v6(), static_cast<unsigned short>(address.port)),
                   Tcp::endpoint(Tcp::v4(), static_cast<unsigned short>(address.port))};
    } else {
      Tcp::resolver resolver(io_);
      const auto found = resolver.resolve(address.host, std::to_string(address.port),
                                          Tcp::resolver::passive, error);
      if (error || found.empty())
        return Fail(ErrorCode::kUnavailable, "listen on " + text + ": " + error.message());
      endpoints = {found.begin()->endpoint()};
    }
    for (const Tcp::endpoint& endpoint : endpoints) {
      Tcp::acceptor acceptor(io_);
      acceptor.open(endpoint.protocol(), error);
      if (!error) acceptor.set_option(asio::socket_base::reuse_address(true), error);
      if (!error && endpoint.address().is_v6())
        acceptor.set_option(asio::ip::v6_only(!address.host.empty()), error);
      if (!error) acceptor.bind(endpoint, error);
      if (!error) acceptor.listen(4096, error);
      if (error) {
        // A machine without IPv6 serves "all addresses" by IPv4.
        if (error == asio::error::address_family_not_supported || error.value() == EADDRNOTAVAIL)
          continue;
        break;
      }
      addresses_.push_back(address.host.empty()
                               ? ":" + std::to_string(acceptor.local_endpoint().port())
                               : AddressText(acceptor.local_endpoint()));
      acceptors_.push_back(std::move(acceptor));
      return {};
    }
    const ErrorCode code =
        error == asio::error::access_denied ? ErrorCode::kDenied : ErrorCode::kUnavailable;
    return Fail(code, "listen on " + text + ": " + error.message());
  }

  awaitable<void> Accept(Tcp::acceptor& acceptor) {
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
      beast::error_code ignored;
      socket.set_option(Tcp::no_delay(true), ignored);
      const Tcp::endpoint peer = socket.remote_endpoint(error);
      if (error) continue;
      if (options_.tls != nullptr) {
        asio::co_spawn(io_, ServeTls(std::move(socket), AddressText(peer)), asio::detached);
      } else {
        asio::co_spawn(io_, ServePlain(std::move(socket), AddressText(peer)), asio::detached);
      }
    }
  }

  awaitable<void> ServePlain(Tcp::socket socket, std::string remote) {
    PlainSession session(std::move(socket));
    const auto position = sessions_.insert(sessions_.end(), &session);
    co_await Serve(session, remote);
    beast::error_code ignored;
    session.stream.socket().shutdown(Tcp::socket::shutdown_both, ignored);
    sessions_.erase(position);
  }

  awaitable<void> ServeTls(Tcp::socket socket, std::string remote) {
    asio::ssl::context context = TlsContext();
    TlsSession session(std::move(socket), context);
    const auto position = sessions_.insert(sessions_.end(), &session);
    session.tcp().expires_after(options_.handshake_timeout);
    const auto [refused] =
        co_await session.stream.async_handshake(asio::ssl::stream_base::server, kNoThrow);
    if (refused) {
      log_.Debug("TLS handshake failed", {{"peer", remote}, {"err", refused.message()}});
      if (refused.category() == asio::error::get_ssl_category() &&
          ERR_GET_REASON(static_cast<unsigned long>(refused.value())) == SSL_R_HTTP_REQUEST)
        co_await AnswerPlain(session.tcp());
    } else {
      co_await Serve(session, remote);
      session.tcp().expires_after(kGoodbye);
      co_await session.stream.async_shutdown(kNoThrow);
    }
    beast::error_code ignored;
    session.tcp().socket().shutdown(Tcp::socket::shutdown_both, ignored);
    sessions_.erase(position);
  }

  // The wrapper frees one reference, connections hold their own.
  asio::ssl::context TlsContext() const {
    const auto current = options_.tls->Context();
    SSL_CTX_up_ref(current.get());
    return asio::ssl::context(current.get());
  }

  static awaitable<void> AnswerPlain(beast::tcp_stream& stream) {
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
      session.tcp().expires_after(options_.idle_timeout);
      const auto [error, n] =
          co_await session.stream.async_read_some(buffer.prepare(4096), kNoThrow);
      if (error) co_return false;
      buffer.commit(n);
    }
    session.busy = true;
    ++busy_;
    const Busy guard{*this, session};
    session.tcp().expires_after(options_.header_timeout);
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
    const std::uint64_t limit = router_.MaxBodyBytes(request.path);
    if (parser.content_length() && *parser.content_length() > limit) {
      Response refusal = TooLarge(limit);
      co_await Write(session, refusal, version, false, head);
      co_return false;
    }
    parser.body_limit(limit);
    if (!parser.is_done()) {
      session.tcp().expires_after(options_.body_timeout);
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
    session.tcp().expires_never();
    // Not as ?: with co_await inside: g++ 12 miscompiles that.
    Response response;
    if (options_.workers == 0) {
      response = Handle(request);
    } else {
      response = co_await OnPool(request);
    }
    session.tcp().expires_after(options_.body_timeout);
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
      log_.Error("request handler failed", {{"path", request.path}, {"err", error.what()}});
      return Response::Text(500, "internal error\n");
    }
  }

  awaitable<Response> OnPool(const Request& request) {
    // Only the I/O thread touches the timer, and this coroutine waits before that thread runs
    // anything else.
    const auto done =
        std::make_shared<asio::steady_timer>(io_, asio::steady_timer::time_point::max());
    const auto response = std::make_shared<Response>();
    const bool slow = options_.slow_workers > 0 && router_.IsSlow(request.path, request.method);
    (slow ? slow_workers_ : workers_).Post([this, &request, done, response] {
      *response = Handle(request);
      asio::post(io_, [done] { done->cancel(); });
    });
    co_await done->async_wait(kNoThrow);
    co_return std::move(*response);
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

  const ServerOptions options_;
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
  std::vector<Tcp::acceptor> acceptors_;
  std::jthread thread_;
};

}  // namespace

Result<std::unique_ptr<Server>> StartServer(const ServerOptions& options, const Router& router,
                                            const Logger& log) {
  try {
    auto server = std::make_unique<BeastServer>(options, router, log);
    DROVER_CHECK(server->Listen());
    return server;
  } catch (const std::exception& error) {
    return Fail(ErrorCode::kUnavailable, std::string("start of the HTTP server: ") + error.what());
  }
}

}  // namespace drover::http
