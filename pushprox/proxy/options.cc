#include "pushprox/proxy/options.h"

namespace drover::pushprox {

void AddFlags(Flags& flags, ProxyOptions& o) {
  flags.Add("web.listen-address", o.listen, "Address to listen on for proxy and client requests.");
  flags.Add("web.config.file", o.web_config_file,
            "TLS of this server, as exporter-toolkit has it (docs/web-config.md).");
  flags.Add("access.config.file", o.access_file,
            "Who may register as which name, scrape and look (docs/pushprox.md).");
  flags.Add("insecure", o.insecure,
            "Without --access.config.file: anybody may register as any name and scrape through any "
            "client.");
  flags.Add("registration.timeout", o.registration_timeout,
            "After how long a registration expires.");
  flags.Add("scrape.max-timeout", o.max_timeout,
            "Any scrape with a timeout higher than this will have to be clamped to this.");
  flags.Add("scrape.default-timeout", o.default_timeout,
            "If a scrape lacks a timeout, use this value.");
  flags.Add("scrape.max-bytes", o.max_scrape_bytes, "Longest page that is passed on; 0 is any.");
  flags.Add("compat.status-codes", o.compat_codes,
            "Answer every failed scrape with 500, as PushProx does, instead of 403, 404, 502, 503 "
            "or 504.");
  flags.Add(
      "poll.hold", o.poll_hold,
      "How long a poll is held before the client has to renew it; 0 is until a scrape comes.");
  flags.Add("poll.away-wait", o.away_wait,
            "How long a scrape waits for a client that polled within the last 30 s.");
  flags.Add("limit.names", o.max_names, "Names that may be registered.");
  flags.Add("limit.connections", o.max_connections, "Connections that may be open.");
  flags.Add("limit.scrapes", o.max_waiting, "Scrapes that may be under way.");
  flags.Add("limit.scrapes-per-name", o.max_waiting_per_name,
            "Scrapes that may wait for one client, or be under way in its tunnel.");
  flags.Add("limit.relays", o.max_relays, "Connections that may be relayed for CONNECT.");
  flags.Add("connect.idle-timeout", o.relay_idle,
            "A connection of CONNECT through which nothing goes for this long is closed.");
}

Status Validate(const ProxyOptions& o) {
  const auto bad = [](std::string why) { return Fail(ErrorCode::kInvalid, std::move(why)); };
  if (o.access_file.empty() && !o.insecure)
    return bad(
        "it is not said who may register and scrape: give --access.config.file=FILE, or --insecure "
        "to let everybody who reaches the port do both, as PushProx does");
  if (!o.access_file.empty() && o.insecure)
    return bad("--insecure contradicts --access.config.file: leave one out");
  if (o.max_names < 1 || o.max_connections < 1 || o.max_waiting < 1 || o.max_waiting_per_name < 1 ||
      o.max_relays < 1)
    return bad("a --limit must be at least 1");
  if (o.relay_idle <= Millis(0)) return bad("--connect.idle-timeout must be above 0");
  if (o.max_timeout <= Millis(0) || o.default_timeout <= Millis(0))
    return bad("--scrape.max-timeout and --scrape.default-timeout must be above 0");
  return {};
}

}  // namespace drover::pushprox
