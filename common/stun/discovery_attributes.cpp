#include "common/stun/discovery_attributes.hpp"

namespace icebreaker::stun {
namespace {

constexpr std::unexpected kMalformed{AttributeError::Malformed};
constexpr std::uint32_t kChangeIpBit = 0x04;
constexpr std::uint32_t kChangePortBit = 0x02;

}  // namespace

Decoded<ChangeRequest::Value> ChangeRequest::decode(ByteView wire, const TransactionId& /*id*/) {
  ByteReader in{wire};
  const std::uint32_t flags = in.u32();
  if (!in.finished()) return kMalformed;
  return Value{(flags & kChangeIpBit) != 0, (flags & kChangePortBit) != 0};
}

void ChangeRequest::encode(ByteWriter& out, const Value& value, const TransactionId& /*id*/) {
  out.u32((value.change_ip ? kChangeIpBit : 0) | (value.change_port ? kChangePortBit : 0));
}

// RFC 5780 §7.5: a port "followed by 2 bytes of padding", which senders count in the length or not.
Decoded<std::uint16_t> ResponsePort::decode(ByteView wire, const TransactionId& /*id*/) {
  ByteReader in{wire};
  const std::uint16_t port = in.u16();
  if (!in.rest().empty()) in.u16();
  if (!in.finished()) return kMalformed;
  return port;
}

void ResponsePort::encode(ByteWriter& out, Value port, const TransactionId& /*id*/) {
  out.u16(port);
  out.u16(0);
}

}  // namespace icebreaker::stun
