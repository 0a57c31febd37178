// The address layouts that MAPPED-ADDRESS and XOR-MAPPED-ADDRESS share with nine other attributes
// (RFC 8489 §14.1, §14.2).
#pragma once

#include <optional>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/stun/message.hpp"

namespace icebreaker::stun {

// Nothing when the family is unknown or the length is not the family's.
std::optional<SocketAddress> decode_address(ByteView wire);
void encode_address(ByteWriter& out, const SocketAddress& address);

// XORs port and address with the magic cookie and, for IPv6, the transaction id; its own inverse.
SocketAddress xored(const SocketAddress& address, const TransactionId& id);

}  // namespace icebreaker::stun
