#include <cstring>
#include <expected>

#include "common/c_api/boundary.hpp"
#include "common/stun/channel_data.hpp"
#include "common/stun/integrity.hpp"
#include "common/stun/message.hpp"

namespace stun = icebreaker::stun;
using namespace icebreaker::c_api;

namespace {

icebreaker_status status_of(const std::expected<void, stun::IntegrityError>& result) {
  if (result) return ICEBREAKER_OK;
  switch (result.error()) {
    case stun::IntegrityError::Absent:
      return ICEBREAKER_ABSENT;
    case stun::IntegrityError::Malformed:
      return ICEBREAKER_MALFORMED;
    case stun::IntegrityError::Mismatch:
      return ICEBREAKER_MISMATCH;
  }
  return ICEBREAKER_MALFORMED;
}

template <class Check>
icebreaker_status check_message(const void* bytes, size_t length, const Check& check) {
  if (missing(bytes, length)) return ICEBREAKER_INVALID_ARGUMENT;
  return guarded([&] {
    const auto message = stun::MessageView::parse(bytes_from(bytes, length));
    return message ? status_of(check(*message)) : ICEBREAKER_MALFORMED;
  });
}

}  // namespace

icebreaker_packet icebreaker_classify_packet(const void* bytes, size_t length) {
  if (missing(bytes, length)) return ICEBREAKER_PACKET_OTHER;
  const auto packet = bytes_from(bytes, length);
  if (stun::MessageView::parse(packet)) return ICEBREAKER_PACKET_STUN;
  if (stun::parse_channel_data_datagram(packet)) return ICEBREAKER_PACKET_CHANNEL_DATA;
  return ICEBREAKER_PACKET_OTHER;
}

icebreaker_status icebreaker_parse_stun(const void* bytes, size_t length,
                                        icebreaker_stun_header* header) {
  if (missing(bytes, length) || header == nullptr) return ICEBREAKER_INVALID_ARGUMENT;
  const auto message = stun::MessageView::parse(bytes_from(bytes, length));
  if (!message) return ICEBREAKER_MALFORMED;
  header->message_class = static_cast<icebreaker_stun_class>(message->message_class());
  header->method = static_cast<uint16_t>(message->method());
  const stun::TransactionId id = message->transaction_id();
  std::memcpy(header->transaction_id, id.data(), id.size());
  return ICEBREAKER_OK;
}

icebreaker_status icebreaker_check_message_integrity(const void* bytes, size_t length,
                                                     const void* key, size_t key_length) {
  if (missing(key, key_length)) return ICEBREAKER_INVALID_ARGUMENT;
  return check_message(bytes, length, [&](const stun::MessageView& message) {
    return stun::verify_message_integrity(message, bytes_from(key, key_length));
  });
}

icebreaker_status icebreaker_check_message_integrity_sha256(const void* bytes, size_t length,
                                                            const void* key, size_t key_length) {
  if (missing(key, key_length)) return ICEBREAKER_INVALID_ARGUMENT;
  return check_message(bytes, length, [&](const stun::MessageView& message) {
    return stun::verify_message_integrity_sha256(message, bytes_from(key, key_length));
  });
}

icebreaker_status icebreaker_check_fingerprint(const void* bytes, size_t length) {
  return check_message(bytes, length, stun::verify_fingerprint);
}
