// Attributes of STUN itself (RFC 8489 §14).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "common/stun/attribute_shapes.hpp"
#include "common/stun/bounded_list.hpp"
#include "common/stun/error_code.hpp"

namespace icebreaker::stun {

inline constexpr std::size_t kMessageIntegrityBytes = 20;
inline constexpr std::size_t kMessageIntegritySha256Bytes = 32;
inline constexpr std::size_t kFingerprintBytes = 4;

struct MappedAddress : PlainAddressAttribute<AttributeType::MappedAddress> {};

struct XorMappedAddress : XorAddressAttribute<AttributeType::XorMappedAddress> {};

// RFC 8489 §14.3: senders stay below 509 bytes, receivers parse up to 763.
struct Username : TextAttribute<AttributeType::Username, 763> {};

// SHA-256 of "username:realm" (RFC 8489 §14.4); crypto::userhash() makes it.
struct Userhash : FixedBytesAttribute<AttributeType::Userhash, 32> {};

// MessageBuilder::add_message_integrity() writes it, verify_message_integrity() checks it.
struct MessageIntegrity
    : FixedBytesAttribute<AttributeType::MessageIntegrity, kMessageIntegrityBytes> {};

// RFC 8489 §14.6: 16 to 32 bytes, a multiple of 4.
struct MessageIntegritySha256 {
  static constexpr AttributeType kType = AttributeType::MessageIntegritySha256;
  using Value = ByteView;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, Value hmac, const TransactionId& id);
};

struct Fingerprint : U32Attribute<AttributeType::Fingerprint> {};

struct ErrorCodeAttribute {
  struct Value {
    ErrorCode code{};
    std::string_view reason;
    bool operator==(const Value&) const = default;
  };

  static constexpr AttributeType kType = AttributeType::ErrorCode;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, const Value& value, const TransactionId& id);
};

// RFC 8489 §14.9, §14.10, §14.14: up to 763 bytes when decoding.
struct Realm : TextAttribute<AttributeType::Realm, 763> {};

struct Nonce : TextAttribute<AttributeType::Nonce, 763> {};

struct Software : TextAttribute<AttributeType::Software, 763> {};

using AttributeTypeList = BoundedList<AttributeType, 32>;

// What does not fit the list is left out.
struct UnknownAttributes {
  static constexpr AttributeType kType = AttributeType::UnknownAttributes;
  using Value = AttributeTypeList;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, const Value& types, const TransactionId& id);
};

// RFC 8489 §18.5; other values are legal and unknown.
enum class PasswordAlgorithmNumber : std::uint16_t { Md5 = 1, Sha256 = 2 };

struct PasswordAlgorithmChoice {
  PasswordAlgorithmNumber number{};
  ByteView parameters;  // empty for the two known ones

  bool operator==(const PasswordAlgorithmChoice& other) const {
    return number == other.number && text_of(parameters) == text_of(other.parameters);
  }
};

struct PasswordAlgorithm {
  static constexpr AttributeType kType = AttributeType::PasswordAlgorithm;
  using Value = PasswordAlgorithmChoice;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, const Value& choice, const TransactionId& id);
};

// In order of preference; more than the list holds is malformed.
struct PasswordAlgorithms {
  static constexpr AttributeType kType = AttributeType::PasswordAlgorithms;
  using Value = BoundedList<PasswordAlgorithmChoice, 8>;

  static Decoded<Value> decode(ByteView wire, const TransactionId& id);
  static void encode(ByteWriter& out, const Value& choices, const TransactionId& id);
};

struct AlternateServer : PlainAddressAttribute<AttributeType::AlternateServer> {};

// RFC 8489 §14.16: at most 255 bytes.
struct AlternateDomain : TextAttribute<AttributeType::AlternateDomain, 255> {};

}  // namespace icebreaker::stun
