// What PushProx's messages hold (https://github.com/prometheus-community/PushProx): names, the
// request that a poll is answered with, the response that a push carries. docs/pushprox.md has the
// steps.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/url.h"
#include "pushprox/protocol/head.h"

namespace drover::pushprox {

inline constexpr std::string_view kIdHeader = "Id";
inline constexpr std::string_view kTimeoutHeader = "X-Prometheus-Scrape-Timeout-Seconds";
inline constexpr std::string_view kLeftHeader = "X-Prometheus-Scrape-Timeout";  // of a push
// Ours: why the client itself could not answer, one of the words below. Stock proxies pass it on.
inline constexpr std::string_view kFailureHeader = "Drover-Failure";
inline constexpr std::string_view kNotAllowed = "not-allowed";
inline constexpr std::string_view kTimedOut = "timeout";
inline constexpr std::string_view kFailed = "failed";

// 1 to 253 letters, digits and . - _ : (an IPv6 address stands without brackets).
bool IsName(std::string_view name);

// A positive number of seconds. Nothing for what is absent, malformed or longer than a day.
std::optional<Millis> ParseTimeout(std::string_view seconds);
std::string FormatTimeout(Millis timeout);  // "9.871", "10"

// 36 characters of a random UUID (version 4). kUnavailable when the system has no randomness.
Result<std::string> NewId();

// The request in proxy form, as a poll is answered: absolute URI, Host first, hop-by-hop fields
// gone, Id and timeout set whatever the scraper sent. `head` is the scraper's request for `url`.
std::string HandOver(const Head& head, const http::Url& url, std::string_view id, Millis timeout);

// The request for a connection to a port, as a tunnel hands it over: "CONNECT name:port", with Id
// and the time that connecting may take.
std::string ConnectRequest(std::string_view name, int port, std::string_view id, Millis timeout);

// A request's target as logs may have it: without its query and without the user and password of a
// URL, where secrets stand at times.
std::string ShownTarget(std::string_view target);

// The inverse of "_scheme=https": true when `query` holds it; it is taken out.
bool TakeSchemeHttps(std::string& query);

}  // namespace drover::pushprox
