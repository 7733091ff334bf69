// The bytes of netlink (man 7 netlink; include/uapi/linux/netlink.h): the messages of a datagram
// and the attributes of a message. Pure functions of bytes, numbers in the machine's order. A
// length that does not fit its container ends the walk, so rubbish gives fewer items, never a read
// past the end. Views point into the input.
//
//   NetlinkAttributes attributes(body.substr(sizeof(ifinfomsg)));
//   while (const auto attribute = attributes.Next())
//     if (attribute->type == IFLA_IFNAME) name = attribute->Text();
#pragma once

#include <cstdint>
#include <cstring>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace drover::exporters::node {

// The first bytes of `bytes` as a T; nullopt when there are too few.
template <typename T>
std::optional<T> LoadNative(std::string_view bytes) {
  T value;
  if (bytes.size() < sizeof value) return std::nullopt;
  std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

struct NetlinkMessage {
  std::uint16_t type = 0;
  std::uint16_t flags = 0;
  std::uint32_t sequence = 0;
  std::string_view body;  // after struct nlmsghdr
};

// The messages of one datagram.
class NetlinkMessages {
 public:
  explicit NetlinkMessages(std::string_view datagram) : rest_(datagram) {}
  std::optional<NetlinkMessage> Next();

 private:
  std::string_view rest_;
};

// One question's answer, datagram by datagram. Of each only the messages with the question's
// sequence number count: what is left of an earlier answer is passed over.
class NetlinkAnswer {
 public:
  explicit NetlinkAnswer(std::uint32_t sequence) : sequence_(sequence) {}

  // Calls `message(type, body)` for each object. True when the answer ended in this datagram. The
  // kernel's error as FailErrno has it.
  Result<bool> Take(std::string_view datagram,
                    const std::function<void(std::uint16_t, std::string_view)>& message);

  // The table changed while it was dumped: objects may be missing or there twice.
  bool is_interrupted() const { return is_interrupted_; }

 private:
  const std::uint32_t sequence_;
  bool is_interrupted_ = false;
};

struct NetlinkAttribute {
  std::uint16_t type = 0;  // without the "nested" and "byte order" bits
  std::string_view payload;

  std::string_view Text() const { return payload.substr(0, payload.find('\0')); }
  template <typename T>
  std::optional<T> Number() const {
    return LoadNative<T>(payload);
  }
};

// Attributes in a row: what follows a message's fixed part, or a nested attribute's payload.
class NetlinkAttributes {
 public:
  explicit NetlinkAttributes(std::string_view bytes) : rest_(bytes) {}
  std::optional<NetlinkAttribute> Next();

 private:
  std::string_view rest_;
};

// `bytes` without a fixed part of `size` bytes and its padding; empty when shorter.
std::string_view AfterHeader(std::string_view bytes, std::size_t size);

// Appends an attribute with its padding.
void AppendAttribute(std::string& out, std::uint16_t type, std::string_view payload);

template <typename T>
std::string_view BytesOf(const T& value) {
  return {reinterpret_cast<const char*>(&value), sizeof value};
}

}  // namespace drover::exporters::node
