#include "exporters/node/network/netlink_bytes.h"

#include <linux/netlink.h>

#include <algorithm>

namespace drover::exporters::node {
namespace {

std::size_t Aligned(std::size_t length) { return (length + 3) & ~std::size_t{3}; }

}  // namespace

std::optional<NetlinkMessage> NetlinkMessages::Next() {
  const auto header = LoadNative<nlmsghdr>(rest_);
  if (!header || header->nlmsg_len < sizeof *header || header->nlmsg_len > rest_.size())
    return std::nullopt;
  const NetlinkMessage message{header->nlmsg_type, header->nlmsg_flags, header->nlmsg_seq,
                               rest_.substr(sizeof *header, header->nlmsg_len - sizeof *header)};
  rest_.remove_prefix(std::min(rest_.size(), Aligned(header->nlmsg_len)));
  return message;
}

Result<bool> NetlinkAnswer::Take(
    std::string_view datagram,
    const std::function<void(std::uint16_t, std::string_view)>& message) {
  NetlinkMessages messages(datagram);
  while (const auto one = messages.Next()) {
    if (one->sequence != sequence_) continue;
    is_interrupted_ = is_interrupted_ || (one->flags & NLM_F_DUMP_INTR) != 0;
    if (one->type == NLMSG_ERROR || one->type == NLMSG_DONE) {
      // DONE carries the errno of a dump that broke off; old kernels send it empty.
      const int error = LoadNative<int>(one->body).value_or(0);
      if (error < 0) return FailErrno(-error, "netlink answer");
      return true;
    }
    if (one->type >= NLMSG_MIN_TYPE) message(one->type, one->body);
  }
  return false;
}

std::optional<NetlinkAttribute> NetlinkAttributes::Next() {
  const auto header = LoadNative<nlattr>(rest_);
  if (!header || header->nla_len < sizeof *header || header->nla_len > rest_.size())
    return std::nullopt;
  const NetlinkAttribute attribute{static_cast<std::uint16_t>(header->nla_type & NLA_TYPE_MASK),
                                   rest_.substr(sizeof *header, header->nla_len - sizeof *header)};
  rest_.remove_prefix(std::min(rest_.size(), Aligned(header->nla_len)));
  return attribute;
}

std::string_view AfterHeader(std::string_view bytes, std::size_t size) {
  return bytes.substr(std::min(bytes.size(), Aligned(size)));
}

void AppendAttribute(std::string& out, std::uint16_t type, std::string_view payload) {
  nlattr header{};
  header.nla_len = static_cast<std::uint16_t>(sizeof header + payload.size());
  header.nla_type = type;
  out += BytesOf(header);
  out += payload;
  out.resize(Aligned(out.size()), '\0');
}

}  // namespace drover::exporters::node
