#include "exporters/node/network/inet_diag.h"

#include <linux/inet_diag.h>
#include <netinet/in.h>

#include "exporters/node/network/netlink_bytes.h"

namespace drover::exporters::node {

std::optional<InetSocket> ParseInetSocket(std::string_view body) {
  const auto message = LoadNative<inet_diag_msg>(body);
  if (!message) return std::nullopt;
  return InetSocket{message->idiag_state, message->idiag_rqueue, message->idiag_wqueue};
}

std::string TcpSocketsRequest(std::uint8_t family) {
  constexpr std::uint32_t kStates1To11 = 0xFFF;
  inet_diag_req_v2 request{};
  request.sdiag_family = family;
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = kStates1To11;
  return std::string(BytesOf(request));
}

}  // namespace drover::exporters::node
