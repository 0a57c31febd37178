#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#include "common/base/bytes.hpp"
#include "common/base/check.hpp"
#include "common/stun/attributes.hpp"
#include "common/stun/binding_responder.hpp"
#include "common/stun/integrity.hpp"
#include "common/stun/message.hpp"

namespace icebreaker::stun {
namespace {

template <class... Attribute>
void read_each(const MessageView& message) {
  (static_cast<void>(message.get<Attribute>()), ...);
  (static_cast<void>(message.get_all<Attribute>()), ...);
}

void read_attributes(const MessageView& message) {
  read_each<MappedAddress, XorMappedAddress, Username, Userhash, MessageIntegrity,
            MessageIntegritySha256, Fingerprint, ErrorCodeAttribute, Realm, Nonce, Software,
            UnknownAttributes, PasswordAlgorithm, PasswordAlgorithms, AlternateServer,
            AlternateDomain>(message);
  read_each<ChannelNumberAttribute, Lifetime, XorPeerAddress, XorRelayedAddress, Data,
            RequestedAddressFamily, AdditionalAddressFamily, EvenPort, RequestedTransport,
            DontFragment, ReservationToken, AddressErrorCode, Icmp>(message);
  read_each<ChangeRequest, Padding, ResponsePort, ResponseOrigin, OtherAddress, Priority,
            UseCandidate, IceControlled, IceControlling>(message);
}

// RFC 8489 §6.3.1.1: what we answer is a message itself, and of the same transaction.
void answer(const MessageView& message) {
  const ClientAddress client{{IpAddress::loopback(Family::V6), 40000}};
  std::array<std::byte, 576> buffer{};
  const BindingReply reply = respond_to_binding(message, client, buffer);
  if (reply.bytes.empty()) return;
  const auto parsed = MessageView::parse(reply.bytes);
  ICEBREAKER_CHECK(parsed.has_value());
  ICEBREAKER_CHECK(parsed->transaction_id() == message.transaction_id());
  ICEBREAKER_CHECK(parsed->method() == Method::Binding);
}

void run(ByteView bytes) {
  const auto message = MessageView::parse(bytes);
  if (!message) return;
  read_attributes(*message);
  // Inputs are made without the key.
  ICEBREAKER_CHECK(!verify_message_integrity(*message, bytes_of("key")));
  ICEBREAKER_CHECK(!verify_message_integrity_sha256(*message, bytes_of("key")));
  ICEBREAKER_CHECK(!verify_fingerprint(*message) || message->has<Fingerprint>());
  const bool is_binding_request =
      message->message_class() == MessageClass::Request && message->method() == Method::Binding;
  if (is_binding_request) answer(*message);
}

}  // namespace
}  // namespace icebreaker::stun

// NOLINTNEXTLINE(readability-identifier-naming): libFuzzer calls it by this name.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  icebreaker::stun::run(std::as_bytes(std::span{data, size}));
  return 0;
}
