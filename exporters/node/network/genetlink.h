// Generic netlink (https://www.kernel.org/doc/html/latest/userspace-api/netlink/intro.html): kernel
// subsystems by name, each with its own commands and attributes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "exporters/node/network/netlink.h"

namespace drover::exporters::node {

struct GenericFamily {
  std::uint16_t id = 0;
  std::uint8_t version = 0;
};

// A controller's answer (CTRL_CMD_NEWFAMILY) after its struct genlmsghdr; nullopt without an id.
std::optional<GenericFamily> ParseGenericFamily(std::string_view attributes);

// One thread at a time. The family is looked up by the first question and again after an error.
class GenericNetlink {
 public:
  explicit GenericNetlink(std::string family);

  // Every object of a kind; `message` gets what follows struct genlmsghdr. kNotFound: the kernel
  // has no such family (no driver of that kind is loaded).
  Status Dump(std::uint8_t command, std::string_view attributes, const std::function<void()>& begin,
              const std::function<void(std::string_view attributes)>& message);

 private:
  Status FindFamily();

  const std::string name_;
  NetlinkSocket socket_;
  std::optional<GenericFamily> family_;
};

}  // namespace drover::exporters::node
