// RFC 8656 §7.2: EVEN-PORT with R = 1 and RESERVATION-TOKEN.
#include <gtest/gtest.h>

#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::MessageBuilder;
using stun::Method;

class ReservedPort : public RelayFixture {
 protected:
  template <class A>
  static Bytes allocate_with(TurnClient& client, const typename A::Value& value) {
    return client.request(Method::Allocate, [&](MessageBuilder& builder) {
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
      builder.add<A>(value);
    });
  }

  ReservationToken reserve() {
    TurnClient alice = client("203.0.113.5:1");
    const auto reply =
        exchange(alice, allocate_with<stun::EvenPort>(alice, stun::PortReservation::EvenAndNext));
    const auto token = reply.message().get<stun::ReservationToken>();
    EXPECT_TRUE(token.has_value());
    return token.value_or(ReservationToken{});
  }

  int error_with_token(TurnClient& client, const ReservationToken& token) {
    return error_of(client, allocate_with<stun::ReservationToken>(client, token));
  }
};

TEST_F(ReservedPort, IsTheNextOneAndGoesToWhoeverOfTheUserBringsItsToken) {
  const ReservationToken token = reserve();
  TurnClient other = client("[2001:db8::77]:9");
  const Bytes request = allocate_with<stun::ReservationToken>(other, token);

  const ReceivedReply reply = exchange(other, request);

  EXPECT_EQ(reply.message().get<stun::XorRelayedAddress>()->value, address("198.18.0.9:50001"));
  EXPECT_FALSE(reply.message().has<stun::ReservationToken>());
  EXPECT_EQ(reservations_.size(now_.mono), 0U);
  EXPECT_EQ(exchange(other, request).bytes(), reply.bytes());
}

TEST_F(ReservedPort, KeepsItsTokenInARetransmission) {
  TurnClient alice = client();
  const Bytes request = allocate_with<stun::EvenPort>(alice, stun::PortReservation::EvenAndNext);

  EXPECT_EQ(exchange(alice, request).bytes(), exchange(alice, request).bytes());
  EXPECT_EQ(reservations_.size(now_.mono), 1U);
}

TEST_F(ReservedPort, IsHeldForThirtySeconds) {
  const ReservationToken token = reserve();
  advance(29s);
  EXPECT_TRUE(reservations_.find(now_.mono, token, kAlice).has_value());
  advance(1s);

  TurnClient other = client("203.0.113.5:2");
  EXPECT_EQ(error_with_token(other, token), 508);
  EXPECT_EQ(reservations_.size(now_.mono), 0U);
}

TEST_F(ReservedPort, IsNotForOtherUsersNorForWrongOrUsedTokens) {
  const ReservationToken token = reserve();
  TurnClient bob = client("203.0.113.5:2", "bob", "b");
  EXPECT_EQ(error_with_token(bob, token), 508);
  TurnClient alice = client("203.0.113.5:3");
  EXPECT_EQ(error_with_token(alice, {}), 508);
  EXPECT_EQ(error_with_token(alice, token), 0);

  TurnClient late = client("203.0.113.5:4");
  EXPECT_EQ(error_with_token(late, token), 508);
}

// Step 5.
TEST_F(ReservedPort, IsRefusedWith400TogetherWithEvenPortOrAFamily) {
  TurnClient alice = client();
  const auto error_with = [&](auto fill) {
    return error_of(alice, alice.request(Method::Allocate, [&](MessageBuilder& builder) {
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
      builder.add<stun::ReservationToken>({});
      fill(builder);
    }));
  };

  EXPECT_EQ(error_with([](MessageBuilder& builder) {
              builder.add<stun::EvenPort>(stun::PortReservation::EvenOnly);
            }),
            400);
  EXPECT_EQ(error_with([](MessageBuilder& builder) {
              builder.add<stun::RequestedAddressFamily>(stun::AddressFamily::V4);
            }),
            400);
  EXPECT_EQ(error_with([](MessageBuilder& builder) {
              builder.add<stun::AdditionalAddressFamily>(stun::AddressFamily::V6);
            }),
            400);
}

TEST_F(ReservedPort, OfV6GivesAV6Relay) {
  TurnClient alice = client("203.0.113.5:1");
  const auto reply = exchange(alice, alice.request(Method::Allocate, [](MessageBuilder& builder) {
    builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
    builder.add<stun::RequestedAddressFamily>(stun::AddressFamily::V6);
    builder.add<stun::EvenPort>(stun::PortReservation::EvenAndNext);
  }));
  TurnClient other = client("203.0.113.5:2");

  const auto second = exchange(other, allocate_with<stun::ReservationToken>(
                                          other, *reply.message().get<stun::ReservationToken>()));

  EXPECT_EQ(second.message().get<stun::XorRelayedAddress>()->value, address("[2001:db8::1]:50001"));
}

TEST(ReservationLedgerTest, BoundsWhatAUserAndAllHold) {
  ReservationLedger ledger{{.per_user = 2, .total = 3}};
  std::uint16_t port = 50000;
  const auto hold = [&](std::string_view user) {
    ++port;
    return ledger.hold(MonoTime{}, {ReservationToken{static_cast<std::byte>(port)},
                                    std::string{user},
                                    {IpAddress::loopback(Family::V4), port}});
  };

  EXPECT_EQ(hold("a"), Hold::Granted);
  EXPECT_EQ(hold("a"), Hold::Granted);
  EXPECT_EQ(hold("a"), Hold::TooMany);
  EXPECT_EQ(hold("b"), Hold::Granted);
  EXPECT_EQ(hold("c"), Hold::TooMany);
  port = 50000;
  EXPECT_EQ(hold("c"), Hold::PortHeld);
  EXPECT_EQ(ledger.size(MonoTime{} + 29s), 3U);
  EXPECT_EQ(ledger.size(MonoTime{} + 30s), 0U);
}

}  // namespace
}  // namespace icebreaker::turn::test
