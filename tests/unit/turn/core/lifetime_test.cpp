#include <gtest/gtest.h>

#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

class Lifetimes : public RelayFixture {};

TEST_F(Lifetimes, AnAllocationEndsAfterTenMinutes) {
  TurnClient alice = allocated_client();

  advance(599s);
  EXPECT_TRUE(seen<effect::CloseRelay>().empty());
  advance(1s);

  EXPECT_EQ(seen<effect::CloseRelay>().at(0).relay, relay_of(alice));
  const auto ended = seen<effect::AllocationEnded>().at(0);
  EXPECT_EQ(ended.reason, EndReason::Expired);
  EXPECT_EQ(ended.username, kAlice);
  EXPECT_EQ(ended.relayed.value, address("198.18.0.9:50000"));
  EXPECT_EQ(ended.age, 600s);
  EXPECT_EQ(relay_->allocations(), 0U);
  EXPECT_EQ(quota_.total(), 0U);
  EXPECT_EQ(error_of(alice, alice.refresh(600s)), 437);
}

TEST_F(Lifetimes, AnAllocateAfterTheEndBeforeTheDeadlineWasServedEndsTheOldOne) {
  TurnClient alice = allocated_client();
  now_.mono += 600s;

  EXPECT_EQ(error_of(alice, alice.allocate()), 0);

  EXPECT_EQ(seen<effect::AllocationEnded>().at(0).reason, EndReason::Expired);
  EXPECT_EQ(relay_->allocations(), 1U);
  EXPECT_EQ(quota_.total(), 1U);
}

TEST_F(Lifetimes, RefreshProlongsTheAllocation) {
  TurnClient alice = allocated_client();
  advance(500s);

  const auto reply = exchange(alice, alice.refresh(1000s));

  EXPECT_EQ(reply.message().get<stun::Lifetime>(), 1000s);
  advance(999s);
  EXPECT_EQ(relay_->allocations(), 1U);
  advance(1s);
  EXPECT_EQ(relay_->allocations(), 0U);
}

TEST_F(Lifetimes, RefreshWithZeroReleasesAtOnce) {
  TurnClient alice = allocated_client();

  const auto reply = exchange(alice, alice.refresh(0s));

  EXPECT_EQ(reply.message().get<stun::Lifetime>(), 0s);
  EXPECT_EQ(seen<effect::AllocationEnded>().at(0).reason, EndReason::Released);
  EXPECT_FALSE(relay_->next_deadline().has_value());
  EXPECT_EQ(error_of(alice, alice.refresh(0s)), 437);
  EXPECT_EQ(error_of(alice, alice.allocate()), 0);
}

TEST_F(Lifetimes, RefreshOfTheOtherFamilyIsRefusedWith443) {
  TurnClient alice = allocated_client();

  const Bytes request = alice.request(stun::Method::Refresh, [](stun::MessageBuilder& builder) {
    builder.add<stun::RequestedAddressFamily>(stun::AddressFamily::V6);
  });

  EXPECT_EQ(error_of(alice, request), 443);
}

TEST_F(Lifetimes, APermissionEndsAfterFiveMinutesDespiteTraffic) {
  TurnClient alice = allocated_client();
  EXPECT_EQ(error_of(alice, alice.create_permission({peer("8.8.8.8:1")})), 0);

  advance(299s);
  EXPECT_TRUE(std::holds_alternative<ToClient>(from_peer(alice, "8.8.8.8:2", "x")));
  advance(1s);

  EXPECT_EQ(std::get<Drop>(from_peer(alice, "8.8.8.8:2", "x")), Drop::NoPermission);
  EXPECT_EQ(std::get<Drop>(deliver(alice, alice.send_indication(peer("8.8.8.8:1"), "x"))),
            Drop::NoPermission);
}

TEST_F(Lifetimes, CreatePermissionRenewsAPermission) {
  TurnClient alice = allocated_client();
  exchange(alice, alice.create_permission({peer("8.8.8.8:1")}));
  advance(200s);

  exchange(alice, alice.create_permission({peer("8.8.8.8:1")}));

  advance(299s);
  EXPECT_TRUE(std::holds_alternative<ToClient>(from_peer(alice, "8.8.8.8:1", "x")));
}

TEST_F(Lifetimes, AChannelEndsAfterTenMinutesAndItsPermissionAfterFive) {
  TurnClient alice = allocated_client();
  exchange(alice, alice.refresh(3600s));
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1"))), 0);

  advance(300s);
  EXPECT_EQ(std::get<Drop>(deliver(alice, TurnClient::channel_data(0x4000, "x"))),
            Drop::NoPermission);
  exchange(alice, alice.create_permission({peer("8.8.8.8:9")}));
  advance(299s);
  EXPECT_TRUE(
      std::holds_alternative<ToPeer>(deliver(alice, TurnClient::channel_data(0x4000, "x"))));
  advance(1s);

  EXPECT_EQ(std::get<Drop>(deliver(alice, TurnClient::channel_data(0x4000, "x"))), Drop::NoChannel);
}

TEST_F(Lifetimes, AnExpiredChannelNumberMayNameAnotherPeer) {
  TurnClient alice = allocated_client();
  exchange(alice, alice.refresh(3600s));
  exchange(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1")));

  advance(600s);

  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("9.9.9.9:1"))), 0);
}

TEST_F(Lifetimes, NewRulesTakeBackWhatTheyRefuse) {
  TurnClient alice = allocated_client();
  exchange(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1")));
  exchange(alice, alice.create_permission({peer("9.9.9.9:1")}));

  relay_->reconfigure(rules({Cidr::parse("8.0.0.0/8").value()}), effects_);
  run_shell();

  EXPECT_EQ(seen<effect::UnbindChannel>().at(0).channel, channel(0x4000));
  EXPECT_EQ(std::get<Drop>(from_peer(alice, "8.8.8.8:1", "x")), Drop::NoPermission);
  EXPECT_TRUE(std::holds_alternative<ToClient>(from_peer(alice, "9.9.9.9:1", "x")));
}

TEST_F(Lifetimes, AnAllocationEndsWithItsLink) {
  const TurnClient alice = allocated_client("203.0.113.5:1");
  const TurnClient bob = allocated_client("203.0.113.5:2");
  EXPECT_TRUE(relay_->has_allocation(alice.tuple(), now_.mono));

  relay_->on_link_closed(now_, alice.tuple(), effects_);
  relay_->on_link_closed(now_, alice.tuple(), effects_);
  run_shell();

  EXPECT_FALSE(relay_->has_allocation(alice.tuple(), now_.mono));
  EXPECT_TRUE(relay_->has_allocation(bob.tuple(), now_.mono));
  EXPECT_EQ(seen<effect::CloseRelay>().size(), 1U);
  EXPECT_EQ(seen<effect::AllocationEnded>().at(0).reason, EndReason::LinkClosed);
  EXPECT_EQ(name_of(EndReason::LinkClosed), "link-closed");
  EXPECT_EQ(quota_.total(), 1U);
}

TEST_F(Lifetimes, ALinkThatClosesBeforeTheRelayIsOpenLeavesNothing) {
  shell_ = Shell::KeepsRelaysWaiting;
  TurnClient alice = client();
  deliver(alice, alice.allocate());
  const RelayId opening = seen<effect::OpenRelay>().at(0).relay;

  relay_->on_link_closed(now_, alice.tuple(), effects_);
  relay_->on_relay_opened(now_, opening, address("10.0.0.1:50000"), effects_);
  run_shell();

  EXPECT_EQ(seen<effect::CloseRelay>().size(), 1U);
  EXPECT_TRUE(seen<effect::AllocationEnded>().empty());
  EXPECT_EQ(quota_.total(), 0U);
}

TEST_F(Lifetimes, ClosingDownEndsEveryAllocationAndReturnsTheQuota) {
  allocated_client("203.0.113.5:1");
  allocated_client("203.0.113.5:2");

  relay_->close_all(now_, effects_);
  run_shell();

  EXPECT_EQ(seen<effect::CloseRelay>().size(), 2U);
  EXPECT_EQ(seen<effect::AllocationEnded>().at(1).reason, EndReason::Shutdown);
  EXPECT_EQ(quota_.total(), 0U);
}

}  // namespace
}  // namespace icebreaker::turn::test
