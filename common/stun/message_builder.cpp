#include "common/stun/message_builder.hpp"

#include <limits>

#include "common/crypto/hmac.hpp"
#include "common/stun/fingerprint.hpp"
#include "common/stun/stun_attributes.hpp"

namespace icebreaker::stun {
namespace {

constexpr std::size_t kLengthOffset = 2;
constexpr std::size_t kMaxU16 = std::numeric_limits<std::uint16_t>::max();

// RFC 8489 §5: M11..M7 C1 M6..M4 C0 M3..M0.
std::uint16_t message_type(MessageClass message_class, Method method) {
  const unsigned kind = static_cast<unsigned>(message_class);
  const unsigned bits = static_cast<unsigned>(method);
  return static_cast<std::uint16_t>((bits & 0x000FU) | ((bits & 0x0070U) << 1U) |
                                    ((bits & 0x0F80U) << 2U) | ((kind & 2U) << 7U) |
                                    ((kind & 1U) << 4U));
}

}  // namespace

MessageBuilder::MessageBuilder(MutableByteView buffer, MessageClass message_class, Method method,
                               const TransactionId& id)
    : writer_{buffer}, id_{id} {
  writer_.u16(message_type(message_class, method));
  writer_.u16(0);
  writer_.u32(kMagicCookie);
  writer_.bytes(id_);
}

MessageBuilder MessageBuilder::success_response(MutableByteView buffer,
                                                const MessageView& request) {
  return {buffer, MessageClass::SuccessResponse, request.method(), request.transaction_id()};
}

MessageBuilder MessageBuilder::error_response(MutableByteView buffer, const MessageView& request,
                                              ErrorCode code, std::string_view reason) {
  MessageBuilder response{buffer, MessageClass::ErrorResponse, request.method(),
                          request.transaction_id()};
  response.add<ErrorCodeAttribute>({code, reason});
  return response;
}

MessageBuilder& MessageBuilder::add_raw(AttributeType type, ByteView value) {
  const std::size_t start = begin_attribute(type);
  writer_.bytes(value);
  end_attribute(start);
  return *this;
}

MessageBuilder& MessageBuilder::add_message_integrity(ByteView key) {
  set_length_with(kAttributeHeaderBytes + kMessageIntegrityBytes);
  return add_raw(AttributeType::MessageIntegrity, crypto::hmac_sha1(key, writer_.written()));
}

MessageBuilder& MessageBuilder::add_message_integrity_sha256(ByteView key) {
  set_length_with(kAttributeHeaderBytes + kMessageIntegritySha256Bytes);
  return add_raw(AttributeType::MessageIntegritySha256,
                 crypto::hmac_sha256(key, writer_.written()));
}

MessageBuilder& MessageBuilder::add_fingerprint() {
  set_length_with(kAttributeHeaderBytes + kFingerprintBytes);
  return add<Fingerprint>(fingerprint_of(writer_.written()));
}

ByteView MessageBuilder::finish() const {
  return writer_.failed() || too_long_ ? ByteView{} : writer_.written();
}

std::size_t MessageBuilder::begin_attribute(AttributeType type) {
  const std::size_t start = writer_.size();
  writer_.u16(static_cast<std::uint16_t>(type));
  writer_.u16(0);
  return start;
}

void MessageBuilder::end_attribute(std::size_t start) {
  if (writer_.failed()) return;
  const std::size_t length = writer_.size() - start - kAttributeHeaderBytes;
  if (length > kMaxU16) too_long_ = true;
  writer_.patch_u16(start + 2, static_cast<std::uint16_t>(length));
  writer_.zeros(padded_to_4(length) - length);
  set_length_with(0);
}

void MessageBuilder::set_length_with(std::size_t following_bytes) {
  if (writer_.failed()) return;
  const std::size_t length = writer_.size() - kHeaderBytes + following_bytes;
  if (length > kMaxU16) too_long_ = true;
  writer_.patch_u16(kLengthOffset, static_cast<std::uint16_t>(length));
}

}  // namespace icebreaker::stun
