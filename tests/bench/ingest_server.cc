// A receiver that only ingests, for load generators over HTTP and for kill -9 in the middle.
//
//   bench_ingest_server 127.0.0.1:19090 FOLDER [never|interval|always]
//
// GET /stats answers the head's figures; SIGTERM ends it.
#include <signal.h>

#include <cstdio>
#include <cstring>

#include <fmt/format.h>

#include "core/base/log.h"
#include "core/http/server.h"
#include "core/os/file_system.h"
#include "receiver/ingest/write_route.h"
#include "receiver/storage/head/head.h"

using namespace drover;

int main(int argc, char** argv) {
  if (argc < 3) return std::fprintf(stderr, "usage: %s ADDRESS FOLDER [FSYNC]\n", argv[0]), 2;
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  sigprocmask(SIG_BLOCK, &signals, nullptr);

  const auto clock = MakeSystemClock();
  const auto sink = MakeFdLogSink(2);
  const Logger log(*sink, *clock);
  Registry registry;
  const auto fs = MakeFileSystem(argv[2]);
  storage::HeadOptions options;
  const std::string_view fsync = argc > 3 ? argv[3] : "interval";
  options.fsync = fsync == "never"    ? storage::FsyncPolicy::kNever
                  : fsync == "always" ? storage::FsyncPolicy::kAlways
                                      : storage::FsyncPolicy::kInterval;
  const MonoTime start = clock->Mono();
  auto head = storage::Head::Open(*fs, "head_log", *clock, log, registry, options);
  if (!head) return std::fprintf(stderr, "%s\n", head.error().message().c_str()), 1;
  log.Info("replayed", {{"seconds", std::chrono::duration<double>(clock->Mono() - start).count()},
                        {"samples", (*head)->stats().samples},
                        {"series", (*head)->stats().series}});
  ingest::WriteHandler handler(**head, *clock, registry, {});
  http::Router router;
  ingest::AddWriteRoute(router, handler);
  router.Add("GET", "/stats", [&](const http::Request&) {
    const auto s = (*head)->stats();
    return http::Response::Text(
        200, fmt::format("series {} samples {} chunks {} chunk_bytes {} log_bytes {}\n", s.series,
                         s.samples, s.chunks, s.chunk_bytes, s.log_bytes));
  });
  http::ServerOptions server_options;
  server_options.listen = {argv[1]};
  auto server = http::StartServer(std::move(server_options), router, log);
  if (!server) return std::fprintf(stderr, "%s\n", server.error().message().c_str()), 1;
  log.Info("listening", {{"address", (*server)->addresses().front()}});
  int signal = 0;
  sigwait(&signals, &signal);
  (*server)->Stop(Millis(1000));
  return 0;
}
