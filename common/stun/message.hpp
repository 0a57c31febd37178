// STUN messages (RFC 8489 §5) as a checked view of received bytes. Structure only: which attributes
// a method requires or knows is the handlers' business. Its writing twin is message_builder.hpp.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <iterator>
#include <utility>
#include <vector>

#include "common/base/bytes.hpp"
#include "common/base/random.hpp"
#include "common/stun/attribute_type.hpp"

namespace icebreaker::stun {

inline constexpr std::size_t kHeaderBytes = 20;
inline constexpr std::size_t kAttributeHeaderBytes = 4;
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

using TransactionId = std::array<std::byte, 12>;

TransactionId random_transaction_id(RandomSource& random);

enum class ParseError : std::uint8_t {
  Truncated,           // shorter than its header or its length field says
  NotStun,             // first two bits or magic cookie
  BadLength,           // length not a multiple of 4, or bytes left over
  BadAttributeLength,  // an attribute reaches past the message
};

enum class AttributeError : std::uint8_t { Absent, Malformed };

struct AttributeView {
  AttributeType type{};
  ByteView value;  // without padding
};

// RFC 8489 §14: values are padded to a multiple of 4 bytes.
constexpr std::size_t padded_to_4(std::size_t bytes) {
  return (bytes + 3) & ~std::size_t{3};
}

// A structurally valid message; a view: the bytes must outlive it. Attributes behind
// MESSAGE-INTEGRITY are not seen, but for MESSAGE-INTEGRITY-SHA256 and FINGERPRINT; behind
// MESSAGE-INTEGRITY-SHA256 only FINGERPRINT is (RFC 8489 §9); behind FINGERPRINT, the last
// attribute by §14.7, none is.
class MessageView {
 public:
  class Iterator;

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
    if (!found) return std::unexpected(found.error());
    return A::decode(*found, transaction_id());
  }

  template <class A>
  [[nodiscard]] bool has() const {
    return find(A::kType).has_value();
  }

  // Every occurrence of A in order; Malformed as soon as one is.
  template <class A>
  [[nodiscard]] std::expected<std::vector<typename A::Value>, AttributeError> get_all() const;

  // The value's bytes of the first occurrence; the only error is Absent.
  [[nodiscard]] std::expected<ByteView, AttributeError> find(AttributeType type) const;

  // Where the first occurrence's header starts, counted from the message's first byte.
  [[nodiscard]] std::expected<std::size_t, AttributeError> offset_of(AttributeType type) const;

  // Walks the attributes that count.
  [[nodiscard]] Iterator begin() const;
  [[nodiscard]] Iterator end() const;

 private:
  explicit MessageView(ByteView bytes) : bytes_{bytes} {}

  ByteView bytes_;
};

class MessageView::Iterator {
 public:
  using value_type = AttributeView;                   // NOLINT(readability-identifier-naming)
  using difference_type = std::ptrdiff_t;             // NOLINT(readability-identifier-naming)
  using iterator_category = std::input_iterator_tag;  // NOLINT(readability-identifier-naming)

  Iterator() = default;

  // `offset` is that of an attribute's header or the end of the message.
  Iterator(ByteView message, std::size_t offset) : message_{message}, next_{offset} { settle(); }

  const AttributeView& operator*() const { return current_; }

  const AttributeView* operator->() const { return &current_; }

  Iterator& operator++() {
    settle();
    return *this;
  }

  Iterator operator++(int) {
    const Iterator before = *this;
    settle();
    return before;
  }

  bool operator==(const Iterator& other) const { return offset_ == other.offset_; }

  // Where the current attribute's header starts, counted from the message's first byte.
  [[nodiscard]] std::size_t offset() const { return offset_; }

 private:
  void settle();
  bool counts(AttributeType type);

  ByteView message_;
  std::size_t offset_ = 0;
  std::size_t next_ = 0;
  int trailer_rank_ = 0;
  AttributeView current_;
};

template <class A>
std::expected<std::vector<typename A::Value>, AttributeError> MessageView::get_all() const {
  std::vector<typename A::Value> values;
  for (const AttributeView& each : *this) {
    if (each.type != A::kType) continue;
    auto value = A::decode(each.value, transaction_id());
    if (!value) return std::unexpected(value.error());
    values.push_back(std::move(*value));
  }
  return values;
}

}  // namespace icebreaker::stun
