// Attributes of NAT behaviour discovery (RFC 5780 §7).
#pragma once

#include <cstdint>

#include "common/stun/attribute_shapes.hpp"

namespace icebreaker::stun {

struct ChangeRequest {
  struct Value {
    bool change_ip = false;
    bool change_port = false;
    bool operator==(const Value&) const = default;
  };

  static constexpr AttributeType kType = AttributeType::ChangeRequest;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, const Value& value, const TransactionId& id);
};

struct Padding : BytesAttribute<AttributeType::Padding> {};

struct ResponsePort {
  static constexpr AttributeType kType = AttributeType::ResponsePort;
  using Value = std::uint16_t;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, Value port, const TransactionId& id);
};

struct ResponseOrigin : PlainAddressAttribute<AttributeType::ResponseOrigin> {};

struct OtherAddress : PlainAddressAttribute<AttributeType::OtherAddress> {};

}  // namespace icebreaker::stun
