#include <gtest/gtest.h>

#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

using stun::Method;

class PeerRequests : public RelayFixture {
 protected:
  PeerRequests() : RelayFixture{{.permissions_per_allocation = 3, .channels_per_allocation = 2}} {}
};

TEST_F(PeerRequests, WithoutAnAllocationAreRefusedWith437) {
  TurnClient alice = client();

  EXPECT_EQ(error_of(alice, alice.create_permission({peer("8.8.8.8:1")})), 437);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1"))), 437);
  EXPECT_EQ(error_of(alice, alice.refresh(600s)), 437);
}

TEST_F(PeerRequests, ForSpecialPurposeNetworksAreRefusedWith403AndTheRule) {
  TurnClient alice = allocated_client();
  const auto refused = [&](const Bytes& request) {
    const auto handled = std::get<Handled>(deliver(alice, request));
    EXPECT_EQ(handled.error, stun::ErrorCode::Forbidden);
    return handled.refused_by;
  };

  EXPECT_EQ(refused(alice.create_permission({peer("127.0.0.1:1")})), PeerRule::Loopback);
  EXPECT_EQ(refused(alice.channel_bind(0x4000, peer("169.254.169.254:80"))), PeerRule::LinkLocal);
  EXPECT_EQ(refused(alice.create_permission({peer("[::ffff:10.0.0.1]:1")})), PeerRule::Private);
}

TEST_F(PeerRequests, InstallAllPermissionsOrNone) {
  TurnClient alice = allocated_client();

  EXPECT_EQ(error_of(alice, alice.create_permission({peer("8.8.8.8:1"), peer("10.0.0.1:1")})), 403);

  EXPECT_EQ(std::get<Drop>(from_peer(alice, "8.8.8.8:1", "x")), Drop::NoPermission);
}

// Comparing thousands of peers with each other would stall the worker.
TEST_F(PeerRequests, WithMorePeersThanAnAllocationMayHaveAreRefusedWith508) {
  TurnClient alice = allocated_client();
  const PeerAddress one = peer("8.8.8.8:1");

  EXPECT_EQ(error_of(alice, alice.create_permission({one, one, one, one})), 508);
  EXPECT_EQ(std::get<Drop>(from_peer(alice, "8.8.8.8:1", "x")), Drop::NoPermission);
  EXPECT_EQ(error_of(alice, alice.create_permission({one, one, one})), 0);
}

TEST_F(PeerRequests, WithoutAPeerAreRefusedWith400) {
  TurnClient alice = allocated_client();

  EXPECT_EQ(error_of(alice, alice.create_permission({})), 400);
  EXPECT_EQ(error_of(alice, alice.request(Method::ChannelBind)), 400);
  EXPECT_EQ(
      error_of(alice, alice.request(Method::ChannelBind,
                                    [](stun::MessageBuilder& builder) {
                                      builder.add<stun::ChannelNumberAttribute>(channel(0x4000));
                                    })),
      400);
}

TEST_F(PeerRequests, ForPeersOfTheOtherFamilyAreRefusedWith443) {
  TurnClient alice = allocated_client();

  EXPECT_EQ(error_of(alice, alice.create_permission({peer("[2606:4700::1111]:1")})), 443);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("[2606:4700::1111]:1"))), 443);
  EXPECT_EQ(error_of(alice, alice.create_permission({peer("[::ffff:8.8.8.8]:1")})), 443);
}

TEST_F(PeerRequests, ForChannelNumbersOutOfRangeAreRefusedWith400) {
  TurnClient alice = allocated_client();

  for (const unsigned number : {0x0000U, 0x3FFFU, 0x8000U, 0xFFFFU}) {
    const Bytes request = alice.request(Method::ChannelBind, [&](stun::MessageBuilder& builder) {
      const std::array wire{static_cast<std::byte>(number >> 8U), static_cast<std::byte>(number),
                            std::byte{0}, std::byte{0}};
      builder.add_raw(stun::AttributeType::ChannelNumber, wire);
      builder.add<stun::XorPeerAddress>(peer("8.8.8.8:1"));
    });
    EXPECT_EQ(error_of(alice, request), 400) << number;
  }
}

TEST_F(PeerRequests, ForConflictingChannelsAreRefusedWith400) {
  TurnClient alice = allocated_client();
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1"))), 0);

  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("8.8.8.8:2"))), 400);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4001, peer("8.8.8.8:1"))), 400);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1"))), 0);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4001, peer("8.8.8.8:2"))), 0);
}

TEST_F(PeerRequests, PastTheCapsAreRefusedWith508) {
  TurnClient alice = allocated_client();

  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1"))), 0);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4001, peer("8.8.8.8:2"))), 0);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4002, peer("8.8.8.8:3"))), 508);
  const std::vector three_more{peer("9.9.9.1:1"), peer("9.9.9.2:1"), peer("9.9.9.3:1")};
  EXPECT_EQ(error_of(alice, alice.create_permission(three_more)), 508);
  const std::vector same_twice{peer("9.9.9.1:1"), peer("9.9.9.1:2"), peer("9.9.9.2:1")};
  EXPECT_EQ(error_of(alice, alice.create_permission(same_twice)), 0);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1"))), 0);
}

TEST_F(PeerRequests, ChannelsAreToldToTheFastPathAsPacketsCarryThem) {
  TurnClient alice = allocated_client();

  exchange(alice, alice.channel_bind(0x4000, peer("198.18.0.9:50007")));

  const auto bind = seen<effect::BindChannel>().at(0);
  EXPECT_EQ(bind.relay, relay_of(alice));
  EXPECT_EQ(bind.client, alice.tuple());
  EXPECT_EQ(bind.channel, channel(0x4000));
  EXPECT_EQ(bind.peer, peer("10.0.0.1:50007"));
}

}  // namespace
}  // namespace icebreaker::turn::test
