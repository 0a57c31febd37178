// Attributes of TURN (RFC 8656 §18).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

#include "common/base/address.hpp"
#include "common/stun/attribute_shapes.hpp"
#include "common/stun/channel_number.hpp"
#include "common/stun/error_code.hpp"

namespace icebreaker::stun {

// Out of range is malformed.
struct ChannelNumberAttribute {
  static constexpr AttributeType kType = AttributeType::ChannelNumber;
  using Value = ChannelNumber;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, Value channel, const TransactionId& id);
};

struct Lifetime {
  static constexpr AttributeType kType = AttributeType::Lifetime;
  using Value = std::chrono::seconds;  // 0 to 2^32 - 1

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, Value lifetime, const TransactionId& id);
};

struct XorPeerAddress
    : XorRoleAddressAttribute<AttributeType::XorPeerAddress, icebreaker::PeerAddress> {};

struct XorRelayedAddress
    : XorRoleAddressAttribute<AttributeType::XorRelayedAddress, icebreaker::RelayAddress> {};

struct Data : BytesAttribute<AttributeType::Data> {};

// As on the wire; other values are legal and unknown, which a server answers with 440.
enum class AddressFamily : std::uint8_t { V4 = 0x01, V6 = 0x02 };

std::optional<Family> family_of(AddressFamily family);
AddressFamily address_family_of(Family family);

template <AttributeType Type>
struct AddressFamilyAttribute {
  static constexpr AttributeType kType = Type;
  using Value = AddressFamily;

  // RFC 8656 §18.6: one byte, three reserved bytes that receivers ignore.
  static Decoded<Value> decode(ByteView wire, const TransactionId& /*id*/) {
    ByteReader in{wire};
    const auto family = static_cast<AddressFamily>(in.u8());
    in.bytes(3);
    if (!in.finished()) return std::unexpected(AttributeError::Malformed);
    return family;
  }

  static void encode(ByteWriter& out, Value family, const TransactionId& /*id*/) {
    out.u8(static_cast<std::uint8_t>(family));
    out.zeros(3);
  }
};

struct RequestedAddressFamily : AddressFamilyAttribute<AttributeType::RequestedAddressFamily> {};

struct AdditionalAddressFamily : AddressFamilyAttribute<AttributeType::AdditionalAddressFamily> {};

enum class PortReservation : std::uint8_t { EvenOnly, EvenAndNext };

struct EvenPort {
  static constexpr AttributeType kType = AttributeType::EvenPort;
  using Value = PortReservation;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, Value reservation, const TransactionId& id);
};

// IP protocol numbers; other values are legal and unknown, which a server answers with 442.
enum class TransportProtocol : std::uint8_t { Tcp = 6, Udp = 17 };

struct RequestedTransport {
  static constexpr AttributeType kType = AttributeType::RequestedTransport;
  using Value = TransportProtocol;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, Value protocol, const TransactionId& id);
};

struct DontFragment : FlagAttribute<AttributeType::DontFragment> {};

struct ReservationToken : FixedBytesAttribute<AttributeType::ReservationToken, 8> {};

struct AddressErrorCode {
  struct Value {
    AddressFamily family{};
    ErrorCode code{};
    std::string_view reason;
    bool operator==(const Value&) const = default;
  };

  static constexpr AttributeType kType = AttributeType::AddressErrorCode;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, const Value& value, const TransactionId& id);
};

struct Icmp {
  struct Value {
    std::uint8_t type = 0;    // 7 bits
    std::uint16_t code = 0;   // 9 bits
    std::uint32_t error = 0;  // the MTU of "too big" messages
    bool operator==(const Value&) const = default;
  };

  static constexpr AttributeType kType = AttributeType::Icmp;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, const Value& value, const TransactionId& id);
};

}  // namespace icebreaker::stun
