#include "common/stun/message.hpp"

#include <array>
#include <chrono>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "common/stun/attributes.hpp"
#include "common/stun/message_builder.hpp"
#include "common/stun/unknown_attributes.hpp"

namespace icebreaker::stun {
namespace {

using namespace std::chrono_literals;

constexpr TransactionId kId{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{12}};

class MessageTest : public ::testing::Test {
 protected:
  MessageBuilder builder(MessageClass message_class = MessageClass::Request,
                         Method method = Method::Allocate) {
    return {buffer_, message_class, method, kId};
  }

  // A copy in a buffer of the very size, so that ASan sees any read past the message.
  std::vector<std::byte> wire_of(const MessageBuilder& message) {
    const ByteView bytes = message.finish();
    return {bytes.begin(), bytes.end()};
  }

 private:
  std::array<std::byte, 1024> buffer_{};
};

TEST_F(MessageTest, KeepsClassMethodAndTransactionId) {
  using enum MessageClass;
  for (const MessageClass message_class : {Request, Indication, SuccessResponse, ErrorResponse}) {
    for (const unsigned method : {0x001U, 0x009U, 0x07FU, 0x080U, 0xFFFU}) {
      const auto wire = wire_of(builder(message_class, static_cast<Method>(method)));
      const auto message = MessageView::parse(wire);

      ASSERT_TRUE(message.has_value());
      EXPECT_EQ(message->message_class(), message_class);
      EXPECT_EQ(static_cast<unsigned>(message->method()), method);
      EXPECT_EQ(message->transaction_id(), kId);
    }
  }
}

TEST_F(MessageTest, WritesTheTypeThatTheRfcGivesABindingErrorResponse) {
  const auto wire = wire_of(builder(MessageClass::ErrorResponse, Method::Binding));

  EXPECT_EQ(ByteReader{wire}.u16(), 0x0111);
}

TEST_F(MessageTest, TellsAbsentFromMalformed) {
  const auto wire = wire_of(
      builder().add<Lifetime>(600s).add_raw(AttributeType::RequestedTransport, bytes_of("udp")));
  const auto message = MessageView::parse(wire).value();

  EXPECT_EQ(message.get<Lifetime>(), 600s);
  EXPECT_EQ(message.get<RequestedTransport>(), std::unexpected(AttributeError::Malformed));
  EXPECT_EQ(message.get<Realm>(), std::unexpected(AttributeError::Absent));
  EXPECT_TRUE(message.has<RequestedTransport>());
  EXPECT_FALSE(message.has<Realm>());
}

TEST_F(MessageTest, PadsWithZeroBytes) {
  std::array<std::byte, 64> dirty{};
  dirty.fill(std::byte{0xFF});
  const ByteView wire = MessageBuilder{dirty, MessageClass::Request, Method::Binding, kId}
                            .add<Username>("a")
                            .finish();

  ASSERT_EQ(wire.size(), kHeaderBytes + 8);
  EXPECT_EQ(text_of(wire.last(4)), (std::string_view{"a\0\0\0", 4}));
}

TEST_F(MessageTest, GivesTheFirstOfSeveralAndAllInOrder) {
  const auto wire = wire_of(builder().add<Realm>("one").add<Software>("x").add<Realm>("two"));
  const auto message = MessageView::parse(wire).value();

  EXPECT_EQ(message.get<Realm>(), "one");
  EXPECT_EQ(message.get_all<Realm>(), (std::vector<std::string_view>{"one", "two"}));
}

TEST_F(MessageTest, GetAllIsMalformedAsSoonAsOneIs) {
  const auto wire =
      wire_of(builder().add<Lifetime>(1s).add_raw(AttributeType::Lifetime, bytes_of("12345")));

  EXPECT_EQ(MessageView::parse(wire)->get_all<Lifetime>(),
            std::unexpected(AttributeError::Malformed));
}

TEST_F(MessageTest, RefusesWhatIsNotWholeOrNotStun) {
  const auto good = wire_of(builder().add<Realm>("example.org"));
  const auto parse = [](ByteView bytes) { return MessageView::parse(bytes).error(); };

  EXPECT_EQ(parse({}), ParseError::Truncated);
  EXPECT_EQ(parse(ByteView{good}.first(19)), ParseError::Truncated);
  EXPECT_EQ(parse(ByteView{good}.first(good.size() - 1)), ParseError::Truncated);
  auto longer = good;
  longer.push_back(std::byte{0});
  EXPECT_EQ(parse(longer), ParseError::BadLength);
  auto channel_data = good;
  channel_data[0] = std::byte{0x40};
  EXPECT_EQ(parse(channel_data), ParseError::NotStun);
  auto other_cookie = good;
  other_cookie[4] = std::byte{0};
  EXPECT_EQ(parse(other_cookie), ParseError::NotStun);
  auto odd_length = good;
  odd_length[3] = std::byte{3};
  EXPECT_EQ(parse(odd_length), ParseError::BadLength);
  auto long_attribute = good;
  long_attribute[kHeaderBytes + 3] = std::byte{13};
  EXPECT_EQ(parse(long_attribute), ParseError::BadAttributeLength);
}

TEST_F(MessageTest, DoesNotFinishWhatDoesNotFit) {
  std::array<std::byte, kHeaderBytes + 7> buffer{};
  MessageBuilder message{buffer, MessageClass::Request, Method::Binding, kId};

  EXPECT_EQ(message.finish().size(), kHeaderBytes);
  EXPECT_TRUE(message.add<Lifetime>(1s).finish().empty());
}

TEST_F(MessageTest, DoesNotFinishWhatExceedsThe16BitLength) {
  std::vector<std::byte> buffer(70'000);
  const std::vector<std::byte> data(65'532);
  MessageBuilder message{buffer, MessageClass::Indication, Method::Data, kId};

  EXPECT_TRUE(message.add<Data>(data).finish().empty());
}

TEST_F(MessageTest, AnswersWithTheRequestsMethodAndTransaction) {
  const auto request_wire = wire_of(builder(MessageClass::Request, Method::Refresh));
  const auto request = MessageView::parse(request_wire).value();
  std::array<std::byte, 128> buffer{};

  const auto success =
      MessageView::parse(MessageBuilder::success_response(buffer, request).finish()).value();
  EXPECT_EQ(success.message_class(), MessageClass::SuccessResponse);
  EXPECT_EQ(success.method(), Method::Refresh);
  EXPECT_EQ(success.transaction_id(), kId);

  const auto error =
      MessageView::parse(
          MessageBuilder::error_response(buffer, request, ErrorCode::StaleNonce).finish())
          .value();
  EXPECT_EQ(error.message_class(), MessageClass::ErrorResponse);
  EXPECT_EQ(error.get<ErrorCodeAttribute>()->code, ErrorCode::StaleNonce);
}

TEST_F(MessageTest, ListsEachUnknownRequiredAttributeOnce) {
  constexpr auto kRequired = static_cast<AttributeType>(0x7ABC);
  constexpr auto kOptional = static_cast<AttributeType>(0x9ABC);
  const auto wire = wire_of(builder()
                                .add<Username>("known")
                                .add_raw(kRequired, {})
                                .add_raw(kOptional, {})
                                .add_raw(kRequired, {}));
  constexpr std::array known{AttributeType::Username};

  EXPECT_EQ(unknown_attributes(MessageView::parse(wire).value(), known),
            AttributeTypeList{kRequired});
}

}  // namespace
}  // namespace icebreaker::stun
