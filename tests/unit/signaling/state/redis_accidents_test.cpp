// What becomes of sessions when Redis drops keys, for want of memory, or when its clock goes back.
#include "tests/unit/signaling/state/redis_instances.hpp"

namespace icebreaker::signaling::testing {
namespace {

constexpr GcraRate kFourAMinute{4, 1min, 1};

TEST_F(RedisInstances, ReceiveAlthoughTheClockOfRedisWentBack) {
  const SessionInfo ann = open(*a_);

  shared_redis().advance_clock(-10min);
  const auto attached = attach(*a_, ann);
  shared_redis().advance_clock(10min);

  ASSERT_TRUE(attached);
  EXPECT_EQ(attached->ice_age, 0ms);
}

TEST_F(RedisInstances, ChargeNobodyLongerBecauseTheClockWentBack) {
  const auto charge = [&](const char* key, std::uint32_t events) {
    return wait<RateWait>([&](Completion<RateWait> done) {
             a_->state().charge(engine_->now(), {{key, events, kFourAMinute}}, std::move(done));
           })
        .value_or(0ms);
  };
  EXPECT_FALSE(charge("ann", 4));
  EXPECT_FALSE(charge("bob", 2));

  shared_redis().advance_clock(-10min);

  EXPECT_EQ(charge("ann", 1), 15s);
  EXPECT_EQ(charge("ann", 1), 15s);
  EXPECT_FALSE(charge("bob", 2));
  EXPECT_EQ(charge("bob", 1), 15s);
  engine_->advance(15s);
  EXPECT_FALSE(charge("ann", 1));
  EXPECT_EQ(charge("ann", 1), 15s);
  shared_redis().advance_clock(10min);
  EXPECT_FALSE(charge("ann", 4));
}

TEST_F(RedisInstances, NoticeWhoIsGoneAlthoughTheClockWentBack) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  gather({&ann, &bob});
  const auto receive = attach(*b_, bob)->receive;
  b_->state().detach(engine_->now(), bob.session, receive);
  engine_->advance(1s);

  shared_redis().advance_clock(-10min);
  engine_->advance(6s);

  EXPECT_TRUE(std::holds_alternative<server::PeerAway>(read(ann).at(0)));
  engine_->advance(62s);
  EXPECT_TRUE(std::holds_alternative<server::PeerLeft>(read(ann).at(0)));
  shared_redis().advance_clock(10min);
}

TEST_F(RedisInstances, NoticeAnInstanceThatDiedJustBeforeTheClockWentBack) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  gather({&ann, &bob});
  ASSERT_TRUE(attach(*b_, bob));

  engine_->kill(*b_);
  shared_redis().advance_clock(-10min);
  engine_->advance(9s);

  const auto away = read(ann);
  ASSERT_EQ(away.size(), 1U);
  EXPECT_TRUE(std::holds_alternative<server::PeerAway>(away[0]));
  shared_redis().advance_clock(10min);
}

TEST_F(RedisInstances, EndASessionWhoseMailboxRedisHasDropped) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  gather({&ann, &bob});
  act(*a_, ann, signal_to(bob));

  engine_->drop_keys("m:" + bob.standing.peer.value);

  EXPECT_EQ(attach(*b_, bob).error(), StateError::SessionLost);
  EXPECT_TRUE(std::holds_alternative<server::PeerLeft>(read(ann).at(0)));
}

TEST_F(RedisInstances, GiveUpAMatchWhoseOtherMemberRedisHasDropped) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  act(*a_, ann, operation::Match{"chess", 2, {}});
  act(*b_, bob, operation::Match{"chess", 2, {}});
  read(ann);
  engine_->drop_keys("s:" + bob.standing.peer.value);

  // Whatever looks at the room finds it out.
  engine_->advance(1s);
  a_->state().detach(engine_->now(), ann.session, attach(*a_, ann)->receive);
  engine_->advance(5s);

  const auto messages = read(ann);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(std::get<server::PeerLeft>(messages[0]).peer, bob.standing.peer);
  EXPECT_EQ(std::get<server::PeerLeft>(messages[0]).reason, LeaveReason::Unmatched);
  EXPECT_EQ(std::get<server::Matching>(messages[1]).position, 1U);
}

TEST_F(RedisInstances, SayThatAMemberOfASettledMatchExpiredWhenRedisHasDroppedIt) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  act(*a_, ann, operation::Match{"chess", 2, {}});
  act(*b_, bob, operation::Match{"chess", 2, {}});
  read(ann);
  read(bob);
  engine_->drop_keys("s:" + bob.standing.peer.value);

  a_->state().detach(engine_->now(), ann.session, attach(*a_, ann)->receive);
  engine_->advance(5s);

  const auto messages = read(ann);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(std::get<server::PeerLeft>(messages[0]).reason, LeaveReason::Expired);
}

TEST_F(RedisInstances, OpenTheRoomAnewOfWhichRedisHasDroppedAll) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  act(*a_, ann, operation::Join{"lobby", "", 2});
  engine_->drop_keys("s:" + ann.standing.peer.value);

  act(*b_, bob, operation::Join{"lobby", "", 4});

  const auto messages = read(bob);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(std::get<server::Joined>(messages[0]).capacity, 4U);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
