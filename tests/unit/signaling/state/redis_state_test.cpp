// What only an engine of several instances can get wrong.
#include <algorithm>

#include "tests/unit/signaling/state/redis_instances.hpp"

namespace icebreaker::signaling::testing {
namespace {

INSTANTIATE_TEST_SUITE_P(Redis, StateContract, ::testing::Values([](const StateConfig& config) {
                           if (!RedisProcess::is_installed())
                             return std::unique_ptr<EngineUnderTest>{};
                           return std::unique_ptr<EngineUnderTest>{
                               std::make_unique<RedisEngine>(config)};
                         }),
                         [](const auto& /*info*/) { return "Engine"; });

TEST_F(RedisInstances, WakeEachOther) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  gather({&ann, &bob});
  const auto held = attach(*b_, bob, ReceiveMode::Poll, bob.acked);
  ASSERT_TRUE(held);

  act(*a_, ann, signal_to(bob));

  EXPECT_EQ(at_b_.wakes, (decltype(at_b_.wakes){{bob.session, held->receive}}));
  const auto delivery = fetch(*b_, bob, held->receive, ReceiveMode::Poll);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->frames.size(), 1U);
}

TEST_F(RedisInstances, BringFramesToStreamsUnlessTheyAreLargeOrNeedAToken) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  const auto held = attach(*b_, bob);
  act(*a_, bob, operation::Join{"lobby", "", 2});
  EXPECT_EQ(at_b_.wakes.size(), 1U);
  EXPECT_TRUE(at_b_.frames.empty());
  act(*a_, ann, operation::Join{"lobby", "", 2});
  operation::Signal signal = signal_to(bob);
  signal.data = R"({"text":"3:a 4\n"})";

  act(*a_, ann, signal);

  ASSERT_EQ(at_b_.frames.size(), 2U);
  const auto& [session, delivery] = at_b_.frames.back();
  EXPECT_EQ(session, bob.session);
  EXPECT_EQ(delivery.first_seq, 3U);
  ASSERT_EQ(delivery.frames.size(), 1U);
  EXPECT_EQ(delivery.frames[0].kind, Frame::Kind::Signal);
  EXPECT_EQ(std::get<server::Signal>(decode_server(delivery.frames[0].text)->message).data,
            signal.data);
  signal.data = R"({"text":")" + std::string(20'000, 'x') + "\"}";
  act(*a_, ann, signal);
  EXPECT_EQ(at_b_.wakes.size(), 2U);
  EXPECT_EQ(fetch(*b_, bob, held->receive, ReceiveMode::Stream)->frames.size(), 4U);
}

TEST_F(RedisInstances, SupersedeEachOthersReceives) {
  SessionInfo ann = open(*a_);
  const auto older = attach(*a_, ann);

  const auto newer = attach(*b_, ann, ReceiveMode::Poll);

  EXPECT_EQ(at_a_.ends, (std::vector<Ended>{{ann.session, older->receive, End::Superseded}}));
  EXPECT_TRUE(at_b_.ends.empty());
  a_->state().detach(engine_->now(), ann.session, older->receive);  // late and without effect
  EXPECT_EQ(fetch(*a_, ann, older->receive, ReceiveMode::Stream).error(), StateError::Superseded);
  EXPECT_TRUE(fetch(*b_, ann, newer->receive, ReceiveMode::Poll));
}

TEST_F(RedisInstances, EndReceivesThatAreOpenElsewhere) {
  SessionInfo ann = open(*a_);
  const auto receive = attach(*b_, ann)->receive;

  act(*a_, ann, operation::Bye{});

  EXPECT_EQ(at_b_.ends, (std::vector<Ended>{{ann.session, receive, End::Closed}}));
}

TEST_F(RedisInstances, OneThatDiesLeavesItsSessionsAwayAndThenGone) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  gather({&ann, &bob});
  ASSERT_TRUE(attach(*b_, bob));
  engine_->advance(90s);
  EXPECT_TRUE(read(ann).empty());

  engine_->kill(*b_);
  engine_->advance(2s);
  EXPECT_TRUE(read(ann).empty());
  engine_->advance(3s);
  const auto away = read(ann);
  ASSERT_EQ(away.size(), 1U);
  EXPECT_EQ(std::get<server::PeerAway>(away[0]).peer, bob.standing.peer);
  engine_->advance(54s);
  EXPECT_TRUE(read(ann).empty());
  engine_->advance(4s);
  const auto left = read(ann);
  ASSERT_EQ(left.size(), 1U);
  EXPECT_EQ(std::get<server::PeerLeft>(left[0]).reason, LeaveReason::Expired);
}

TEST_F(RedisInstances, AnotherTakesOverTheSessionsOfOneThatDied) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  gather({&ann, &bob});
  ASSERT_TRUE(attach(*b_, bob));
  engine_->kill(*b_);
  act(*a_, ann, signal_to(bob));
  engine_->advance(1s);

  const auto taken_over = attach(*a_, bob);
  engine_->advance(10s);

  ASSERT_TRUE(taken_over);
  EXPECT_EQ(taken_over->delivery.frames.size(), 1U);
  EXPECT_TRUE(read(ann).empty());
}

TEST_F(RedisInstances, KeepAnIdleReceiveForever) {
  SessionInfo ann = open(*a_, "ann");
  act(*a_, ann, operation::Join{"lobby", "Ann", 2});
  act(*a_, ann, operation::Watch{{"bob"}});
  const auto attached = attach(*a_, ann);

  for (int i = 0; i < 10; ++i) engine_->advance(1min);

  EXPECT_TRUE(at_a_.ends.empty());
  const auto delivery = fetch(*a_, ann, attached->receive, ReceiveMode::Stream);
  ASSERT_TRUE(delivery);
  EXPECT_EQ(delivery->frames.size(), 2U);
  ASSERT_TRUE(delivery->standing);
  EXPECT_EQ(delivery->standing->membership->name, "Ann");
  open(*b_, "bob");
  EXPECT_EQ(fetch(*a_, ann, attached->receive, ReceiveMode::Stream)->frames.size(), 3U);
}

TEST_F(RedisInstances, KeepAnIdleReceiveForeverWithTheShortestWindows) {
  StateConfig config;
  config.away_after = config.resume_window = config.tombstone = 100ms;
  engine_ = std::make_unique<RedisEngine>(config);
  a_ = &engine_->instance(0);
  a_->state().set_listener(at_a_);
  const SessionInfo ann = open(*a_);
  attach(*a_, ann);
  engine_->advance(25s);
  const auto attached = attach(*a_, ann);
  at_a_.ends.clear();

  for (int i = 0; i < 200; ++i) engine_->advance(1s);

  EXPECT_TRUE(at_a_.ends.empty());
  EXPECT_TRUE(fetch(*a_, ann, attached->receive, ReceiveMode::Stream));
}

TEST_F(RedisInstances, OpenTheirReceivesAgainAfterAReconnect) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  SessionInfo eve = open(*b_);
  SessionInfo joe = open(*b_);
  gather({&ann, &bob, &eve, &joe});
  const auto bobs = attach(*b_, bob);
  const auto eves = attach(*b_, eve);
  const auto joes = attach(*b_, joe);
  b_->link().cut(engine_->now());
  act(*a_, ann, signal_to(bob));
  act(*a_, eve, operation::Bye{});
  const auto elsewhere = attach(*a_, joe);
  engine_->advance(30s);  // long enough to be taken for dead
  EXPECT_TRUE(at_b_.ends.empty());
  EXPECT_EQ(fetch(*b_, bob, bobs->receive, ReceiveMode::Stream).error(), StateError::Unavailable);

  b_->connect(engine_->now());
  engine_->settle();

  EXPECT_EQ(at_b_.wakes, (decltype(at_b_.wakes){{bob.session, bobs->receive}}));
  EXPECT_EQ(fetch(*b_, bob, bobs->receive, ReceiveMode::Stream)->frames.size(), 2U);
  EXPECT_EQ(at_b_.ends.size(), 2U);
  const auto ended = [&](const Ended& what) { return std::ranges::count(at_b_.ends, what) == 1; };
  EXPECT_TRUE(ended({eve.session, eves->receive, End::Lost}));
  EXPECT_TRUE(ended({joe.session, joes->receive, End::Superseded}));
  const auto messages = read(ann);
  EXPECT_TRUE(std::holds_alternative<server::PeerBack>(messages.back()));
  engine_->advance(10s);
  EXPECT_TRUE(read(ann).empty());
  EXPECT_TRUE(fetch(*a_, joe, elsewhere->receive, ReceiveMode::Stream));
}

TEST_F(RedisInstances, TakeTheirReceivesBackWhenTheyWereOnlySlow) {
  SessionInfo ann = open(*a_);
  SessionInfo bob = open(*b_);
  gather({&ann, &bob});
  const auto bobs = attach(*b_, bob);

  // A loop that stands still, while the connection stays.
  engine_->advance_without(*b_, 10s);
  EXPECT_TRUE(std::holds_alternative<server::PeerAway>(read(ann).at(0)));
  engine_->advance(2s);

  EXPECT_TRUE(std::holds_alternative<server::PeerBack>(read(ann).at(0)));
  EXPECT_TRUE(at_b_.ends.empty());
  EXPECT_TRUE(fetch(*b_, bob, bobs->receive, ReceiveMode::Stream));
  engine_->advance(1min);
  EXPECT_TRUE(read(ann).empty());
}

TEST_F(RedisInstances, WakeAgainWhomTheyCouldNotAsk) {
  SessionInfo ann = open(*a_);
  const auto receive = attach(*a_, ann)->receive;
  a_->link().refuse_next();
  EXPECT_EQ(fetch(*a_, ann, receive, ReceiveMode::Stream).error(), StateError::Unavailable);

  engine_->advance(1s);

  EXPECT_EQ(at_a_.wakes, (decltype(at_a_.wakes){{ann.session, receive}}));
}

TEST_F(RedisInstances, LeaveNothingBehindWhenAllAreGone) {
  SessionInfo ann = open(*a_, "ann");
  SessionInfo bob = open(*b_, "bob");
  gather({&ann, &bob});
  act(*a_, ann, signal_to(bob));
  operation::Signal candidate = signal_to(bob);
  candidate.kind = SignalKind::Candidate;
  candidate.gen = 1;
  act(*a_, ann, candidate);
  SessionInfo eve = open(*b_, "eve");
  act(*b_, eve, operation::Match{"chess", 2, {{}, 1.0, 1.0}});
  act(*b_, eve, operation::Watch{{"ann", "joe"}});
  attach(*a_, ann);
  attach(*b_, bob, ReceiveMode::Poll);
  engine_->advance(1s);
  engine_->kill(*a_);
  engine_->kill(*b_);
  EXPECT_FALSE(engine_->keys().empty());

  engine_->advance(191s);

  EXPECT_EQ(engine_->keys(), std::vector<std::string>{});
}

}  // namespace
}  // namespace icebreaker::signaling::testing
