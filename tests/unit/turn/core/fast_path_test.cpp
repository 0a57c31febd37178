// What the fast path is told: it may forward exactly what the relay itself would.
#include <map>

#include <gtest/gtest.h>

#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

class FastPathEntries : public RelayFixture {
 protected:
  // The channels that are bound, by number, after all effects so far.
  std::map<std::uint16_t, PeerAddress> bound() {
    std::map<std::uint16_t, PeerAddress> result;
    for (const Effect& each : history_) {
      if (const auto* bind = std::get_if<effect::BindChannel>(&each)) {
        result.insert_or_assign(bind->channel.wire(), bind->peer);
      } else if (const auto* unbind = std::get_if<effect::UnbindChannel>(&each)) {
        EXPECT_EQ(result.erase(unbind->channel.wire()), 1U);
      } else if (std::holds_alternative<effect::CloseRelay>(each)) {
        result.clear();
      }
    }
    return result;
  }

  static std::map<std::uint16_t, PeerAddress> both() {
    return {{0x4000, peer("8.8.8.8:1")}, {0x4001, peer("8.8.8.8:2")}};
  }

  TurnClient client_with_two_channels() {
    TurnClient alice = allocated_client();
    exchange(alice, alice.refresh(3600s));
    exchange(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1")));
    exchange(alice, alice.channel_bind(0x4001, peer("8.8.8.8:2")));
    return alice;
  }
};

TEST_F(FastPathEntries, BeginBeforeTheClientKnows) {
  TurnClient alice = allocated_client();

  exchange(alice, alice.channel_bind(0x4000, peer("8.8.8.8:1")));

  const auto bind = std::ranges::find_if(history_, [](const Effect& each) {
    return std::holds_alternative<effect::BindChannel>(each);
  });
  ASSERT_NE(bind, history_.end());
  EXPECT_TRUE(std::ranges::any_of(bind, history_.end(), [](const Effect& each) {
    return std::holds_alternative<effect::Reply>(each);
  }));
  EXPECT_EQ(std::get<effect::BindChannel>(*bind).client, alice.tuple());
}

TEST_F(FastPathEntries, EndWithThePermissionThoughTheChannelLives) {
  const TurnClient alice = client_with_two_channels();
  EXPECT_EQ(bound(), both());

  advance(300s);

  EXPECT_TRUE(bound().empty());
}

TEST_F(FastPathEntries, ComeBackWithThePermission) {
  TurnClient alice = client_with_two_channels();
  advance(300s);

  EXPECT_EQ(error_of(alice, alice.create_permission({peer("8.8.8.8:9")})), 0);

  EXPECT_EQ(bound(), both());
}

TEST_F(FastPathEntries, ComeBackTogetherWhenOneChannelIsBoundAgain) {
  TurnClient alice = client_with_two_channels();
  advance(300s);

  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4001, peer("8.8.8.8:2"))), 0);

  EXPECT_EQ(bound(), both());
}

TEST_F(FastPathEntries, EndWithTheChannelThoughThePermissionLives) {
  TurnClient alice = client_with_two_channels();
  advance(200s);
  exchange(alice, alice.channel_bind(0x4001, peer("8.8.8.8:2")));
  advance(200s);
  exchange(alice, alice.create_permission({peer("8.8.8.8:9")}));
  EXPECT_EQ(bound(), both());

  advance(200s);

  EXPECT_EQ(bound(), (std::map<std::uint16_t, PeerAddress>{{0x4001, peer("8.8.8.8:2")}}));
}

TEST_F(FastPathEntries, EndOnceWhenPermissionAndChannelEndInTurn) {
  client_with_two_channels();

  advance(300s);
  advance(300s);

  EXPECT_EQ(seen<effect::UnbindChannel>().size(), 2U);
}

TEST_F(FastPathEntries, EndWithNewRulesThatRefuseThePeer) {
  client_with_two_channels();

  relay_->reconfigure(rules({Cidr::parse("8.0.0.0/8").value()}), effects_);
  run_shell();

  EXPECT_TRUE(bound().empty());
}

TEST_F(FastPathEntries, EndWithTheAllocation) {
  TurnClient alice = client_with_two_channels();

  exchange(alice, alice.refresh(0s));

  EXPECT_TRUE(bound().empty());
  EXPECT_TRUE(seen<effect::UnbindChannel>().empty());  // closing says it all
}

}  // namespace
}  // namespace icebreaker::turn::test
