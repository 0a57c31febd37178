#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "common/stun/attributes.hpp"
#include "common/stun/integrity.hpp"
#include "common/stun/message_builder.hpp"
#include "common/stun/unknown_attributes.hpp"
#include "tests/data/stun/rfc_vectors.hpp"
#include "tests/support/hex.hpp"

namespace icebreaker::stun {
namespace {

using Bytes = std::vector<std::byte>;  // of the very size, so that ASan sees any read past it

rc::Gen<std::byte> any_byte() {
  return rc::gen::map(rc::gen::arbitrary<std::uint8_t>(),
                      [](std::uint8_t value) { return std::byte{value}; });
}

rc::Gen<Bytes> any_bytes() {
  return rc::gen::container<Bytes>(any_byte());
}

template <class... Attributes>
void decode_each(const MessageView& message) {
  (static_cast<void>(message.get_all<Attributes>()), ...);
}

// Everything that a server or client may do with a message that somebody sent.
void use_everywhere(ByteView wire) {
  const auto message = MessageView::parse(wire);
  if (!message) return;
  decode_each<MappedAddress, XorMappedAddress, Username, Userhash, MessageIntegrity,
              MessageIntegritySha256, Fingerprint, ErrorCodeAttribute, Realm, Nonce, Software,
              UnknownAttributes, PasswordAlgorithm, PasswordAlgorithms, AlternateServer,
              AlternateDomain>(*message);
  decode_each<ChannelNumberAttribute, Lifetime, XorPeerAddress, XorRelayedAddress, Data,
              RequestedAddressFamily, AdditionalAddressFamily, EvenPort, RequestedTransport,
              DontFragment, ReservationToken, AddressErrorCode, Icmp>(*message);
  decode_each<Priority, UseCandidate, IceControlled, IceControlling, ChangeRequest, Padding,
              ResponsePort, ResponseOrigin, OtherAddress>(*message);
  static_cast<void>(unknown_attributes(*message, {}));
  // No HMAC in here was made with this key.
  RC_ASSERT_FALSE(verify_message_integrity(*message, bytes_of("other key")).has_value());
  RC_ASSERT_FALSE(verify_message_integrity_sha256(*message, bytes_of("other key")).has_value());
  const bool fingerprinted = verify_fingerprint(*message).has_value();
  RC_ASSERT(!fingerprinted || message->has<Fingerprint>());
}

RC_GTEST_PROP(StunMessage, ArbitraryBytesAreNeverReadOutside, ()) {
  use_everywhere(*any_bytes());
}

// Arbitrary attributes, types that we decode among them, behind a header that lets them through.
RC_GTEST_PROP(StunMessage, ArbitraryAttributesAreNeverReadOutside, ()) {
  Bytes wire = *any_bytes();
  wire.resize(wire.size() / 4 * 4);
  Bytes header(kHeaderBytes);
  ByteWriter out{header};
  out.u16(*rc::gen::inRange<std::uint16_t>(0, 0x4000));
  out.u16(static_cast<std::uint16_t>(wire.size()));
  out.u32(kMagicCookie);
  for (std::size_t at = 0; at < wire.size(); at += 8) {
    wire[at] = *rc::gen::element(std::byte{0x00}, std::byte{0x80});
    wire[at + 1] &= std::byte{0x3F};
    wire[at + 2] = std::byte{0};
    wire[at + 3] &= std::byte{0x0F};
  }
  wire.insert(wire.begin(), header.begin(), header.end());

  use_everywhere(wire);
}

RC_GTEST_PROP(StunMessage, DamagedMessagesAreNeverReadOutside, ()) {
  Bytes wire = bytes_of_hex(*rc::gen::element(
      test_data::kRfc5769Request, test_data::kRfc5769Ipv4Response, test_data::kRfc5769Ipv6Response,
      test_data::kRfc5769LongTermRequest, test_data::kRfc8489Sha256Request));
  const int changes = *rc::gen::inRange(1, 6);
  for (int change = 0; change < changes; ++change) {
    wire.at(*rc::gen::inRange<std::size_t>(0, wire.size())) = *any_byte();
  }

  use_everywhere(wire);
  wire.resize(*rc::gen::inRange<std::size_t>(0, wire.size()));
  wire.shrink_to_fit();
  use_everywhere(wire);
}

RC_GTEST_PROP(StunMessage, ParsingGivesBackWhatWasBuilt, ()) {
  using enum AttributeType;
  const auto type = rc::gen::suchThat(rc::gen::arbitrary<std::uint16_t>(), [](std::uint16_t raw) {
    const auto each = static_cast<AttributeType>(raw);
    return each != MessageIntegrity && each != MessageIntegritySha256 && each != Fingerprint;
  });
  const auto attributes = *rc::gen::container<std::vector<std::pair<std::uint16_t, Bytes>>>(
      rc::gen::pair(type, any_bytes()));
  const auto message_class = static_cast<MessageClass>(*rc::gen::inRange(0, 4));
  const auto method = static_cast<Method>(*rc::gen::inRange(0, 0x1000));
  const Bytes key = *any_bytes();
  TransactionId id{};
  for (std::byte& each : id) each = *any_byte();

  Bytes buffer(65'536, std::byte{0xFF});
  MessageBuilder builder{buffer, message_class, method, id};
  for (const auto& [raw, value] : attributes) {
    builder.add_raw(static_cast<AttributeType>(raw), value);
  }
  const ByteView wire = builder.add_message_integrity(key)
                            .add_message_integrity_sha256(key)
                            .add_fingerprint()
                            .finish();
  RC_PRE(!wire.empty());
  const auto message = MessageView::parse(wire);

  RC_ASSERT(message.has_value());
  RC_ASSERT(message->message_class() == message_class);
  RC_ASSERT(message->method() == method);
  RC_ASSERT(message->transaction_id() == id);
  RC_ASSERT(verify_message_integrity(*message, key).has_value());
  RC_ASSERT(verify_message_integrity_sha256(*message, key).has_value());
  RC_ASSERT(verify_fingerprint(*message).has_value());
  auto found = message->begin();
  for (const auto& [raw, value] : attributes) {
    RC_ASSERT(found->type == static_cast<AttributeType>(raw));
    RC_ASSERT(hex_of(found->value) == hex_of(value));
    const std::size_t end = found.offset() + kAttributeHeaderBytes + value.size();
    for (std::size_t at = end; at % 4 != 0; ++at) RC_ASSERT(wire[at] == std::byte{0});
    ++found;
  }
  RC_ASSERT(found->type == MessageIntegrity);
}

}  // namespace
}  // namespace icebreaker::stun
