#include "common/stun/turn_attributes.hpp"

#include "common/stun/stun_attributes.hpp"

namespace icebreaker::stun {
namespace {

constexpr std::unexpected kMalformed{AttributeError::Malformed};
constexpr unsigned kReserveNextBit = 0x80;
constexpr unsigned kIcmpCodeBits = 9;
constexpr unsigned kIcmpCodeMask = 0x1FF;
constexpr unsigned kIcmpTypeMask = 0x7F;

}  // namespace

Decoded<ChannelNumber> ChannelNumberAttribute::decode(ByteView wire, const TransactionId& /*id*/) {
  ByteReader in{wire};
  const auto channel = ChannelNumber::from_wire(in.u16());
  in.u16();  // RFC 8656 §18.1: zero, ignored by receivers
  if (!in.finished() || !channel) return kMalformed;
  return *channel;
}

void ChannelNumberAttribute::encode(ByteWriter& out, Value channel, const TransactionId& /*id*/) {
  out.u16(channel.wire());
  out.u16(0);
}

Decoded<std::chrono::seconds> Lifetime::decode(ByteView wire, const TransactionId& /*id*/) {
  ByteReader in{wire};
  const Value lifetime{in.u32()};
  if (!in.finished()) return kMalformed;
  return lifetime;
}

void Lifetime::encode(ByteWriter& out, Value lifetime, const TransactionId& /*id*/) {
  out.u32(static_cast<std::uint32_t>(lifetime.count()));
}

std::optional<Family> family_of(AddressFamily family) {
  switch (family) {
    case AddressFamily::V4:
      return Family::V4;
    case AddressFamily::V6:
      return Family::V6;
  }
  return std::nullopt;
}

AddressFamily address_family_of(Family family) {
  return family == Family::V4 ? AddressFamily::V4 : AddressFamily::V6;
}

Decoded<PortReservation> EvenPort::decode(ByteView wire, const TransactionId& /*id*/) {
  ByteReader in{wire};
  const bool reserve_next = (in.u8() & kReserveNextBit) != 0;
  if (!in.finished()) return kMalformed;
  return reserve_next ? PortReservation::EvenAndNext : PortReservation::EvenOnly;
}

void EvenPort::encode(ByteWriter& out, Value reservation, const TransactionId& /*id*/) {
  out.u8(reservation == PortReservation::EvenAndNext ? kReserveNextBit : 0);
}

Decoded<TransportProtocol> RequestedTransport::decode(ByteView wire, const TransactionId& /*id*/) {
  ByteReader in{wire};
  const auto protocol = static_cast<TransportProtocol>(in.u8());
  in.bytes(3);  // RFC 8656 §18.8: zero, ignored by receivers
  if (!in.finished()) return kMalformed;
  return protocol;
}

void RequestedTransport::encode(ByteWriter& out, Value protocol, const TransactionId& /*id*/) {
  out.u8(static_cast<std::uint8_t>(protocol));
  out.zeros(3);
}

// RFC 8656 §18.12: as ERROR-CODE, with the family in the first byte.
Decoded<AddressErrorCode::Value> AddressErrorCode::decode(ByteView wire, const TransactionId& id) {
  const auto error = ErrorCodeAttribute::decode(wire, id);
  if (!error) return std::unexpected(error.error());
  return Value{static_cast<AddressFamily>(ByteReader{wire}.u8()), error->code, error->reason};
}

void AddressErrorCode::encode(ByteWriter& out, const Value& value, const TransactionId& /*id*/) {
  const unsigned code = static_cast<unsigned>(value.code);
  out.u8(static_cast<std::uint8_t>(value.family));
  out.u8(0);
  out.u8(static_cast<std::uint8_t>(code / 100U));
  out.u8(static_cast<std::uint8_t>(code % 100U));
  out.bytes(bytes_of(value.reason));
}

// RFC 8656 §18.13: 16 reserved bits, 7 bits of type, 9 bits of code, 32 bits of error data.
Decoded<Icmp::Value> Icmp::decode(ByteView wire, const TransactionId& /*id*/) {
  ByteReader in{wire};
  in.u16();
  const unsigned type_and_code = in.u16();
  const std::uint32_t error = in.u32();
  if (!in.finished()) return kMalformed;
  return Value{.type = static_cast<std::uint8_t>(type_and_code >> kIcmpCodeBits),
               .code = static_cast<std::uint16_t>(type_and_code & kIcmpCodeMask),
               .error = error};
}

void Icmp::encode(ByteWriter& out, const Value& value, const TransactionId& /*id*/) {
  out.u16(0);
  out.u16(static_cast<std::uint16_t>(((value.type & kIcmpTypeMask) << kIcmpCodeBits) |
                                     (value.code & kIcmpCodeMask)));
  out.u32(value.error);
}

}  // namespace icebreaker::stun
