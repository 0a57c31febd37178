#include "common/stun/binding_responder.hpp"

#include <array>
#include <cstddef>

#include <gtest/gtest.h>

#include "common/stun/attributes.hpp"
#include "common/stun/integrity.hpp"
#include "common/stun/message_builder.hpp"

namespace icebreaker::stun {
namespace {

constexpr TransactionId kId{std::byte{1}, std::byte{2}, std::byte{3}};

ClientAddress client(std::string_view text) {
  return {SocketAddress::parse(text).value()};
}

class BindingResponder : public ::testing::Test {
 protected:
  MessageBuilder request() { return {request_, MessageClass::Request, Method::Binding, kId}; }

  // The reply, parsed; its error is in error_.
  MessageView respond(const MessageBuilder& request, const ClientAddress& from) {
    const auto message = MessageView::parse(request.finish());
    const BindingReply reply = respond_to_binding(message.value(), from, reply_);
    error_ = reply.error;
    return MessageView::parse(reply.bytes).value();
  }

  std::array<std::byte, 128> request_{};
  std::array<std::byte, 128> reply_{};
  std::optional<ErrorCode> error_;
};

TEST_F(BindingResponder, TellsTheClientItsAddress) {
  for (const auto* address : {"192.0.2.7:4000", "[2001:db8::7]:4000"}) {
    const MessageView reply = respond(request(), client(address));

    EXPECT_EQ(reply.message_class(), MessageClass::SuccessResponse);
    EXPECT_EQ(reply.method(), Method::Binding);
    EXPECT_EQ(reply.transaction_id(), kId);
    EXPECT_EQ(reply.get<XorMappedAddress>(), client(address).value);
    EXPECT_FALSE(error_.has_value());
  }
}

TEST_F(BindingResponder, AnswersAtMostOnePointSixTimesTheRequestOverV4) {
  const MessageView reply = respond(request(), client("192.0.2.7:4000"));

  EXPECT_LE(reply.bytes().size() * 10, kHeaderBytes * 16);
}

TEST_F(BindingResponder, AddsAFingerprintWhenTheRequestHasOne) {
  EXPECT_FALSE(respond(request(), client("192.0.2.7:4000")).has<Fingerprint>());

  const MessageView reply = respond(request().add_fingerprint(), client("192.0.2.7:4000"));

  EXPECT_TRUE(verify_fingerprint(reply).has_value());
}

TEST_F(BindingResponder, RefusesUnknownRequiredAttributesWith420) {
  const auto unknown = static_cast<AttributeType>(0x7FFE);

  const MessageView reply = respond(request().add_raw(unknown, {}), client("192.0.2.7:4000"));

  EXPECT_EQ(error_, ErrorCode::UnknownAttribute);
  EXPECT_EQ(reply.message_class(), MessageClass::ErrorResponse);
  EXPECT_EQ(reply.get<ErrorCodeAttribute>()->code, ErrorCode::UnknownAttribute);
  EXPECT_EQ(reply.get<UnknownAttributes>(), AttributeTypeList{unknown});
}

TEST_F(BindingResponder, IgnoresUnknownOptionalAttributes) {
  const auto unknown = static_cast<AttributeType>(0xFFFE);

  respond(request().add_raw(unknown, {}).add<Software>("x"), client("192.0.2.7:4000"));

  EXPECT_FALSE(error_.has_value());
}

TEST_F(BindingResponder, IgnoresCredentials) {
  const auto key = bytes_of("key");

  respond(request().add<Username>("alice").add_message_integrity(key), client("192.0.2.7:4000"));

  EXPECT_FALSE(error_.has_value());
}

}  // namespace
}  // namespace icebreaker::stun
