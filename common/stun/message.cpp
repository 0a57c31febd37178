#include "common/stun/message.hpp"

#include <algorithm>

namespace icebreaker::stun {
namespace {

constexpr std::size_t kTypeOffset = 0;
constexpr std::size_t kLengthOffset = 2;
constexpr std::size_t kCookieOffset = 4;
constexpr std::size_t kTransactionIdOffset = 8;

std::uint16_t u16_at(ByteView bytes, std::size_t offset) {
  return ByteReader{bytes.subspan(offset)}.u16();
}

std::uint32_t u32_at(ByteView bytes, std::size_t offset) {
  return ByteReader{bytes.subspan(offset)}.u32();
}

bool attributes_fit(ByteView attributes) {
  ByteReader in{attributes};
  while (!in.failed() && !in.rest().empty()) {
    in.u16();
    in.bytes(padded_to_4(in.u16()));
  }
  return !in.failed();
}

// The order that the trailing attributes must keep; 0 for all others.
int trailer_rank_of(AttributeType type) {
  switch (type) {
    case AttributeType::MessageIntegrity:
      return 1;
    case AttributeType::MessageIntegritySha256:
      return 2;
    case AttributeType::Fingerprint:
      return 3;
    default:
      return 0;
  }
}

}  // namespace

TransactionId random_transaction_id(RandomSource& random) {
  TransactionId id{};
  random.fill(id);
  return id;
}

std::expected<MessageView, ParseError> MessageView::parse(ByteView bytes) {
  if (bytes.empty()) return std::unexpected(ParseError::Truncated);
  if ((bytes.front() & std::byte{0xC0}) != std::byte{0}) {
    return std::unexpected(ParseError::NotStun);
  }
  if (bytes.size() < kHeaderBytes) return std::unexpected(ParseError::Truncated);
  if (u32_at(bytes, kCookieOffset) != kMagicCookie) return std::unexpected(ParseError::NotStun);
  const std::size_t length = u16_at(bytes, kLengthOffset);
  if (length % 4 != 0) return std::unexpected(ParseError::BadLength);
  if (bytes.size() < kHeaderBytes + length) return std::unexpected(ParseError::Truncated);
  if (bytes.size() > kHeaderBytes + length) return std::unexpected(ParseError::BadLength);
  if (!attributes_fit(bytes.subspan(kHeaderBytes))) {
    return std::unexpected(ParseError::BadAttributeLength);
  }
  return MessageView{bytes};
}

// RFC 8489 §5: the class bits sit at 0x0100 and 0x0010, between the method's bits.
MessageClass MessageView::message_class() const {
  const unsigned type = u16_at(bytes_, kTypeOffset);
  return static_cast<MessageClass>(((type >> 7U) & 2U) | ((type >> 4U) & 1U));
}

Method MessageView::method() const {
  const unsigned type = u16_at(bytes_, kTypeOffset);
  return static_cast<Method>((type & 0x000FU) | ((type & 0x00E0U) >> 1U) |
                             ((type & 0x3E00U) >> 2U));
}

TransactionId MessageView::transaction_id() const {
  TransactionId id{};
  std::ranges::copy(bytes_.subspan(kTransactionIdOffset, id.size()), id.begin());
  return id;
}

std::expected<ByteView, AttributeError> MessageView::find(AttributeType type) const {
  for (const AttributeView& each : *this) {
    if (each.type == type) return each.value;
  }
  return std::unexpected(AttributeError::Absent);
}

std::expected<std::size_t, AttributeError> MessageView::offset_of(AttributeType type) const {
  for (auto each = begin(); each != end(); ++each) {
    if (each->type == type) return each.offset();
  }
  return std::unexpected(AttributeError::Absent);
}

MessageView::Iterator MessageView::begin() const {
  return {bytes_, kHeaderBytes};
}

MessageView::Iterator MessageView::end() const {
  return {bytes_, bytes_.size()};
}

void MessageView::Iterator::settle() {
  while (next_ < message_.size()) {
    offset_ = next_;
    ByteReader in{message_.subspan(offset_)};
    const auto type = static_cast<AttributeType>(in.u16());
    const std::size_t length = in.u16();
    next_ = offset_ + kAttributeHeaderBytes + padded_to_4(length);
    if (!counts(type)) continue;
    current_ = {type, in.bytes(length)};
    return;
  }
  offset_ = message_.size();
}

bool MessageView::Iterator::counts(AttributeType type) {
  const int rank = trailer_rank_of(type);
  if (trailer_rank_ > 0 && rank <= trailer_rank_) return false;
  trailer_rank_ = rank;
  return true;
}

}  // namespace icebreaker::stun
