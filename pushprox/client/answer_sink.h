// Where the answer of a scrape goes: pushed to the proxy over HTTP, or on a tunnel's stream.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace drover::pushprox {

struct BodyLength {
  std::optional<std::uint64_t> comes;  // bytes that will be written, where that is known
  std::optional<std::uint64_t> said;   // Content-Length: of HEAD and 304 another, of 204 none
};

// Called from the loop, never from inside a call on the sink.
class AnswerSinkHandler {
 public:
  virtual ~AnswerSinkHandler() = default;
  virtual void OnSinkDrained() = 0;
  // Over, before or after End. The last call. kCancelled: nobody waits for the answer any more.
  virtual void OnSinkDone(const Status& status) = 0;
};

// One thread: the loop's. Destroyed by Bury, like what owns it.
class AnswerSink {
 public:
  virtual ~AnswerSink() = default;
  virtual void set_handler(AnswerSinkHandler& handler) = 0;

  // Once. `head` is the status line and fields, without those of framing. `left` of the scrape's
  // time.
  virtual Status Begin(std::string_view head, const BodyLength& length, Millis left) = 0;
  virtual void Write(std::string_view piece) = 0;
  // More than enough waits: OnSinkDrained says when to go on.
  virtual bool full() const = 0;
  // True: handed on, nothing is called any more. False: OnSinkDone comes.
  virtual bool End() = 0;
  virtual void Cancel(std::string_view why) = 0;  // the body broke off; nothing is called any more
};

}  // namespace drover::pushprox
