// Writes one STUN message into a caller's buffer, without allocation. Add attributes first, then
// MESSAGE-INTEGRITY, MESSAGE-INTEGRITY-SHA256 and FINGERPRINT: receivers ignore what follows them.
#pragma once

#include <cstddef>
#include <string_view>

#include "common/base/bytes.hpp"
#include "common/stun/error_code.hpp"
#include "common/stun/message.hpp"

namespace icebreaker::stun {

class MessageBuilder {
 public:
  MessageBuilder(MutableByteView buffer, MessageClass message_class, Method method,
                 const TransactionId& id);

  // The answer to a request: its method and transaction id.
  static MessageBuilder success_response(MutableByteView buffer, const MessageView& request);
  // With ERROR-CODE as the first attribute; an empty reason keeps the answer small.
  static MessageBuilder error_response(MutableByteView buffer, const MessageView& request,
                                       ErrorCode code, std::string_view reason = {});

  // A is one of the types of attributes.hpp. Padding bytes are zero.
  template <class A>
  MessageBuilder& add(const typename A::Value& value) {
    const std::size_t start = begin_attribute(A::kType);
    A::encode(writer_, value, id_);
    end_attribute(start);
    return *this;
  }

  MessageBuilder& add_raw(AttributeType type, ByteView value);

  // Keys: crypto/long_term_key.hpp, or the password itself for short-term credentials (RFC 8489
  // §9.1.1).
  MessageBuilder& add_message_integrity(ByteView key);
  MessageBuilder& add_message_integrity_sha256(ByteView key);
  MessageBuilder& add_fingerprint();

  // The finished message, or an empty view when it fits neither the buffer nor the 16-bit length.
  [[nodiscard]] ByteView finish() const;

 private:
  std::size_t begin_attribute(AttributeType type);
  void end_attribute(std::size_t start);
  // The header's length field, as if so many bytes followed what is written.
  void set_length_with(std::size_t following_bytes);

  ByteWriter writer_;
  TransactionId id_;
  bool too_long_ = false;
};

}  // namespace icebreaker::stun
