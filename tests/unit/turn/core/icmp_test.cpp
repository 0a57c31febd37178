// RFC 8656 §11.5: what the network says of datagrams to peers, in Data indications.
#include <gtest/gtest.h>

#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

class IcmpToClient : public RelayFixture {
 protected:
  TurnClient dual_client_with_permissions() {
    TurnClient alice = client();
    exchange(alice, alice.request(stun::Method::Allocate, [](stun::MessageBuilder& builder) {
      builder.add<stun::RequestedTransport>(stun::TransportProtocol::Udp);
      builder.add<stun::AdditionalAddressFamily>(stun::AddressFamily::V6);
    }));
    exchange(alice, alice.create_permission({peer("8.8.8.8:1"), peer("[2606:4700::1111]:1")}));
    replies_.clear();
    return alice;
  }

  std::optional<Drop> report(const TurnClient& client, std::string_view to,
                             const stun::Icmp::Value& icmp) {
    const auto drop = relay_->on_icmp(now_, relay_of(client), peer(to), icmp, effects_);
    run_shell();
    return drop;
  }

  // Of the one indication that came.
  stun::Icmp::Value told() {
    EXPECT_EQ(replies_.size(), 1U);
    const auto icmp = replies_.at(0).message().get<stun::Icmp>().value();
    replies_.clear();
    return icmp;
  }
};

TEST_F(IcmpToClient, NamesPeerTypeAndCode) {
  const TurnClient alice = dual_client_with_permissions();

  EXPECT_EQ(report(alice, "8.8.8.8:4242", {.type = 3, .code = 3, .error = 99}), std::nullopt);

  const stun::MessageView indication = replies_.at(0).message();
  EXPECT_EQ(indication.message_class(), stun::MessageClass::Indication);
  EXPECT_EQ(indication.method(), stun::Method::Data);
  EXPECT_EQ(indication.get<stun::XorPeerAddress>(), peer("8.8.8.8:4242"));
  EXPECT_FALSE(indication.has<stun::Data>());
  EXPECT_EQ(last_client_, alice.tuple());
  EXPECT_EQ(told(), (stun::Icmp::Value{.type = 3, .code = 3, .error = 0}));
}

// §18.13
TEST_F(IcmpToClient, TellsTheMtuOfTooBigMessagesOnly) {
  const TurnClient alice = dual_client_with_permissions();

  report(alice, "8.8.8.8:1", {.type = 3, .code = 4, .error = 1400});
  EXPECT_EQ(told().error, 1400U);
  report(alice, "[2606:4700::1111]:1", {.type = 2, .code = 0, .error = 1280});
  EXPECT_EQ(told().error, 1280U);
  report(alice, "[2606:4700::1111]:1", {.type = 1, .code = 4, .error = 1280});
  EXPECT_EQ(told().error, 0U);
}

TEST_F(IcmpToClient, IsOfTheTypesThatTheRfcNames) {
  const TurnClient alice = dual_client_with_permissions();
  const auto types = [&](std::string_view to) {
    std::vector<int> passed;
    for (int type = 0; type < 128; ++type) {
      now_.mono += 1s;
      if (!report(alice, to, {.type = static_cast<std::uint8_t>(type)})) passed.push_back(type);
    }
    return passed;
  };

  EXPECT_EQ(types("8.8.8.8:1"), (std::vector{3, 11}));
  EXPECT_EQ(types("[2606:4700::1111]:1"), (std::vector{1, 2, 3}));
}

TEST_F(IcmpToClient, NeedsAPermissionForThePeer) {
  const TurnClient alice = dual_client_with_permissions();

  EXPECT_EQ(report(alice, "9.9.9.9:1", {.type = 3, .code = 3}), Drop::NoPermission);
  EXPECT_EQ(relay_->on_icmp(now_, RelayId{99}, peer("8.8.8.8:1"), {.type = 3}, effects_),
            Drop::NoAllocation);
  advance(300s);
  EXPECT_EQ(report(alice, "8.8.8.8:1", {.type = 3, .code = 3}), Drop::NoPermission);
  EXPECT_TRUE(replies_.empty());
}

TEST_F(IcmpToClient, ComesTenTimesASecondAtMost) {
  const TurnClient alice = dual_client_with_permissions();
  const auto pass = [&] {
    int passed = 0;
    for (int i = 0; i < 100; ++i) {
      if (!report(alice, "8.8.8.8:1", {.type = 3, .code = 3})) ++passed;
    }
    return passed;
  };

  EXPECT_EQ(pass(), 10);
  EXPECT_EQ(report(alice, "8.8.8.8:1", {.type = 3, .code = 3}), Drop::UnreportedIcmp);
  advance(1s);
  EXPECT_EQ(pass(), 10);
}

}  // namespace
}  // namespace icebreaker::turn::test
