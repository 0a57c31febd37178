// A Redis that comes back without its end, is wiped, or is full.
#include <algorithm>

#include "tests/unit/signaling/state/redis_instances.hpp"

namespace icebreaker::signaling::testing {
namespace {

class RedisLineage : public RedisInstances {
 protected:
  void SetUp() override {
    RedisInstances::SetUp();
    if (IsSkipped()) return;
    ann_ = open(*a_, "ann");
    bob_ = open(*b_, "bob");
    gather({&ann_, &bob_});
    anns_ = attach(*a_, ann_)->receive;
    bobs_ = attach(*b_, bob_)->receive;
    at_a_.ends.clear();
    at_b_.ends.clear();
  }

  void save() { engine_->ask({"SAVE"}); }

  void connect(RedisInstance& instance) {
    instance.connect(engine_->now());
    engine_->settle();
  }

  static bool ended(const Ears& ears, const SessionInfo& session, ReceiveId receive) {
    return std::ranges::count(ears.ends, Ended{session.session, receive, End::Lost}) > 0;
  }

  std::expected<SessionInfo, StateError> recreate(RedisInstance& at, const SessionInfo& lost) {
    OpenRequest request;
    request.recreate = lost.standing;
    request.recreate->membership = Membership{"lobby", "", Role::Impolite, 4};
    return wait<SessionInfo>([&](Completion<SessionInfo> done) {
      at.state().open(engine_->now(), std::move(request), std::move(done));
    });
  }

  SessionInfo ann_;
  SessionInfo bob_;
  ReceiveId anns_;
  ReceiveId bobs_;
};

TEST_F(RedisLineage, GoesOnWhenRedisComesBackAsItWas) {
  act(*a_, ann_, signal_to(bob_));
  engine_->advance(2s);
  save();

  engine_->restart_redis();
  connect(*b_);
  connect(*a_);
  engine_->advance(2s);

  EXPECT_TRUE(at_a_.ends.empty());
  EXPECT_TRUE(at_b_.ends.empty());
  EXPECT_TRUE(a_->notices().empty());
  EXPECT_EQ(at_b_.wakes.back(), (std::pair{bob_.session, bobs_}));
  EXPECT_TRUE(act(*a_, ann_, signal_to(bob_)));
  EXPECT_EQ(fetch(*b_, bob_, bobs_, ReceiveMode::Stream)->frames.size(), 2U);
}

TEST_F(RedisLineage, EndsAllSessionsWhenRedisComesBackWithoutItsEnd) {
  save();
  act(*a_, ann_, signal_to(bob_));

  engine_->restart_redis();
  connect(*a_);
  connect(*b_);

  EXPECT_TRUE(ended(at_a_, ann_, anns_));
  EXPECT_TRUE(ended(at_b_, bob_, bobs_));
  EXPECT_EQ(resume(*a_, ann_).error(), StateError::SessionLost);
  EXPECT_EQ(attach(*b_, bob_).error(), StateError::SessionLost);
  EXPECT_EQ(a_->notices().size(), 1U);
  EXPECT_EQ(b_->notices().size(), 1U);
}

TEST_F(RedisLineage, EndsThemEvenWhenSomebodyHasWrittenBeforeTheOneThatSawMoreIsBack) {
  save();
  act(*a_, ann_, signal_to(bob_));
  at_b_.frames.clear();
  engine_->kill(*b_);

  engine_->restart_redis();
  RedisInstance& fresh = engine_->add_instance();
  Ears at_fresh;
  fresh.state().set_listener(at_fresh);
  const auto resumed = attach(fresh, bob_);
  ASSERT_TRUE(resumed);
  for (int i = 0; i < 20; ++i) ASSERT_TRUE(resume(fresh, bob_));
  connect(*a_);
  engine_->advance(2s);

  EXPECT_TRUE(ended(at_fresh, bob_, resumed->receive));
  EXPECT_TRUE(ended(at_a_, ann_, anns_));
}

TEST_F(RedisLineage, EndsThemOnceHoweverManyInstancesSawMore) {
  save();
  act(*a_, ann_, signal_to(bob_));
  act(*b_, bob_, signal_to(ann_));
  engine_->restart_redis();
  connect(*a_);
  const auto again = recreate(*a_, ann_);
  ASSERT_TRUE(again);

  connect(*b_);
  const auto partner = recreate(*b_, bob_);
  engine_->advance(2s);

  ASSERT_TRUE(partner);
  EXPECT_TRUE(resume(*b_, *again));
  SessionInfo sender = *partner;
  EXPECT_TRUE(act(*b_, sender, signal_to(*again))->refusals.empty());
}

TEST_F(RedisLineage, ComesThroughTwoRestartsOfWhichOneLostSomething) {
  a_->state().detach(engine_->now(), ann_.session, anns_);  // the message will not get there
  save();
  act(*b_, bob_, signal_to(ann_));
  engine_->restart_redis();
  connect(*a_);
  engine_->advance(20s);  // its marks are beyond those of before
  const SessionInfo young = open(*a_);
  save();
  engine_->restart_redis();

  connect(*a_);
  connect(*b_);
  engine_->advance(2s);

  EXPECT_TRUE(ended(at_b_, bob_, bobs_));
  EXPECT_EQ(resume(*a_, ann_).error(), StateError::SessionLost);
  EXPECT_EQ(resume(*a_, young).error(), StateError::SessionLost);  // nobody can tell
}

TEST_F(RedisLineage, LosesASessionOfWhichSomebodyHasSeenMore) {
  save();
  act(*a_, ann_, signal_to(bob_));
  const Seq last = at_b_.frames.back().second.first_seq;
  engine_->kill(*a_);
  engine_->kill(*b_);  // nobody remembers the mark
  engine_->restart_redis();
  RedisInstance& fresh = engine_->add_instance();
  fresh.state().set_listener(at_a_);
  const auto attached = attach(fresh, bob_);
  ASSERT_TRUE(attached);

  EXPECT_EQ(fetch(fresh, bob_, attached->receive, ReceiveMode::Stream, last).error(),
            StateError::SessionLost);
  EXPECT_EQ(resume(fresh, bob_).error(), StateError::SessionLost);
}

TEST_F(RedisLineage, NoticesThatItIsWiped) {
  engine_->ask({"FLUSHALL"});

  engine_->advance(3s);

  EXPECT_TRUE(ended(at_a_, ann_, anns_));
  EXPECT_TRUE(ended(at_b_, bob_, bobs_));
  const SessionInfo young = open(*a_);
  engine_->advance(3s);
  EXPECT_TRUE(resume(*b_, young));
}

TEST_F(RedisLineage, TellsWatchersThatUsersOfLostSessionsAreGone) {
  save();
  act(*a_, ann_, signal_to(bob_));
  engine_->restart_redis();
  connect(*a_);
  SessionInfo eve = open(*a_);
  act(*a_, eve, operation::Watch{{"bob"}});
  ASSERT_TRUE(std::get<server::UserPresence>(read(eve).at(0)).online);

  connect(*b_);

  EXPECT_FALSE(std::get<server::UserPresence>(read(eve).at(0)).online);
}

class FullRedis : public RedisLineage {
 protected:
  void SetUp() override {
    RedisLineage::SetUp();
    if (IsSkipped()) return;
    act(*a_, ann_, signal_to(bob_));
    engine_->ask({"CONFIG", "SET", "maxmemory-policy", "noeviction", "maxmemory", "1"});
  }

  void TearDown() override {
    if (engine_) engine_->ask({"CONFIG", "SET", "maxmemory", "0"});
  }
};

TEST_F(FullRedis, RefusesWhatTakesMemory) {
  const auto opened = wait<SessionInfo>(
      [&](Completion<SessionInfo> done) { a_->state().open(engine_->now(), {}, std::move(done)); });

  EXPECT_EQ(opened.error(), StateError::Unavailable);
  EXPECT_EQ(act(*a_, ann_, signal_to(bob_)).error(), StateError::Unavailable);
}

TEST_F(FullRedis, LetsClientsReadAcknowledgeAndLeave) {
  const auto delivery = fetch(*b_, bob_, bobs_, ReceiveMode::Stream);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->frames.size(), 1U);
  EXPECT_EQ(read(bob_).size(), 1U);  // attaches and acknowledges
  EXPECT_TRUE(resume(*b_, bob_));

  EXPECT_TRUE(act(*b_, bob_, operation::Leave{}));
  EXPECT_TRUE(std::holds_alternative<server::PeerLeft>(read(ann_).at(0)));
  EXPECT_TRUE(wait<Submitted>([&](Completion<Submitted> done) {
    a_->state().close(engine_->now(), ann_.session, ann_.epoch, std::move(done));
  }));
}

TEST_F(FullRedis, StillEndsWhoIsGone) {
  engine_->kill(*b_);

  engine_->advance(70s);

  EXPECT_EQ(resume(*a_, bob_).error(), StateError::SessionLost);
  const auto messages = read(ann_);
  ASSERT_FALSE(messages.empty());
  EXPECT_TRUE(std::holds_alternative<server::PeerLeft>(messages.back()));
}

class RedisCensus : public RedisInstances {
 protected:
  void SetUp() override {
    RedisInstances::SetUp();
    if (IsSkipped()) return;
    StateConfig config;
    config.sessions = 3;
    engine_ = std::make_unique<RedisEngine>(config);
    a_ = &engine_->instance(0);
    b_ = &engine_->add_instance();
    a_->state().set_listener(at_a_);
    b_->state().set_listener(at_b_);
  }

  std::expected<SessionInfo, StateError> try_to_open(RedisInstance& at, OpenRequest request = {}) {
    return wait<SessionInfo>([&](Completion<SessionInfo> done) {
      at.state().open(engine_->now(), std::move(request), std::move(done));
    });
  }
};

TEST_F(RedisCensus, LimitsTheSessionsOfAllInstancesTogether) {
  const SessionInfo ann = open(*a_);
  const SessionInfo bob = open(*b_);
  open(*b_);

  EXPECT_EQ(try_to_open(*a_).error(), StateError::Unavailable);
  EXPECT_EQ(try_to_open(*b_).error(), StateError::Unavailable);
  OpenRequest again;
  again.recreate = ann.standing;
  EXPECT_TRUE(try_to_open(*b_, again));
  EXPECT_TRUE(resume(*a_, bob));
}

TEST_F(RedisCensus, CountsNobodyTwiceWhateverTheyDo) {
  const SessionInfo ann = open(*a_);
  const SessionInfo bob = open(*b_);
  attach(*a_, ann);
  attach(*b_, ann, ReceiveMode::Poll);
  attach(*a_, bob, ReceiveMode::Poll);
  a_->state().detach(engine_->now(), bob.session, attach(*a_, bob)->receive);
  engine_->advance(5s);

  EXPECT_TRUE(try_to_open(*a_));
  EXPECT_EQ(try_to_open(*a_).error(), StateError::Unavailable);
}

TEST_F(RedisCensus, HasRoomAgainWhenSessionsEnd) {
  const SessionInfo ann = open(*a_);
  const SessionInfo bob = open(*b_);
  const SessionInfo eve = open(*b_);
  attach(*a_, ann);
  attach(*b_, bob);
  EXPECT_TRUE(wait<Submitted>([&](Completion<Submitted> done) {
    a_->state().close(engine_->now(), eve.session, eve.epoch, std::move(done));
  }));
  engine_->advance(3s);  // until it is counted anew
  EXPECT_TRUE(try_to_open(*a_));
  engine_->kill(*b_);

  engine_->advance(70s);  // the resume windows of all but the one that is received

  EXPECT_TRUE(try_to_open(*a_));
  EXPECT_TRUE(try_to_open(*a_));
  EXPECT_EQ(try_to_open(*a_).error(), StateError::Unavailable);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
