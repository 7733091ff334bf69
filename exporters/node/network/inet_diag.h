// One socket as sock_diag describes it (man 7 sock_diag: struct inet_diag_msg).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace drover::exporters::node {

struct InetSocket {
  std::uint8_t state = 0;  // TCP_ESTABLISHED … of include/net/tcp_states.h
  std::uint32_t receive_queue_bytes = 0;
  std::uint32_t send_queue_bytes = 0;
};

// nullopt when `body` is too short.
std::optional<InetSocket> ParseInetSocket(std::string_view body);

// A request for all sockets of IPPROTO_TCP and a family (AF_INET, AF_INET6).
std::string TcpSocketsRequest(std::uint8_t family);

}  // namespace drover::exporters::node
