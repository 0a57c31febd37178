#include "tests/data/stun/rfc_vectors.hpp"

#include <array>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "common/crypto/long_term_key.hpp"
#include "common/stun/attributes.hpp"
#include "common/stun/integrity.hpp"
#include "common/stun/message_builder.hpp"
#include "tests/support/hex.hpp"

namespace icebreaker::stun {
namespace {

using namespace test_data;

class RfcVectors : public ::testing::Test {
 protected:
  MessageView parse(std::string_view hex) {
    wire_ = bytes_of_hex(hex);
    return MessageView::parse(wire_).value();
  }

 private:
  std::vector<std::byte> wire_;
};

TEST_F(RfcVectors, ShortTermRequestVerifies) {
  const MessageView message = parse(kRfc5769Request);

  EXPECT_EQ(message.get<Software>(), "STUN test client");
  EXPECT_EQ(message.get<Priority>(), 0x6E0001FFU);
  EXPECT_EQ(message.get<IceControlled>(), 0x932FF9B151263B36U);
  EXPECT_EQ(message.get<Username>(), "evtj:h6vY");
  EXPECT_TRUE(verify_message_integrity(message, bytes_of(kShortTermPassword)).has_value());
  EXPECT_TRUE(verify_fingerprint(message).has_value());
  EXPECT_EQ(verify_message_integrity(message, bytes_of("other")),
            std::unexpected(IntegrityError::Mismatch));
}

TEST_F(RfcVectors, ResponsesVerifyAndCarryTheMappedAddress) {
  const MessageView v4 = parse(kRfc5769Ipv4Response);
  EXPECT_EQ(v4.get<XorMappedAddress>(), SocketAddress::parse("192.0.2.1:32853").value());
  EXPECT_TRUE(verify_message_integrity(v4, bytes_of(kShortTermPassword)).has_value());
  EXPECT_TRUE(verify_fingerprint(v4).has_value());

  const MessageView v6 = parse(kRfc5769Ipv6Response);
  EXPECT_EQ(v6.get<XorMappedAddress>(),
            SocketAddress::parse("[2001:db8:1234:5678:11:2233:4455:6677]:32853").value());
  EXPECT_TRUE(verify_message_integrity(v6, bytes_of(kShortTermPassword)).has_value());
  EXPECT_TRUE(verify_fingerprint(v6).has_value());
}

TEST_F(RfcVectors, LongTermRequestVerifies) {
  const MessageView message = parse(kRfc5769LongTermRequest);
  const auto key = crypto::long_term_key_md5(kLongTermUsername, kLongTermRealm, kLongTermPassword);

  EXPECT_EQ(message.get<Username>(), kLongTermUsername);
  EXPECT_EQ(message.get<Nonce>(), "f//499k954d6OL34oL9FSTvy64sA");
  EXPECT_EQ(message.get<Realm>(), kLongTermRealm);
  EXPECT_TRUE(verify_message_integrity(message, key).has_value());
  EXPECT_EQ(verify_fingerprint(message), std::unexpected(IntegrityError::Absent));
}

TEST_F(RfcVectors, Sha256RequestWithUserhashVerifies) {
  const MessageView message = parse(kRfc8489Sha256Request);
  const auto key =
      crypto::long_term_key_sha256(kLongTermUsername, kLongTermRealm, kLongTermPassword);

  EXPECT_EQ(message.get<Userhash>(), crypto::userhash(kLongTermUsername, kLongTermRealm));
  EXPECT_EQ(message.get<Nonce>(), "obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA");
  EXPECT_EQ(message.get<PasswordAlgorithm>()->number, PasswordAlgorithmNumber::Sha256);
  EXPECT_TRUE(verify_message_integrity_sha256(message, key).has_value());
  EXPECT_EQ(verify_message_integrity(message, key), std::unexpected(IntegrityError::Absent));
}

TEST_F(RfcVectors, BuilderWritesTheLongTermRequestByteForByte) {
  const MessageView sample = parse(kRfc5769LongTermRequest);
  const auto key = crypto::long_term_key_md5(kLongTermUsername, kLongTermRealm, kLongTermPassword);
  std::array<std::byte, 256> buffer{};

  const ByteView built =
      MessageBuilder{buffer, MessageClass::Request, Method::Binding, sample.transaction_id()}
          .add<Username>(kLongTermUsername)
          .add<Nonce>("f//499k954d6OL34oL9FSTvy64sA")
          .add<Realm>(kLongTermRealm)
          .add_message_integrity(key)
          .finish();

  EXPECT_EQ(hex_of(built), hex_of(sample.bytes()));
}

TEST_F(RfcVectors, BuilderWritesTheSha256RequestByteForByte) {
  const MessageView sample = parse(kRfc8489Sha256Request);
  std::array<std::byte, 256> buffer{};

  const ByteView built =
      MessageBuilder{buffer, MessageClass::Request, Method::Binding, sample.transaction_id()}
          .add<Userhash>(crypto::userhash(kLongTermUsername, kLongTermRealm))
          .add<Nonce>("obMatJos2AAACf//499k954d6OL34oL9FSTvy64sA")
          .add<Realm>(kLongTermRealm)
          .add<PasswordAlgorithm>({PasswordAlgorithmNumber::Sha256, {}})
          .add_message_integrity_sha256(
              crypto::long_term_key_sha256(kLongTermUsername, kLongTermRealm, kLongTermPassword))
          .finish();

  EXPECT_EQ(hex_of(built), hex_of(sample.bytes()));
}

}  // namespace
}  // namespace icebreaker::stun
