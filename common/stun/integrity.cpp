#include "common/stun/integrity.hpp"

#include <array>
#include <cstddef>

#include "common/crypto/constant_time.hpp"
#include "common/crypto/hmac.hpp"
#include "common/stun/fingerprint.hpp"
#include "common/stun/stun_attributes.hpp"

namespace icebreaker::stun {
namespace {

constexpr std::size_t kLengthOffset = 2;
constexpr std::size_t kLengthEnd = 4;

// The part of a message that an HMAC covers, with the length field that RFC 8489 §14.5 wants: up to
// and including the integrity attribute.
class Covered {
 public:
  Covered(const MessageView& message, std::size_t attribute_offset, std::size_t value_bytes)
      : message_{message.bytes().first(attribute_offset)} {
    const std::size_t end = attribute_offset + kAttributeHeaderBytes + value_bytes;
    ByteWriter{length_}.u16(static_cast<std::uint16_t>(end - kHeaderBytes));
  }

  [[nodiscard]] std::array<ByteView, 3> parts() const {
    return {message_.first(kLengthOffset), length_, message_.subspan(kLengthEnd)};
  }

 private:
  ByteView message_;
  std::array<std::byte, 2> length_{};
};

template <class A>
std::expected<Covered, IntegrityError> covered_by(const MessageView& message) {
  const auto offset = message.offset_of(A::kType);
  if (!offset) return std::unexpected(IntegrityError::Absent);
  const auto value = message.get<A>();
  if (!value) return std::unexpected(IntegrityError::Malformed);
  return Covered{message, *offset, value->size()};
}

std::expected<void, IntegrityError> matching(ByteView expected, ByteView received) {
  if (!crypto::constant_time_equal(expected, received)) {
    return std::unexpected(IntegrityError::Mismatch);
  }
  return {};
}

}  // namespace

std::expected<void, IntegrityError> verify_message_integrity(const MessageView& message,
                                                             ByteView key) {
  const auto covered = covered_by<MessageIntegrity>(message);
  if (!covered) return std::unexpected(covered.error());
  return matching(crypto::hmac_sha1(key, covered->parts()),
                  *message.find(AttributeType::MessageIntegrity));
}

std::expected<void, IntegrityError> verify_message_integrity_sha256(const MessageView& message,
                                                                    ByteView key) {
  const auto covered = covered_by<MessageIntegritySha256>(message);
  if (!covered) return std::unexpected(covered.error());
  const ByteView received = *message.find(AttributeType::MessageIntegritySha256);
  const crypto::Sha256Digest expected = crypto::hmac_sha256(key, covered->parts());
  return matching(ByteView{expected}.first(received.size()), received);
}

std::expected<void, IntegrityError> verify_fingerprint(const MessageView& message) {
  const auto offset = message.offset_of(AttributeType::Fingerprint);
  if (!offset) return std::unexpected(IntegrityError::Absent);
  const auto received = message.get<Fingerprint>();
  const std::size_t end = *offset + kAttributeHeaderBytes + kFingerprintBytes;
  if (!received || end != message.bytes().size()) return std::unexpected(IntegrityError::Malformed);
  if (*received != fingerprint_of(message.bytes().first(*offset))) {
    return std::unexpected(IntegrityError::Mismatch);
  }
  return {};
}

bool has_wrong_fingerprint(const MessageView& message) {
  const auto fingerprint = verify_fingerprint(message);
  return !fingerprint && fingerprint.error() != IntegrityError::Absent;
}

}  // namespace icebreaker::stun
