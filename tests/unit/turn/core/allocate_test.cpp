#include <gtest/gtest.h>

#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::MessageBuilder;
using stun::Method;

class Allocate : public RelayFixture {
 protected:
  template <class A>
  static Bytes allocate_with(TurnClient& client, const typename A::Value& value) {
    return client.request(Method::Allocate, [&](MessageBuilder& builder) {
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
      builder.add<A>(value);
    });
  }
};

TEST_F(Allocate, TellsRelayedAndMappedAddressAndLifetimeOnceTheRelayIsBound) {
  TurnClient alice = client();
  shell_ = Shell::KeepsRelaysWaiting;
  replies_.clear();

  deliver(alice, alice.allocate());
  EXPECT_TRUE(replies_.empty());
  const auto open = seen<effect::OpenRelay>().at(0);
  EXPECT_EQ(open.address, ip("10.0.0.1"));
  relay_->on_relay_opened(now_, open.relay, {open.address, 50123}, effects_);
  run_shell();

  const auto reply = replies_.at(0).message();
  EXPECT_EQ(reply.get<stun::XorRelayedAddress>()->value, address("198.18.0.9:50123"));
  EXPECT_EQ(reply.get<stun::XorMappedAddress>(), alice.tuple().client.value);
  EXPECT_EQ(reply.get<stun::Lifetime>(), 600s);
  EXPECT_TRUE(stun::verify_message_integrity(reply, alice.key()).has_value());
  EXPECT_EQ(last_client_, alice.tuple());
}

TEST_F(Allocate, AnswersARetransmissionWithTheSameSuccess) {
  TurnClient alice = client();
  const Bytes request = alice.allocate();

  const ReceivedReply first = exchange(alice, request);
  const ReceivedReply again = exchange(alice, request);

  EXPECT_TRUE(first.succeeded());
  EXPECT_EQ(first.bytes(), again.bytes());
  EXPECT_EQ(seen<effect::OpenRelay>().size(), 1U);
}

TEST_F(Allocate, WaitsQuietlyWhenARetransmissionOvertakesTheBind) {
  TurnClient alice = client();
  shell_ = Shell::KeepsRelaysWaiting;
  const Bytes request = alice.allocate();
  deliver(alice, request);
  replies_.clear();

  EXPECT_EQ(std::get<Drop>(deliver(alice, request)), Drop::RelayOpening);
  EXPECT_TRUE(replies_.empty());
}

TEST_F(Allocate, RefusesASecondAllocationOfTheSameClientWith437) {
  TurnClient alice = allocated_client();

  EXPECT_EQ(error_of(alice, alice.allocate()), 437);
}

TEST_F(Allocate, Answers508AndForgetsEverythingWhenNoPortCanBeBound) {
  TurnClient alice = client();
  shell_ = Shell::FailsRelays;

  const ReceivedReply reply = exchange(alice, alice.allocate());

  EXPECT_EQ(reply.error(), 508);
  EXPECT_TRUE(stun::verify_message_integrity(reply.message(), alice.key()).has_value());
  EXPECT_EQ(relay_->allocations(), 0U);
  EXPECT_EQ(quota_.total(), 0U);
  EXPECT_FALSE(relay_->next_deadline().has_value());
}

TEST_F(Allocate, ClosesARelayThatNobodyWaitsFor) {
  relay_->on_relay_opened(now_, RelayId{99}, address("10.0.0.1:50000"), effects_);

  EXPECT_EQ(std::get<effect::CloseRelay>(effects_.at(0)).relay, RelayId{99});
}

TEST_F(Allocate, WantsUdpAsRequestedTransport) {
  TurnClient alice = client();

  EXPECT_EQ(error_of(alice, alice.request(Method::Allocate)), 400);
  EXPECT_EQ(error_of(alice, alice.request(Method::Allocate,
                                          [](MessageBuilder& builder) {
                                            builder.add<stun::RequestedTransport>(
                                                stun::TransportProtocol::Tcp);
                                          })),
            442);
}

TEST_F(Allocate, GivesARelayOfTheFamilyAskedFor) {
  TurnClient alice = client();

  const auto reply =
      exchange(alice, allocate_with<stun::RequestedAddressFamily>(alice, stun::AddressFamily::V6));

  EXPECT_EQ(reply.message().get<stun::XorRelayedAddress>()->value.ip, ip("2001:db8::1"));
}

TEST_F(Allocate, Answers440ForAFamilyWithoutARelayAddress) {
  config_.interfaces.pop_back();
  relay_ = std::make_unique<Relay>(config_, rules({}), random_, quota_, reservations_);
  TurnClient alice = client();

  EXPECT_EQ(
      error_of(alice, allocate_with<stun::RequestedAddressFamily>(alice, stun::AddressFamily::V6)),
      440);
  EXPECT_EQ(error_of(alice, allocate_with<stun::RequestedAddressFamily>(
                                alice, static_cast<stun::AddressFamily>(9))),
            440);
}

TEST_F(Allocate, AsksForAnEvenPortWhenTheClientWantsOne) {
  TurnClient alice = client();

  exchange(alice, allocate_with<stun::EvenPort>(alice, stun::PortReservation::EvenOnly));

  EXPECT_EQ(seen<effect::OpenRelay>().at(0).parity, PortParity::Even);
}

TEST_F(Allocate, NamesAttributesItDoesNotUnderstandWith420) {
  TurnClient alice = client();

  constexpr auto kUnknown = static_cast<stun::AttributeType>(0x7F00);
  const auto reply = exchange(alice, alice.request(Method::Allocate, [&](MessageBuilder& builder) {
    builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
    builder.add_raw(kUnknown, {});
  }));

  EXPECT_EQ(reply.error(), 420);
  EXPECT_EQ(reply.message().get<stun::UnknownAttributes>(), stun::AttributeTypeList{kUnknown});
  EXPECT_TRUE(stun::verify_message_integrity(reply.message(), alice.key()).has_value());
}

TEST_F(Allocate, GrantsLifetimesBetweenTheDefaultAndTheMaximum) {
  const auto granted = [&](std::string_view from, std::chrono::seconds wanted) {
    TurnClient each = client(from);
    return exchange(each, allocate_with<stun::Lifetime>(each, wanted))
        .message()
        .get<stun::Lifetime>();
  };

  EXPECT_EQ(granted("203.0.113.5:1", 1s), 600s);
  EXPECT_EQ(granted("203.0.113.5:2", 601s), 601s);
  EXPECT_EQ(granted("203.0.113.5:3", 100h), 3600s);
}

class AllocateWithQuota : public RelayFixture {
 protected:
  AllocateWithQuota() : RelayFixture{{}, {.allocations_per_user = 2, .allocations = 3}} {}
};

TEST_F(AllocateWithQuota, Answers486PastTheUsersLimitAnd508PastTheServers) {
  for (const auto* from : {"203.0.113.5:1", "203.0.113.5:2"}) allocated_client(from);

  TurnClient third = client("203.0.113.5:3");
  EXPECT_EQ(error_of(third, third.allocate()), 486);
  TurnClient bob = client("203.0.113.5:4", "bob", "b");
  EXPECT_EQ(error_of(bob, bob.allocate()), 0);
  TurnClient bob_again = client("203.0.113.5:5", "bob", "b");
  EXPECT_EQ(error_of(bob_again, bob_again.allocate()), 508);
}

TEST_F(AllocateWithQuota, CountsRestUsersByThePartBehindTheTimestamp) {
  const auto allocate_as = [&](std::string_view from, const std::string& id,
                               std::chrono::seconds ttl) {
    const auto credentials = crypto::mint_turn_rest_credentials(kSecret, id, now_.wall + ttl);
    TurnClient each = client(from, credentials.username, credentials.password);
    return error_of(each, each.allocate());
  };

  EXPECT_EQ(allocate_as("203.0.113.5:1", "carol", 100s), 0);
  EXPECT_EQ(allocate_as("203.0.113.5:2", "carol", 200s), 0);
  EXPECT_EQ(allocate_as("203.0.113.5:3", "carol", 300s), 486);
  EXPECT_EQ(allocate_as("203.0.113.5:4", "dave", 300s), 0);
}

TEST_F(AllocateWithQuota, GivesQuotaBackWhenAnAllocationEnds) {
  TurnClient first = allocated_client("203.0.113.5:1");
  allocated_client("203.0.113.5:2");

  EXPECT_EQ(error_of(first, first.refresh(0s)), 0);

  TurnClient third = client("203.0.113.5:3");
  EXPECT_EQ(error_of(third, third.allocate()), 0);
}

TEST_F(AllocateWithQuota, Answers486PastTheLimitOfANetworkAndNamesTheLimit) {
  quota_.set_limits({.allocations_per_user = 0, .allocations_per_network = 2});
  const auto allocate_from = [&](std::string_view from) {
    TurnClient each = client(from);
    return std::get<Handled>(deliver(each, each.allocate()));
  };

  EXPECT_FALSE(allocate_from("203.0.113.5:1").error);
  TurnClient second = allocated_client("203.0.113.99:1");
  const Handled third = allocate_from("203.0.113.200:1");
  EXPECT_EQ(third.error, stun::ErrorCode::AllocationQuotaReached);
  EXPECT_EQ(third.quota, QuotaRefusal::NetworkLimit);
  EXPECT_FALSE(allocate_from("203.0.112.5:1").error);
  EXPECT_FALSE(allocate_from("[2001:db8:0:100::1]:1").error);
  EXPECT_FALSE(allocate_from("[2001:db8:0:1ff::1]:1").error);
  EXPECT_TRUE(allocate_from("[2001:db8:0:1aa::1]:1").error);
  EXPECT_FALSE(allocate_from("[2001:db8:0:200::1]:1").error);

  EXPECT_EQ(error_of(second, second.refresh(0s)), 0);
  EXPECT_FALSE(allocate_from("203.0.113.200:2").error);
  advance(600s);
  EXPECT_EQ(quota_.networks(), 0U);
}

}  // namespace
}  // namespace icebreaker::turn::test
