// STUN messages (RFC 8489 §5) as a checked view of received bytes and a builder into a caller's
// buffer. Structure only: which attributes a method requires or knows is the handlers' business.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/random.hpp"

namespace icebreaker::stun {

inline constexpr std::size_t kHeaderBytes = 20;
inline constexpr std::uint32_t kMagicCookie = 0x2112A442;

enum class MessageClass : std::uint8_t { Request, Indication, SuccessResponse, ErrorResponse };

// 12 bits; values outside the enumerators are legal and unknown.
enum class Method : std::uint16_t {
  Binding = 0x001,
  Allocate = 0x003,
  Refresh = 0x004,
  Send = 0x006,
  Data = 0x007,
  CreatePermission = 0x008,
  ChannelBind = 0x009,
};

enum class AttributeType : std::uint16_t;

using TransactionId = std::array<std::byte, 12>;

TransactionId random_transaction_id(RandomSource& random);

enum class ParseError : std::uint8_t {
  Truncated,           // shorter than its header or its length field says
  NotStun,             // first two bits or magic cookie
  BadLength,           // length not a multiple of 4, or bytes left over
  BadAttributeLength,  // an attribute reaches past the message
};

enum class AttributeError : std::uint8_t { Absent, Malformed };

// Attributes at or above 0x8000 may be ignored by a receiver that does not know them.
constexpr bool comprehension_required(AttributeType type) {
  return static_cast<std::uint16_t>(type) < 0x8000U;
}

struct AttributeView {
  AttributeType type;
  ByteView value;
};

// A structurally valid message; a view: the bytes must outlive it. Attributes behind
// MESSAGE-INTEGRITY are not seen, but for MESSAGE-INTEGRITY-SHA256 and FINGERPRINT; behind
// MESSAGE-INTEGRITY-SHA256 only FINGERPRINT is (RFC 8489 §14.5, §14.6).
class MessageView {
 public:
  // The whole of one datagram or of one frame of a stream.
  static std::expected<MessageView, ParseError> parse(ByteView bytes);

  [[nodiscard]] ByteView bytes() const { return bytes_; }

  [[nodiscard]] MessageClass message_class() const;
  [[nodiscard]] Method method() const;
  [[nodiscard]] TransactionId transaction_id() const;

  // First occurrence of A, decoded; A is one of the types of attributes.hpp.
  template <class A>
  [[nodiscard]] std::expected<typename A::Value, AttributeError> get() const {
    const auto found = find(A::kType);
    if (!found) return std::unexpected(AttributeError::Absent);
    return A::decode(*found, transaction_id());
  }

  template <class A>
  [[nodiscard]] bool has() const {
    return find(A::kType).has_value();
  }

  // Every occurrence of A in order; Malformed as soon as one is.
  template <class A>
  [[nodiscard]] std::expected<std::vector<typename A::Value>, AttributeError> get_all() const {
    std::vector<typename A::Value> values;
    for (const AttributeView& each : *this) {
      if (each.type != A::kType) continue;
      auto value = A::decode(each.value, transaction_id());
      if (!value) return std::unexpected(value.error());
      values.push_back(std::move(*value));
    }
    return values;
  }

  [[nodiscard]] std::expected<ByteView, AttributeError> find(AttributeType type) const;

  // Where an attribute's header starts, counted from the message's first byte; for integrity.
  [[nodiscard]] std::expected<std::size_t, AttributeError> offset_of(AttributeType type) const;

  // Walks the attributes that count.
  class Iterator;
  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;

 private:
  explicit MessageView(ByteView bytes) : bytes_{bytes} {}

  ByteView bytes_;
};

// Writes one message into a caller's buffer (no allocation). Order: attributes, integrity,
// fingerprint. Padding bytes are zero.
class MessageBuilder {
 public:
  MessageBuilder(MutableByteView buffer, MessageClass message_class, Method method,
                 const TransactionId& id);

  template <class A>
  MessageBuilder& add(const typename A::Value& value) {
    const std::size_t start = begin_attribute(A::kType);
    A::encode(writer_, value, id_);
    end_attribute(start);
    return *this;
  }

  MessageBuilder& add_raw(AttributeType type, ByteView value);
  // Key: RFC 8489 §9.1.1 or §9.2.2.
  MessageBuilder& add_message_integrity(ByteView key);
  MessageBuilder& add_message_integrity_sha256(ByteView key);
  MessageBuilder& add_fingerprint();

  // The finished message, or an empty view when the buffer was too small.
  [[nodiscard]] ByteView finish() const;

 private:
  std::size_t begin_attribute(AttributeType type);
  void end_attribute(std::size_t start);
  void set_length(std::size_t following_bytes);

  MutableByteView buffer_;
  ByteWriter writer_;
  TransactionId id_;
};

}  // namespace icebreaker::stun
