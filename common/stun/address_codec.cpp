#include "common/stun/address_codec.hpp"

#include <array>
#include <cstdint>

namespace icebreaker::stun {
namespace {

constexpr std::uint8_t kFamilyV4 = 0x01;
constexpr std::uint8_t kFamilyV6 = 0x02;

}  // namespace

std::optional<SocketAddress> decode_address(ByteView wire) {
  ByteReader in{wire};
  in.u8();  // RFC 8489 §14.1: zero, ignored by receivers
  const std::uint8_t family = in.u8();
  const std::uint16_t port = in.u16();
  if (in.failed() || (family != kFamilyV4 && family != kFamilyV6)) return std::nullopt;
  const auto ip = IpAddress::from_bytes(in.rest());
  if (!ip || ip->is_v4() != (family == kFamilyV4)) return std::nullopt;
  return SocketAddress{*ip, port};
}

void encode_address(ByteWriter& out, const SocketAddress& address) {
  out.u8(0);
  out.u8(address.ip.is_v4() ? kFamilyV4 : kFamilyV6);
  out.u16(address.port);
  out.bytes(address.ip.bytes());
}

SocketAddress xored(const SocketAddress& address, const TransactionId& id) {
  std::array<std::byte, 16> mask{};
  ByteWriter mask_out{mask};
  mask_out.u32(kMagicCookie);
  mask_out.bytes(id);

  std::array<std::byte, 16> masked{};
  const ByteView plain = address.ip.bytes();
  for (std::size_t index = 0; index < plain.size(); ++index) {
    masked.at(index) = plain[index] ^ mask.at(index);
  }
  return {IpAddress::from_bytes(ByteView{masked}.first(plain.size())).value(),
          static_cast<std::uint16_t>(address.port ^ (kMagicCookie >> 16U))};
}

}  // namespace icebreaker::stun
