#include "exporters/node/network/genetlink.h"

#include <linux/genetlink.h>
#include <linux/netlink.h>

#include "exporters/node/network/netlink_bytes.h"

namespace drover::exporters::node {
namespace {

std::string Request(std::uint8_t command, std::uint8_t version, std::string_view attributes) {
  genlmsghdr header{};
  header.cmd = command;
  header.version = version;
  return std::string(BytesOf(header)).append(attributes);
}

}  // namespace

std::optional<GenericFamily> ParseGenericFamily(std::string_view attributes) {
  GenericFamily family;
  NetlinkAttributes walk(attributes);
  while (const auto attribute = walk.Next()) {
    if (attribute->type == CTRL_ATTR_FAMILY_ID) {
      family.id = attribute->Number<std::uint16_t>().value_or(0);
    } else if (attribute->type == CTRL_ATTR_VERSION) {
      family.version = static_cast<std::uint8_t>(attribute->Number<std::uint32_t>().value_or(0));
    }
  }
  if (family.id == 0) return std::nullopt;
  return family;
}

GenericNetlink::GenericNetlink(std::string family)
    : name_(std::move(family)), socket_(NETLINK_GENERIC) {}

Status GenericNetlink::FindFamily() {
  if (family_) return {};
  std::string attributes;
  AppendAttribute(attributes, CTRL_ATTR_FAMILY_NAME, name_ + '\0');
  DROVER_CHECK(
      socket_.Get(GENL_ID_CTRL, Request(CTRL_CMD_GETFAMILY, 1, attributes),
                  {.begin = {}, .message = [this](std::uint16_t type, std::string_view body) {
                     if (type == GENL_ID_CTRL)
                       family_ = ParseGenericFamily(AfterHeader(body, GENL_HDRLEN));
                   }}));
  if (!family_) return Fail(ErrorCode::kNotFound, "genetlink: no family " + name_);
  return {};
}

Status GenericNetlink::Dump(std::uint8_t command, std::string_view attributes,
                            const std::function<void()>& begin,
                            const std::function<void(std::string_view)>& message) {
  DROVER_CHECK(FindFamily());
  const auto status =
      socket_.Dump(family_->id, Request(command, family_->version, attributes),
                   {.begin = begin, .message = [&](std::uint16_t type, std::string_view body) {
                      if (type == family_->id) message(AfterHeader(body, GENL_HDRLEN));
                    }});
  if (!status) family_.reset();
  return status;
}

}  // namespace drover::exporters::node
