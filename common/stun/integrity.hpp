// MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT of received messages (RFC 8489 §14.5
// to §14.7). MessageBuilder writes them.
#pragma once

#include <cstdint>
#include <expected>

#include "common/base/bytes.hpp"
#include "common/stun/message.hpp"

namespace icebreaker::stun {

enum class IntegrityError : std::uint8_t { Absent, Malformed, Mismatch };

// The key is a password of a short-term credential or a crypto/long_term_key.hpp key.
std::expected<void, IntegrityError> verify_message_integrity(const MessageView& message,
                                                             ByteView key);

// Truncated values (16 bytes and more) are accepted; a policy may ask for all 32.
std::expected<void, IntegrityError> verify_message_integrity_sha256(const MessageView& message,
                                                                    ByteView key);

// Malformed also when attributes follow it.
std::expected<void, IntegrityError> verify_fingerprint(const MessageView& message);

// Present and not right: RFC 8489 §6.3 then discards the message in silence.
bool has_wrong_fingerprint(const MessageView& message);

}  // namespace icebreaker::stun
