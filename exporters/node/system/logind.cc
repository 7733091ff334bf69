#include <algorithm>
#include <array>
#include <map>

#include "exporters/node/collectors.h"
#include "exporters/node/system/system_bus.h"

namespace drover::exporters::node {
namespace {

constexpr MetricDesc kSessions{"node_logind_sessions", "Number of sessions registered in logind.",
                               MetricType::kGauge, "seat,remote,type,class"};
constexpr std::string_view kRemotes[] = {"true", "false"};
// The first one stands for all that are not here.
constexpr std::string_view kTypes[] = {"other",   "unspecified", "tty", "x11",
                                       "wayland", "mir",         "web"};
constexpr std::string_view kClasses[] = {"other", "user", "greeter", "lock-screen", "background"};

template <std::size_t N>
std::string_view KnownOrOther(std::string_view value, const std::string_view (&known)[N]) {
  const auto* found = std::find(std::begin(known), std::end(known), value);
  return found == std::end(known) ? known[0] : *found;
}

class Logind final : public Collector {
 public:
  explicit Logind(const CollectorInput& input) : bus_(SystemBus::Peer::kSystemBus, input.clock) {}

  Status Collect(MetricSink& out) override {
    std::vector<std::string> seats;
    DROVER_CHECK(bus_.Call(manager_, "ListSeats", [&](BusReply& reply) {
      seats.clear();
      reply.ForEach("(so)", [&] {
        seats.emplace_back(reply.Text());
        reply.Text();
      });
    }));
    seats.emplace_back();  // of remote sessions
    std::map<Session, double> counts;
    DROVER_CHECK(CountSessions(counts));
    for (const std::string_view remote : kRemotes) {
      for (const std::string_view type : kTypes) {
        for (const std::string_view kind : kClasses) {
          for (const std::string& seat : seats) {
            const auto found = counts.find({seat, remote, type, kind});
            out.Add(kSessions, {seat, remote, type, kind},
                    found == counts.end() ? 0 : found->second);
          }
        }
      }
    }
    return {};
  }

 private:
  struct Session {
    std::string seat;
    std::string_view remote, type, kind;
    auto operator<=>(const Session&) const = default;
  };

  // A session that ended meanwhile is passed over.
  Status CountSessions(std::map<Session, double>& counts) {
    std::vector<std::pair<std::string, std::string>> sessions;  // seat, path
    DROVER_CHECK(bus_.Call(manager_, "ListSessions", [&](BusReply& reply) {
      sessions.clear();
      reply.ForEach("(susso)", [&] {
        reply.Text();
        reply.Uint32();
        reply.Text();
        const std::string seat(reply.Text());
        sessions.emplace_back(seat, reply.Text());
      });
    }));
    for (const auto& [seat, path] : sessions) {
      const BusObject session{manager_.service, path, "org.freedesktop.login1.Session"};
      const auto remote = bus_.Property(session, "Remote");
      const auto type = remote ? bus_.Property(session, "Type") : remote;
      const auto kind = type ? bus_.Property(session, "Class") : type;
      if (!kind && !bus_.is_connected()) return Fail(kind.error());
      if (!kind) continue;
      const bool* is_remote = std::get_if<bool>(&*remote);
      const auto* type_text = std::get_if<std::string>(&*type);
      const auto* kind_text = std::get_if<std::string>(&*kind);
      if (is_remote == nullptr || type_text == nullptr || kind_text == nullptr) continue;
      ++counts[{seat, kRemotes[*is_remote ? 0 : 1], KnownOrOther(*type_text, kTypes),
                KnownOrOther(*kind_text, kClasses)}];
    }
    return {};
  }

  const BusObject manager_{"org.freedesktop.login1", "/org/freedesktop/login1",
                           "org.freedesktop.login1.Manager"};
  SystemBus bus_;
};

Result<std::unique_ptr<Collector>> Make(const CollectorInput& input) {
  return std::make_unique<Logind>(input);
}

}  // namespace

CollectorSpec LogindSpec() {
  return {"logind",
          false,
          "Login sessions by seat, type and class.",
          "D-Bus org.freedesktop.login1, by libsystemd",
          {},
          Make,
          {"node_logind_sessions"}};
}

}  // namespace drover::exporters::node
