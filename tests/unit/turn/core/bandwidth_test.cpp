#include "turn/core/bandwidth.hpp"

#include <string>

#include <gtest/gtest.h>

#include "tests/unit/turn/core/relay_fixture.hpp"

namespace icebreaker::turn::test {
namespace {

TEST(ByteBucket, HoldsOneSecondAndFillsAtItsRate) {
  const ByteRate rate{10'000};
  MonoTime now = MonoTime{} + 1h;
  ByteBucket bucket;
  const auto passes = [&](std::size_t bytes) {
    const bool room = bucket.has_room(now, rate, bytes);
    if (room) bucket.spend(now, rate, bytes);
    return room;
  };

  EXPECT_TRUE(passes(6000));
  EXPECT_TRUE(passes(4000));
  EXPECT_FALSE(passes(1000));
  now += 99ms;
  EXPECT_FALSE(passes(1000));
  now += 1ms;
  EXPECT_TRUE(passes(1000));
  now += 1h;
  EXPECT_TRUE(passes(10'000));
  EXPECT_FALSE(passes(1));
}

TEST(ByteBucket, LetsADatagramOfMoreThanASecondThroughWhenNothingIsSpent) {
  const ByteRate rate{kMinBytesPerSecond};
  const MonoTime start = MonoTime{} + 1h;
  ByteBucket bucket;

  EXPECT_TRUE(bucket.has_room(start, rate, 65'535));
  bucket.spend(start, rate, 65'535);

  EXPECT_FALSE(bucket.has_room(start + 65s, rate, 1000));
  EXPECT_TRUE(bucket.has_room(start + 66s, rate, 65'535));
}

TEST(ByteBucket, KeepsHighRatesApart) {
  EXPECT_EQ(ByteRate{1'000'000'000}.time_of(1'000'000), 1ms);
  EXPECT_EQ(ByteRate{125'000'000}.time_of(125'000'000), 1s);
  EXPECT_FALSE(ByteRate{0}.limited());
}

class Bandwidth : public RelayFixture {
 protected:
  static constexpr auto kPeer = "8.8.8.8:1";

  // A client with a channel and a permission, without limits so far.
  TurnClient ready_client(std::string_view from) {
    TurnClient made = allocated_client(from);
    EXPECT_EQ(error_of(made, made.channel_bind(0x4000, peer(kPeer))), 0);
    return made;
  }

  void limit(const BandwidthLimits& limits) {
    limits_.bandwidth = limits;
    relay_->reconfigure(rules({}), effects_);
    run_shell();
  }

  bool channel_data_passes(const TurnClient& client, std::size_t bytes) {
    return passed(deliver(client, TurnClient::channel_data(0x4000, std::string(bytes, 'x'))));
  }

  bool send_passes(TurnClient& client, std::size_t bytes) {
    return passed(deliver(client, client.send_indication(peer(kPeer), std::string(bytes, 'x'))));
  }

  bool peer_passes(const TurnClient& client, std::size_t bytes) {
    const auto verdict = from_peer(client, kPeer, std::string(bytes, 'x'));
    if (std::holds_alternative<ToClient>(verdict)) return true;
    EXPECT_EQ(std::get<Drop>(verdict), Drop::OverBandwidth);
    return false;
  }

 private:
  static bool passed(const ClientVerdict& verdict) {
    if (std::holds_alternative<ToPeer>(verdict)) return true;
    EXPECT_EQ(std::get<Drop>(verdict), Drop::OverBandwidth);
    return false;
  }
};

TEST_F(Bandwidth, OfAnAllocationIsLimitedEachWayApart) {
  TurnClient alice = ready_client("203.0.113.5:1");
  const TurnClient other = ready_client("203.0.113.5:2");
  limit({.per_allocation = 2000});

  EXPECT_TRUE(channel_data_passes(alice, 1000));
  EXPECT_TRUE(send_passes(alice, 1000));
  EXPECT_FALSE(channel_data_passes(alice, 100));
  EXPECT_FALSE(send_passes(alice, 100));
  EXPECT_TRUE(peer_passes(alice, 1500));
  EXPECT_FALSE(peer_passes(alice, 1500));
  EXPECT_TRUE(channel_data_passes(other, 1500));

  advance(1s);
  EXPECT_TRUE(channel_data_passes(alice, 1500));
  EXPECT_TRUE(peer_passes(alice, 1500));
}

TEST_F(Bandwidth, OfAUserIsSharedByAllHisAllocations) {
  limit({.per_user = 2000});
  TurnClient first = ready_client("203.0.113.5:1");
  const TurnClient second = ready_client("203.0.113.5:2");
  TurnClient bob = client("203.0.113.5:3", "bob", "b");
  EXPECT_EQ(error_of(bob, bob.allocate()), 0);
  EXPECT_EQ(error_of(bob, bob.channel_bind(0x4000, peer(kPeer))), 0);

  EXPECT_TRUE(channel_data_passes(first, 1500));
  EXPECT_FALSE(channel_data_passes(second, 1500));
  EXPECT_TRUE(channel_data_passes(bob, 1500));
  EXPECT_TRUE(peer_passes(second, 1500));
  EXPECT_FALSE(peer_passes(first, 1500));

  EXPECT_EQ(error_of(first, first.refresh(0s)), 0);
  EXPECT_FALSE(channel_data_passes(second, 1500));  // what the user spent stays spent
}

TEST_F(Bandwidth, RefusedByTheUsersLimitIsNotTakenFromTheAllocations) {
  const TurnClient first = ready_client("203.0.113.5:1");
  const TurnClient second = ready_client("203.0.113.5:2");
  limit({.per_allocation = 1500, .per_user = 2000});
  EXPECT_TRUE(channel_data_passes(first, 1500));

  EXPECT_FALSE(channel_data_passes(second, 1500));

  EXPECT_TRUE(channel_data_passes(second, 500));
}

TEST_F(Bandwidth, LimitsComeAndGoWithAReload) {
  TurnClient alice = ready_client("203.0.113.5:1");
  const TurnClient again = ready_client("203.0.113.5:2");
  EXPECT_TRUE(channel_data_passes(alice, 1500));

  limit({.per_user = 1000});
  EXPECT_TRUE(channel_data_passes(alice, 1000));
  EXPECT_FALSE(channel_data_passes(again, 1000));
  limit({});
  EXPECT_TRUE(channel_data_passes(again, 1500));
  EXPECT_EQ(error_of(alice, alice.refresh(0s)), 0);
}

// It would forward without counting.
TEST_F(Bandwidth, WithALimitNoFastPathForwards) {
  TurnClient alice = ready_client("203.0.113.5:1");
  EXPECT_EQ(seen<effect::BindChannel>().size(), 1U);

  limit({.per_allocation = 1000});

  EXPECT_EQ(seen<effect::UnbindChannel>().size(), 1U);
  EXPECT_EQ(error_of(alice, alice.channel_bind(0x4001, peer("8.8.8.8:2"))), 0);
  EXPECT_EQ(seen<effect::BindChannel>().size(), 1U);
}

TEST_F(Bandwidth, DropsAreCountedForTheAllocationsLastLine) {
  TurnClient alice = ready_client("203.0.113.5:1");
  limit({.per_allocation = 1000});
  EXPECT_TRUE(channel_data_passes(alice, 1000));
  EXPECT_FALSE(channel_data_passes(alice, 1000));
  EXPECT_EQ(error_of(alice, alice.refresh(0s)), 0);

  const auto ended = seen<effect::AllocationEnded>();
  ASSERT_EQ(ended.size(), 1U);
  EXPECT_EQ(ended[0].traffic.over_bandwidth, 1U);
  EXPECT_EQ(ended[0].traffic.to_peers.bytes, 1000U);
}

}  // namespace
}  // namespace icebreaker::turn::test
