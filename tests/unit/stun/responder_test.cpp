#include "stun/core/responder.hpp"

#include <array>
#include <vector>

#include <gtest/gtest.h>

#include "common/stun/attributes.hpp"
#include "common/stun/integrity.hpp"
#include "common/stun/message.hpp"
#include "common/stun/message_builder.hpp"

namespace icebreaker::stun {
namespace {

constexpr TransactionId kId{std::byte{1}, std::byte{2}, std::byte{3}};

ClientAddress client(std::string_view text) {
  return {*SocketAddress::parse(text)};
}

enum class WithFingerprint : std::uint8_t { No, Yes };

struct Wanted {
  MessageClass message_class = MessageClass::Request;
  Method method = Method::Binding;
  std::vector<std::uint16_t> attributes = {};  // with empty values
  WithFingerprint fingerprint = WithFingerprint::No;
};

std::vector<std::byte> message(const Wanted& wanted = {}) {
  std::array<std::byte, 512> buffer{};
  MessageBuilder builder{buffer, wanted.message_class, wanted.method, kId};
  for (const std::uint16_t type : wanted.attributes) {
    builder.add_raw(static_cast<AttributeType>(type), {});
  }
  if (wanted.fingerprint == WithFingerprint::Yes) builder.add_fingerprint();
  const ByteView bytes = builder.finish();
  return {bytes.begin(), bytes.end()};
}

class ResponderTest : public testing::Test {
 protected:
  Response respond(ByteView request, std::string_view from = "192.0.2.7:4242") {
    return respond_to(request, client(from), buffer_);
  }

  Outcome silent_outcome(ByteView request) {
    const Response response = respond(request);
    EXPECT_TRUE(response.bytes.empty());
    return response.outcome;
  }

 private:
  std::array<std::byte, kMaxResponseBytes> buffer_{};
};

TEST_F(ResponderTest, TellsTheClientItsAddress) {
  const auto request = message();

  const Response response = respond(request);

  EXPECT_EQ(response.outcome, Outcome::Success);
  const auto reply = MessageView::parse(response.bytes);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->message_class(), MessageClass::SuccessResponse);
  EXPECT_EQ(reply->method(), Method::Binding);
  EXPECT_EQ(reply->transaction_id(), kId);
  EXPECT_EQ(reply->get<XorMappedAddress>(), *SocketAddress::parse("192.0.2.7:4242"));
  EXPECT_FALSE(reply->has<Software>());
  EXPECT_FALSE(reply->has<Fingerprint>());
}

TEST_F(ResponderTest, TellsAnIpv6ClientItsAddress) {
  const auto request = message();

  const auto reply = MessageView::parse(respond(request, "[2001:db8::7]:4242").bytes);

  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->get<XorMappedAddress>(), *SocketAddress::parse("[2001:db8::7]:4242"));
}

TEST_F(ResponderTest, AmplifiesABindingRequestAtMostByOnePointSix) {
  constexpr std::size_t kIpv6UdpHeaders = 48;
  const auto request = message();
  const auto with_unknown = message({.attributes = {0x7001}});

  EXPECT_LE(respond(request).bytes.size() * 10, request.size() * 16);
  EXPECT_LE(respond(with_unknown).bytes.size() * 10, with_unknown.size() * 16);
  // The address alone has 16 bytes there: the bound holds for what the link carries.
  EXPECT_LE((respond(request, "[2001:db8::7]:1").bytes.size() + kIpv6UdpHeaders) * 10,
            (request.size() + kIpv6UdpHeaders) * 16);
}

TEST_F(ResponderTest, AddsAFingerprintForClientsThatUseOne) {
  const auto request = message({.fingerprint = WithFingerprint::Yes});

  const Response response = respond(request);

  EXPECT_EQ(response.outcome, Outcome::Success);
  const auto reply = MessageView::parse(response.bytes);
  ASSERT_TRUE(reply.has_value());
  EXPECT_TRUE(verify_fingerprint(*reply).has_value());
}

TEST_F(ResponderTest, NamesTheUnknownAttributesThatItMustUnderstand) {
  const auto request = message({.attributes = {0x7001, 0xC001, 0x7002}});

  const Response response = respond(request);

  EXPECT_EQ(response.outcome, Outcome::UnknownAttribute);
  const auto reply = MessageView::parse(response.bytes);
  ASSERT_TRUE(reply.has_value());
  EXPECT_EQ(reply->message_class(), MessageClass::ErrorResponse);
  EXPECT_EQ(reply->transaction_id(), kId);
  EXPECT_EQ(reply->get<ErrorCodeAttribute>()->code, ErrorCode::UnknownAttribute);
  const auto unknown = reply->get<UnknownAttributes>();
  ASSERT_TRUE(unknown.has_value());
  EXPECT_EQ(*unknown, (AttributeTypeList{AttributeType{0x7001}, AttributeType{0x7002}}));
}

TEST_F(ResponderTest, FitsTheAnswerToTheMostUnknownAttributes) {
  Wanted wanted{.fingerprint = WithFingerprint::Yes};
  for (std::uint16_t i = 0; i < 60; ++i) {
    wanted.attributes.push_back(static_cast<std::uint16_t>(0x7000 + i));
  }

  const Response response = respond(message(wanted));

  EXPECT_EQ(response.outcome, Outcome::UnknownAttribute);
  EXPECT_TRUE(MessageView::parse(response.bytes).has_value());
}

TEST_F(ResponderTest, AnswersRequestsWithAttributesThatItMayIgnore) {
  EXPECT_EQ(respond(message({.attributes = {0xC001, 0x8022}})).outcome, Outcome::Success);
}

TEST_F(ResponderTest, StaysSilentOnAWrongFingerprint) {
  auto request = message({.fingerprint = WithFingerprint::Yes});
  request.back() ^= std::byte{1};

  EXPECT_EQ(silent_outcome(request), Outcome::WrongFingerprint);
}

TEST_F(ResponderTest, StaysSilentOnIndicationsAndResponses) {
  for (const MessageClass each :
       {MessageClass::Indication, MessageClass::SuccessResponse, MessageClass::ErrorResponse}) {
    EXPECT_EQ(silent_outcome(message({.message_class = each})), Outcome::NotARequest);
  }
}

TEST_F(ResponderTest, StaysSilentOnOtherMethods) {
  EXPECT_EQ(silent_outcome(message({.method = Method::Allocate})), Outcome::UnknownMethod);
  EXPECT_EQ(silent_outcome(message({.method = Method{0xFFF}})), Outcome::UnknownMethod);
}

TEST_F(ResponderTest, StaysSilentOnRequestsWithoutTheMagicCookie) {
  auto request = message();
  request[4] = std::byte{0};

  EXPECT_EQ(silent_outcome(request), Outcome::NotStun);
}

TEST_F(ResponderTest, StaysSilentOnGarbage) {
  const auto request = message({.attributes = {0x7001}});

  EXPECT_EQ(silent_outcome({}), Outcome::Malformed);
  EXPECT_EQ(silent_outcome(bytes_of("GET / HTTP/1.1\r\nHost: x\r\n\r\n")), Outcome::NotStun);
  for (std::size_t size = 1; size < request.size(); ++size) {
    EXPECT_TRUE(respond(ByteView{request}.first(size)).bytes.empty()) << size;
  }
  auto too_long = request;
  too_long.push_back(std::byte{0});
  EXPECT_EQ(silent_outcome(too_long), Outcome::Malformed);
  auto reaching_past = request;
  reaching_past[23] = std::byte{9};
  EXPECT_EQ(silent_outcome(reaching_past), Outcome::Malformed);
}

TEST(Outcome, HasANameForEach) {
  for (std::size_t i = 0; i < static_cast<std::size_t>(Outcome::Count); ++i)
    EXPECT_NE(name_of(static_cast<Outcome>(i)), "unknown");
}

}  // namespace
}  // namespace icebreaker::stun
