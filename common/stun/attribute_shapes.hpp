// The few shapes that most attributes have: text, number, flag, opaque bytes, address. An attribute
// derives from its shape and thereby has kType, Value, decode and encode. Decoded text and bytes
// are views of the message.
#pragma once

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <expected>
#include <string_view>
#include <variant>

#include "common/base/address.hpp"
#include "common/base/bytes.hpp"
#include "common/stun/address_codec.hpp"
#include "common/stun/message.hpp"

namespace icebreaker::stun {

template <class T>
using Decoded = std::expected<T, AttributeError>;

template <AttributeType Type, std::size_t MaxBytes>
struct TextAttribute {
  static constexpr AttributeType kType = Type;
  using Value = std::string_view;

  static Decoded<Value> decode(ByteView wire, const TransactionId& /*id*/) {
    if (wire.size() > MaxBytes) return std::unexpected(AttributeError::Malformed);
    return text_of(wire);
  }

  static void encode(ByteWriter& out, Value text, const TransactionId& /*id*/) {
    out.bytes(bytes_of(text));
  }
};

template <AttributeType Type>
struct BytesAttribute {
  static constexpr AttributeType kType = Type;
  using Value = ByteView;

  static Decoded<Value> decode(ByteView wire, const TransactionId& /*id*/) { return wire; }

  static void encode(ByteWriter& out, Value bytes, const TransactionId& /*id*/) {
    out.bytes(bytes);
  }
};

template <AttributeType Type, std::size_t Size>
struct FixedBytesAttribute {
  static constexpr AttributeType kType = Type;
  using Value = std::array<std::byte, Size>;

  static Decoded<Value> decode(ByteView wire, const TransactionId& /*id*/) {
    if (wire.size() != Size) return std::unexpected(AttributeError::Malformed);
    Value value{};
    std::ranges::copy(wire, value.begin());
    return value;
  }

  static void encode(ByteWriter& out, const Value& value, const TransactionId& /*id*/) {
    out.bytes(value);
  }
};

template <AttributeType Type>
struct U32Attribute {
  static constexpr AttributeType kType = Type;
  using Value = std::uint32_t;

  static Decoded<Value> decode(ByteView wire, const TransactionId& /*id*/) {
    ByteReader in{wire};
    const Value value = in.u32();
    if (!in.finished()) return std::unexpected(AttributeError::Malformed);
    return value;
  }

  static void encode(ByteWriter& out, Value value, const TransactionId& /*id*/) { out.u32(value); }
};

template <AttributeType Type>
struct U64Attribute {
  static constexpr AttributeType kType = Type;
  using Value = std::uint64_t;

  static Decoded<Value> decode(ByteView wire, const TransactionId& /*id*/) {
    ByteReader in{wire};
    const Value value = in.u64();
    if (!in.finished()) return std::unexpected(AttributeError::Malformed);
    return value;
  }

  static void encode(ByteWriter& out, Value value, const TransactionId& /*id*/) { out.u64(value); }
};

// Its presence is all it says: add<UseCandidate>({}), has<UseCandidate>().
template <AttributeType Type>
struct FlagAttribute {
  static constexpr AttributeType kType = Type;
  using Value = std::monostate;

  static Decoded<Value> decode(ByteView wire, const TransactionId& /*id*/) {
    if (!wire.empty()) return std::unexpected(AttributeError::Malformed);
    return Value{};
  }

  static void encode(ByteWriter& /*out*/, Value /*value*/, const TransactionId& /*id*/) {}
};

// The family and port layout of MAPPED-ADDRESS (RFC 8489 §14.1).
template <AttributeType Type>
struct PlainAddressAttribute {
  static constexpr AttributeType kType = Type;
  using Value = SocketAddress;

  static Decoded<Value> decode(ByteView wire, const TransactionId& /*id*/) {
    const auto address = decode_address(wire);
    if (!address) return std::unexpected(AttributeError::Malformed);
    return *address;
  }

  static void encode(ByteWriter& out, const Value& address, const TransactionId& /*id*/) {
    encode_address(out, address);
  }
};

// The layout of XOR-MAPPED-ADDRESS (RFC 8489 §14.2).
template <AttributeType Type>
struct XorAddressAttribute {
  static constexpr AttributeType kType = Type;
  using Value = SocketAddress;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id) {
    const auto address = decode_address(wire);
    if (!address) return std::unexpected(AttributeError::Malformed);
    return xored(*address, id);
  }

  static void encode(ByteWriter& out, const Value& address, const TransactionId& id) {
    encode_address(out, xored(address, id));
  }
};

// As XorAddressAttribute, with the address in a role of its own (PeerAddress, RelayAddress).
template <AttributeType Type, class Address>
struct XorRoleAddressAttribute {
  static constexpr AttributeType kType = Type;
  using Value = Address;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id) {
    const auto address = XorAddressAttribute<Type>::decode(wire, id);
    if (!address) return std::unexpected(address.error());
    return Value{*address};
  }

  static void encode(ByteWriter& out, const Value& address, const TransactionId& id) {
    XorAddressAttribute<Type>::encode(out, address.value, id);
  }
};

}  // namespace icebreaker::stun
