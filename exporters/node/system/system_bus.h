// Questions over D-Bus (https://dbus.freedesktop.org/doc/dbus-specification.html) by sd-bus of
// libsystemd (man 3 sd-bus), which is loaded when the first question is asked: a program that asks
// none does not carry it, and a host without it has no D-Bus for us.
//
//   SystemBus bus(SystemBus::Peer::kSystemBus, clock);
//   DROVER_CHECK(bus.Call({kService, kPath, kManager}, "ListUnits", [&](BusReply& reply) {
//     return reply.ForEach("(so)", [&] { … reply.Text() … }); }));
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace drover::exporters::node {

// A walk over an answer's values, in order. A value of another type than asked for makes it not ok,
// and everything after it empty. Texts live as long as the answer.
class BusReply {
 public:
  virtual ~BusReply() = default;
  virtual std::string_view Text() = 0;  // s, o, g
  virtual std::uint32_t Uint32() = 0;
  // Every element of an array of structs; `types` are one struct's, as in "(so)".
  virtual void ForEach(const char* types, const std::function<void()>& each) = 0;
  virtual bool ok() const = 0;
};

using BusValue = std::variant<std::monostate, bool, std::uint32_t, std::uint64_t, std::string>;

struct BusObject {
  std::string service, path, interface;
};

// One connection, opened by the first call, kept, and opened again when it broke. Nothing waits
// longer than `call_timeout`, connecting included. One thread at a time.
//
// Errors: kUnsupported without libsystemd; kNotFound when nobody listens on the bus's socket, has
// the service's name or knows the object, method or property; kDenied; kUnavailable for silence and
// broken connections.
class SystemBus {
 public:
  enum class Peer {
    kSystemBus,       // $DBUS_SYSTEM_BUS_ADDRESS, else /run/dbus/system_bus_socket
    kSystemdPrivate,  // /run/systemd/private: systemd itself, for root only
  };
  // `clock` outlives this.
  SystemBus(Peer peer, const Clock& clock, Millis call_timeout = Millis(1000));
  ~SystemBus();

  Status Call(const BusObject& object, const char* method,
              const std::function<void(BusReply&)>& read);
  // A property that is a boolean, a number without sign or a text; monostate for other types.
  Result<BusValue> Property(const BusObject& object, const char* name);

  // After an error: false says that it was the connection's, true that the peer refused this call
  // and may answer the next.
  bool is_connected() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace drover::exporters::node
