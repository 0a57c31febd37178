#include "common/stun/integrity.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "common/crypto/hmac.hpp"
#include "common/stun/attributes.hpp"
#include "common/stun/message_builder.hpp"

namespace icebreaker::stun {
namespace {

using namespace std::chrono_literals;
using Failure = std::unexpected<IntegrityError>;

constexpr Failure kAbsent{IntegrityError::Absent};
constexpr Failure kMalformed{IntegrityError::Malformed};
constexpr Failure kMismatch{IntegrityError::Mismatch};

class IntegrityTest : public ::testing::Test {
 protected:
  MessageBuilder builder() { return {buffer_, MessageClass::Request, Method::Refresh, {}}; }

  static std::vector<std::byte> copy_of(const MessageBuilder& message) {
    const ByteView bytes = message.finish();
    return {bytes.begin(), bytes.end()};
  }

  ByteView key() const { return bytes_of("key"); }

 private:
  std::array<std::byte, 512> buffer_{};
};

TEST_F(IntegrityTest, EveryTrailerOfOneMessageVerifies) {
  const auto wire = copy_of(builder()
                                .add<Lifetime>(600s)
                                .add_message_integrity(key())
                                .add_message_integrity_sha256(key())
                                .add_fingerprint());
  const auto message = MessageView::parse(wire).value();

  EXPECT_TRUE(verify_message_integrity(message, key()).has_value());
  EXPECT_TRUE(verify_message_integrity_sha256(message, key()).has_value());
  EXPECT_TRUE(verify_fingerprint(message).has_value());
}

TEST_F(IntegrityTest, AttributesAfterMessageIntegrityAreIgnored) {
  const auto wire = copy_of(builder()
                                .add<Lifetime>(600s)
                                .add_message_integrity(key())
                                .add<Lifetime>(0s)
                                .add<XorPeerAddress>({*SocketAddress::parse("192.0.2.1:1")})
                                .add_fingerprint());
  const auto message = MessageView::parse(wire).value();

  EXPECT_TRUE(verify_message_integrity(message, key()).has_value());
  EXPECT_TRUE(verify_fingerprint(message).has_value());
  EXPECT_EQ(message.get_all<Lifetime>(), std::vector{600s});
  EXPECT_FALSE(message.has<XorPeerAddress>());
}

TEST_F(IntegrityTest, AttributesAfterMessageIntegritySha256AreIgnored) {
  const auto wire = copy_of(builder()
                                .add_message_integrity_sha256(key())
                                .add<Lifetime>(0s)
                                .add_message_integrity(key())
                                .add_fingerprint());
  const auto message = MessageView::parse(wire).value();

  EXPECT_FALSE(message.has<Lifetime>());
  EXPECT_EQ(verify_message_integrity(message, key()), kAbsent);
  EXPECT_TRUE(verify_message_integrity_sha256(message, key()).has_value());
}

TEST_F(IntegrityTest, NothingCountsAfterFingerprint) {
  const auto wire = copy_of(builder().add_fingerprint().add<Lifetime>(0s));
  const auto message = MessageView::parse(wire).value();

  EXPECT_FALSE(message.has<Lifetime>());
  EXPECT_EQ(verify_fingerprint(message), kMalformed);
}

TEST_F(IntegrityTest, AnyChangedBitIsAMismatch) {
  const auto good = copy_of(builder().add<Lifetime>(600s).add_message_integrity(key()));
  for (const std::size_t index : {std::size_t{8}, kHeaderBytes + 7, good.size() - 1}) {
    auto bad = good;
    bad[index] ^= std::byte{1};

    EXPECT_EQ(verify_message_integrity(MessageView::parse(bad).value(), key()), kMismatch);
  }
}

TEST_F(IntegrityTest, WrongSizesAreMalformed) {
  const auto wire = copy_of(builder()
                                .add_raw(AttributeType::MessageIntegrity, bytes_of("short"))
                                .add_raw(AttributeType::Fingerprint, bytes_of("12345")));
  const auto message = MessageView::parse(wire).value();

  EXPECT_EQ(verify_message_integrity(message, key()), kMalformed);
  EXPECT_EQ(verify_message_integrity_sha256(message, key()), kAbsent);
  EXPECT_EQ(verify_fingerprint(message), kMalformed);
}

class TruncatedSha256 : public IntegrityTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  // As a sender that keeps only so many bytes of the HMAC (RFC 8489 §14.6).
  std::vector<std::byte> message_with(std::size_t hmac_bytes) {
    auto wire = copy_of(
        builder().add_raw(AttributeType::MessageIntegritySha256, std::vector(hmac_bytes, kZero)));
    const std::size_t covered = kHeaderBytes;
    const auto hmac = crypto::hmac_sha256(key(), ByteView{wire}.first(covered));
    const std::size_t kept = std::min(hmac_bytes, hmac.size());
    std::copy_n(hmac.begin(), kept, wire.begin() + covered + kAttributeHeaderBytes);
    return wire;
  }

 private:
  static constexpr std::byte kZero{};
};

TEST_P(TruncatedSha256, IsAcceptedFrom16BytesInStepsOf4) {
  const std::size_t bytes = GetParam();
  const auto wire = message_with(bytes);
  const auto result = verify_message_integrity_sha256(MessageView::parse(wire).value(), key());

  const bool legal = bytes >= 16 && bytes <= 32 && bytes % 4 == 0;
  if (legal) {
    EXPECT_TRUE(result.has_value());
  } else {
    EXPECT_EQ(result, kMalformed);
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, TruncatedSha256,
                         ::testing::Values(0U, 4U, 12U, 15U, 16U, 17U, 20U, 24U, 28U, 32U, 36U));

}  // namespace
}  // namespace icebreaker::stun
