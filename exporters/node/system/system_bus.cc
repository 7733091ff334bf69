#include "exporters/node/system/system_bus.h"

#include <errno.h>

#include <optional>

#include "exporters/node/system/sd_bus_library.h"

namespace drover::exporters::node {
namespace {

std::uint64_t Microseconds(MonoTime::duration wait) {
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(wait).count();
  return us < 1 ? 1 : static_cast<std::uint64_t>(us);
}

class Reply final : public BusReply {
 public:
  Reply(const SdBusLibrary& library, sd_bus_message* message)
      : library_(library), message_(message) {}

  std::string_view Text() override {
    const char* text = nullptr;
    char type = 0;
    const char* contents = nullptr;
    if (!ok_ || library_.peek_type(message_, &type, &contents) <= 0 ||
        (type != SD_BUS_TYPE_STRING && type != SD_BUS_TYPE_OBJECT_PATH &&
         type != SD_BUS_TYPE_SIGNATURE) ||
        library_.read_basic(message_, type, &text) <= 0)
      return ok_ = false, std::string_view();
    return text;
  }
  std::uint32_t Uint32() override {
    std::uint32_t value = 0;
    if (ok_ && library_.read_basic(message_, SD_BUS_TYPE_UINT32, &value) <= 0) ok_ = false;
    return value;
  }
  void ForEach(const char* types, const std::function<void()>& each) override {
    const std::string fields = std::string(types).substr(1, std::string(types).size() - 2);
    if (!ok_ || library_.enter_container(message_, SD_BUS_TYPE_ARRAY, types) <= 0) {
      ok_ = false;
      return;
    }
    for (;;) {
      const int entered = library_.enter_container(message_, SD_BUS_TYPE_STRUCT, fields.c_str());
      if (entered == 0) break;
      if (entered < 0) ok_ = false;
      if (ok_) each();
      if (ok_ && library_.exit_container(message_) < 0) ok_ = false;
      if (!ok_) return;
    }
    if (library_.exit_container(message_) < 0) ok_ = false;
  }
  bool ok() const override { return ok_; }

  BusValue Variant() {
    char type = 0;
    const char* contents = nullptr;
    if (library_.peek_type(message_, &type, &contents) <= 0 || type != SD_BUS_TYPE_VARIANT ||
        contents == nullptr)
      return ok_ = false, BusValue();
    const std::string inner = contents;
    if (library_.enter_container(message_, SD_BUS_TYPE_VARIANT, inner.c_str()) <= 0)
      return ok_ = false, BusValue();
    if (inner == "s" || inner == "o") return std::string(Text());
    if (inner == "u") return Uint32();
    if (inner == "t") {
      std::uint64_t value = 0;
      if (library_.read_basic(message_, SD_BUS_TYPE_UINT64, &value) <= 0) ok_ = false;
      return value;
    }
    if (inner == "b") {
      int value = 0;
      if (library_.read_basic(message_, SD_BUS_TYPE_BOOLEAN, &value) <= 0) ok_ = false;
      return value != 0;
    }
    return BusValue();
  }

 private:
  const SdBusLibrary& library_;
  sd_bus_message* const message_;
  bool ok_ = true;
};

ErrorCode CodeOf(std::string_view error_name) {
  constexpr std::string_view kPrefix = "org.freedesktop.DBus.Error.";
  if (!error_name.starts_with(kPrefix)) return ErrorCode::kNotFound;  // the service's own refusal
  error_name.remove_prefix(kPrefix.size());
  if (error_name == "AccessDenied" || error_name == "AuthFailed" ||
      error_name == "InteractiveAuthorizationRequired")
    return ErrorCode::kDenied;
  if (error_name == "NoReply" || error_name == "Timeout" || error_name == "TimedOut" ||
      error_name == "Disconnected" || error_name == "LimitsExceeded" || error_name == "NoMemory")
    return ErrorCode::kUnavailable;
  return ErrorCode::kNotFound;  // ServiceUnknown, UnknownMethod, UnknownProperty …
}

}  // namespace

struct SystemBus::Impl {
  Impl(Peer wanted, const Clock& given, Millis timeout)
      : peer(wanted), clock(given), call_timeout(timeout) {}
  ~Impl() { Close(); }

  void Close() {
    if (bus != nullptr) library->close_unref(bus);
    bus = nullptr;
  }

  // Until greeted by the peer: left to itself the library waits for that up to 90 s.
  Status Open() {
    if (!library) {
      DROVER_TRY(library, SdBusLibrary::Load());
    }
    const MonoTime deadline = clock.Mono() + call_timeout;
    int error = peer == Peer::kSystemBus ? library->open_system(&bus) : OpenPrivate();
    while (error >= 0) {
      error = library->is_ready(bus);
      if (error > 0) return {};
      if (error == 0) error = library->process(bus, nullptr);
      if (error != 0) continue;
      const auto left = deadline - clock.Mono();
      if (left <= MonoTime::duration::zero()) error = -ETIMEDOUT;
      if (error == 0) error = library->wait(bus, Microseconds(left));
    }
    Close();
    return FailErrno(error == -ECONNREFUSED ? ENOENT : -error, "D-Bus");
  }

  int OpenPrivate() {
    int error = library->new_bus(&bus);
    if (error >= 0) error = library->set_address(bus, "unix:path=/run/systemd/private");
    return error >= 0 ? library->start(bus) : error;
  }

  // `fill` adds the arguments. A connection that broke since the last call is opened once more.
  Status Ask(const BusObject& object, const char* interface, const char* method,
             const std::function<int(sd_bus_message*)>& fill,
             const std::function<void(Reply&)>& read) {
    const bool was_open = bus != nullptr;
    if (!was_open) DROVER_CHECK(Open());
    auto answer = AskOnce(object, interface, method, fill, read);
    if (answer || bus != nullptr || !was_open || timed_out) return answer;
    DROVER_CHECK(Open());
    return AskOnce(object, interface, method, fill, read);
  }

  Status AskOnce(const BusObject& object, const char* interface, const char* method,
                 const std::function<int(sd_bus_message*)>& fill,
                 const std::function<void(Reply&)>& read) {
    timed_out = false;
    sd_bus_message *question = nullptr, *answer = nullptr;
    sd_bus_error refusal{};
    int error = library->new_method_call(bus, &question, object.service.c_str(),
                                         object.path.c_str(), interface, method);
    if (error >= 0 && fill) error = fill(question);
    if (error >= 0)
      error = library->call(bus, question, Microseconds(call_timeout), &refusal, &answer);
    library->unref(question);
    const std::string what = std::string("D-Bus ") + method;
    Status status;
    if (error < 0) {
      // A timeout has a name here too, but the answer may still come: start afresh.
      timed_out = error == -ETIMEDOUT;
      const bool is_refusal = refusal.name != nullptr && !timed_out && error != -ENOTCONN &&
                              error != -ECONNRESET && error != -EPIPE;
      status = is_refusal
                   ? Fail(CodeOf(refusal.name),
                          what + ": " + (refusal.message != nullptr ? refusal.message : "refused"))
                   : FailErrno(-error, what);
      if (!is_refusal) Close();
    } else {
      Reply reply(*library, answer);
      read(reply);
      if (!reply.ok()) status = Fail(ErrorCode::kInvalid, what + ": an answer of another type");
    }
    library->error_free(&refusal);
    library->unref(answer);
    return status;
  }

  const Peer peer;
  const Clock& clock;
  const Millis call_timeout;
  std::optional<SdBusLibrary> library;
  sd_bus* bus = nullptr;
  bool timed_out = false;
};

SystemBus::SystemBus(Peer peer, const Clock& clock, Millis call_timeout)
    : impl_(std::make_unique<Impl>(peer, clock, call_timeout)) {}

SystemBus::~SystemBus() = default;

bool SystemBus::is_connected() const { return impl_->bus != nullptr; }

Status SystemBus::Call(const BusObject& object, const char* method,
                       const std::function<void(BusReply&)>& read) {
  return impl_->Ask(object, object.interface.c_str(), method, {},
                    [&](Reply& reply) { read(reply); });
}

Result<BusValue> SystemBus::Property(const BusObject& object, const char* name) {
  BusValue value;
  DROVER_CHECK(impl_->Ask(
      object, "org.freedesktop.DBus.Properties", "Get",
      [&](sd_bus_message* question) {
        const int error =
            impl_->library->append_basic(question, SD_BUS_TYPE_STRING, object.interface.c_str());
        return error < 0 ? error : impl_->library->append_basic(question, SD_BUS_TYPE_STRING, name);
      },
      [&](Reply& reply) { value = reply.Variant(); }));
  return value;
}

}  // namespace drover::exporters::node
