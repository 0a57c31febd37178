#include "tests/unit/signaling/state/state_contract.hpp"

namespace icebreaker::signaling::testing {
namespace {

using enum SignalKind;

constexpr GcraRate kFourAMinute{4, 1min, 1};

TEST_P(StateContract, TakesEachNumberOnceAndStopsAtAGap) {
  auto [ann, bob] = pair();

  const auto result =
      submit(ann, {{1, to(bob, "{}")}, {2, to(bob, "{}")}, {4, to(bob, "{}")}, {3, to(bob, "{}")}});

  ASSERT_TRUE(result);
  EXPECT_EQ(result->received, 2U);
  EXPECT_EQ(result->expected, 3U);
  EXPECT_EQ(result->duplicates, 1U);
  EXPECT_EQ(read(bob).size(), 1U);
  EXPECT_EQ(resume(ann, std::nullopt)->received, 2U);
}

TEST_P(StateContract, CompletesInTurnWhatIsAskedInsideACompletion) {
  const auto a = open();
  ASSERT_TRUE(attach(a));
  std::string order;
  const auto submit_answer = [&](Now now, std::move_only_function<void(Now)> done) {
    engine_->state().submit(now,
                            {a.session, a.epoch, {}, {{std::nullopt, operation::Answer{"{}"}}}},
                            [done = std::move(done)](Now then, const auto& submitted) mutable {
                              EXPECT_TRUE(submitted);
                              done(then);
                            });
  };
  submit_answer(engine_->now(), [&](Now now) {
    order += "(1";
    submit_answer(now, [&](Now) { order += '2'; });
    submit_answer(now, [&](Now) { order += '3'; });
    order += ')';
  });
  engine_->settle();
  EXPECT_EQ(order, "(1)23");
  EXPECT_FALSE(wakes_.empty());
}

TEST_P(StateContract, KeepsMessagesUntilTheyAreAcknowledged) {
  auto [ann, bob] = pair();
  act(ann, to(bob, R"({"a":1})"));
  act(ann, to(bob, R"({"a":2})"));

  EXPECT_EQ(attach(bob)->delivery.frames.size(), 2U);
  const auto rest = attach(bob, ReceiveMode::Stream, 2);
  EXPECT_EQ(rest->delivery.frames.size(), 1U);
  EXPECT_EQ(rest->delivery.first_seq, 3U);
  EXPECT_EQ(attach(bob, ReceiveMode::Stream, 1)->delivery.frames.size(), 1U);
  EXPECT_EQ(attach(bob, ReceiveMode::Stream, 4).error(), StateError::SessionLost);
}

TEST_P(StateContract, RefusesOtherEpochsAndUnknownSessions) {
  const SessionInfo ann = open();
  SessionInfo other = ann;
  ++other.epoch;
  SessionInfo nobody = ann;
  nobody.session.value = "nobody";

  EXPECT_EQ(resume(other, 0).error(), StateError::SessionLost);
  EXPECT_EQ(attach(other).error(), StateError::SessionLost);
  EXPECT_EQ(submit(other, {}).error(), StateError::SessionLost);
  EXPECT_EQ(resume(nobody, 0).error(), StateError::UnknownSession);
  EXPECT_EQ(submit(ann, {}, 1).error(), StateError::SessionLost);
}

TEST_P(StateContract, RefusesWhatDoesNotFitIntoTheMailbox) {
  auto [ann, bob] = pair();
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(act(ann, to(bob, "{}")).refusals.empty());

  EXPECT_EQ(act(ann, to(bob, "{}")).refusals, std::vector{ErrorCode::MailboxFull});

  EXPECT_EQ(only<server::Error>(ann).n, 10U);
  EXPECT_EQ(read(bob).size(), 8U);
  EXPECT_TRUE(act(ann, to(bob, "{}")).refusals.empty());
}

TEST_P(StateContract, LetsNobodyOutsideTheRoomBeReached) {
  auto [ann, bob] = pair();
  SessionInfo eve = open();

  EXPECT_EQ(act(eve, to(ann, "{}")).refusals, std::vector{ErrorCode::NotInRoom});
  act(eve, operation::Join{"elsewhere", "", 2});
  EXPECT_EQ(act(eve, to(ann, "{}")).refusals, std::vector{ErrorCode::NoSuchPeer});
  EXPECT_EQ(act(ann, to(ann, "{}")).refusals, std::vector{ErrorCode::NoSuchPeer});
  EXPECT_EQ(act(ann, operation::Join{"other", "", 2}).refusals,
            std::vector{ErrorCode::AlreadyJoined});
}

TEST_P(StateContract, FreesTheRoleOfWhoLeaves) {
  auto [ann, bob] = pair();

  act(ann, operation::Leave{});
  EXPECT_EQ(only<server::PeerLeft>(bob).reason, LeaveReason::Left);
  SessionInfo eve = open();
  act(eve, operation::Join{"lobby", "Eve", 7});

  const auto joined = only<server::Joined>(eve);
  EXPECT_EQ(joined.role, Role::Impolite);
  EXPECT_EQ(joined.capacity, 2U);
}

TEST_P(StateContract, MakesTheLaterJoinerPoliteInLargeRooms) {
  const auto all = three_in_a_room();

  const auto first = read(all[0]);
  ASSERT_EQ(first.size(), 3U);
  EXPECT_EQ(std::get<server::PeerJoined>(first[2]).role, Role::Polite);
  const auto last = std::get<server::Joined>(read(all[2]).at(0));
  EXPECT_EQ(last.role, Role::Polite);
  EXPECT_EQ(last.peers.at(0).role, Role::Impolite);
  EXPECT_EQ(last.peers.at(1).role, Role::Impolite);
  SessionInfo fourth = open();
  const Submitted full = act(fourth, operation::Join{"big", "", 9});
  EXPECT_EQ(full.refusals, std::vector{ErrorCode::RoomFull});
  EXPECT_EQ(full.refused_joins, full.refusals);
}

TEST_P(StateContract, SupersedesTheOlderReceiveAndWakesTheNewer) {
  auto [ann, bob] = pair();
  const auto older = attach(bob);
  const auto newer = attach(bob, ReceiveMode::Poll);
  ends_.clear();
  wakes_.clear();
  EXPECT_TRUE(attach(bob, ReceiveMode::Stream));
  EXPECT_EQ(ends_, (decltype(ends_){{bob.session, newer->receive, End::Superseded}}));

  const auto current = attach(bob, ReceiveMode::Poll);
  detach(bob, older->receive);  // late and without effect
  act(ann, to(bob, "{}"));

  EXPECT_EQ(wakes_, (decltype(wakes_){{bob.session, current->receive}}));
}

TEST_P(StateContract, EndsAPollThatFindsMessages) {
  auto [ann, bob] = pair();
  act(ann, to(bob, "{}"));
  EXPECT_TRUE(attach(bob, ReceiveMode::Poll));

  engine_->advance(3s);

  EXPECT_EQ(only<server::PeerAway>(ann).peer, bob.standing.peer);
}

TEST_P(StateContract, TellsAwayBackAndLeft) {
  auto [ann, bob] = pair();
  detach(bob, attach(bob)->receive);

  engine_->advance(2900ms);
  EXPECT_TRUE(read(ann).empty());
  engine_->advance(2100ms);
  EXPECT_EQ(only<server::PeerAway>(ann).peer, bob.standing.peer);
  const auto back = attach(bob);
  EXPECT_EQ(only<server::PeerBack>(ann).peer, bob.standing.peer);
  detach(bob, back->receive);
  engine_->advance(58s);
  only<server::PeerAway>(ann);
  engine_->advance(4s);
  EXPECT_EQ(only<server::PeerLeft>(ann).reason, LeaveReason::Expired);
  EXPECT_EQ(attach(bob).error(), StateError::SessionLost);
}

TEST_P(StateContract, RenewsTheLeaseOnASubmission) {
  const SessionInfo ann = open();
  engine_->advance(50s);
  EXPECT_TRUE(submit(ann, {}));
  engine_->advance(50s);
  EXPECT_TRUE(submit(ann, {}));
}

TEST_P(StateContract, HoldsCandidatesForTheirDescriptionAndDropsOldOnes) {
  auto [ann, bob] = pair();
  act(ann, to(bob, R"({"c":1})", Candidate, 5));
  EXPECT_TRUE(read(bob).empty());
  act(ann, to(bob, R"({"o":5})", Description, 5));
  act(ann, to(bob, R"({"c":2})", Candidate, 5));

  const auto messages = read(bob);
  ASSERT_EQ(messages.size(), 3U);
  EXPECT_EQ(std::get<server::Signal>(messages[0]).data, R"({"o":5})");
  EXPECT_EQ(std::get<server::Signal>(messages[1]).data, R"({"c":1})");
  EXPECT_EQ(std::get<server::Signal>(messages[2]).gen, 5U);
  EXPECT_EQ(act(bob, to(ann, R"({"c":1})", Candidate, 6)).stale, 0U);
  EXPECT_EQ(act(ann, to(bob, R"({"o":7})", Description, 7)).stale, 1U);
  EXPECT_EQ(act(bob, to(ann, "{}", Description, 6)).stale, 1U);
  EXPECT_TRUE(read(ann).empty());
  act(bob, to(ann, "{}"));
  EXPECT_EQ(read(ann).size(), 1U);
}

TEST_P(StateContract, HoldsAFewCandidatesOfEachPeerOutsideTheMailbox) {
  auto all = three_in_a_room();
  SessionInfo& ann = all[0];
  const SessionInfo& bob = all[1];
  SessionInfo& eve = all[2];
  read(bob);
  std::uint32_t crowded_out = 0;
  for (int i = 1; i <= 20; ++i) {
    const auto done = act(ann, to(bob, R"({"c":)" + std::to_string(i) + "}", Candidate, 1));
    EXPECT_TRUE(done.refusals.empty());
    crowded_out += done.crowded_out;
  }
  EXPECT_EQ(crowded_out, 18U);
  act(eve, to(bob, R"({"c":0})", Candidate, 1));
  for (int i = 0; i < 8; ++i) EXPECT_TRUE(act(eve, to(bob, "{}")).refusals.empty());
  EXPECT_EQ(read(bob).size(), 8U);

  act(ann, to(bob, "{}", Description, 1));

  const auto freed = read(bob);
  ASSERT_EQ(freed.size(), 3U);
  EXPECT_EQ(std::get<server::Signal>(freed[1]).data, R"({"c":19})");
  EXPECT_EQ(std::get<server::Signal>(freed[2]).data, R"({"c":20})");
  act(ann, operation::Leave{});
  EXPECT_EQ(only<server::PeerLeft>(bob).peer, ann.standing.peer);
  act(eve, to(bob, "{}", Description, 1));
  EXPECT_EQ(read(bob).size(), 2U);
}

TEST_P(StateContract, HoldsFewBytesOfEachPeer) {
  auto [ann, bob] = pair();
  const std::string long_text = R"({"c":")" + std::string(40'000, 'x') + "\"}";
  const std::string longer_text = R"({"c":")" + std::string(70'000, 'x') + "\"}";

  EXPECT_EQ(act(ann, to(bob, long_text, Candidate, 1)).crowded_out, 0U);
  EXPECT_EQ(act(ann, to(bob, long_text, Candidate, 1)).crowded_out, 1U);
  EXPECT_EQ(act(ann, to(bob, longer_text, Candidate, 1)).refusals,
            std::vector{ErrorCode::MailboxFull});

  act(ann, to(bob, "{}", Description, 1));
  EXPECT_EQ(read(bob).size(), 2U);
}

TEST_P(StateContract, RefusesADescriptionWhoseCandidatesDoNotFit) {
  auto [ann, bob] = pair();
  for (int i = 0; i < 2; ++i) act(ann, to(bob, "{}", Candidate, 1));
  for (int i = 0; i < 6; ++i) act(ann, to(bob, "{}"));

  EXPECT_EQ(act(ann, to(bob, "{}", Description, 1)).refusals, std::vector{ErrorCode::MailboxFull});

  EXPECT_EQ(read(bob).size(), 6U);
  act(ann, to(bob, "{}", Description, 1));
  EXPECT_EQ(read(bob).size(), 3U);
}

TEST_P(StateContract, WatchesNoMoreUsersThanTheLimitButThoseAsOftenAsWanted) {
  constexpr int kMost = 1024;
  SessionInfo ann = open();
  std::vector<std::string> users;
  for (int i = 1; i <= kMost; ++i) {
    users.push_back("user" + std::to_string(i));
    if (i % 8 != 0) continue;
    EXPECT_TRUE(act(ann, operation::Watch{users}).refusals.empty());
    EXPECT_EQ(read(ann).size(), 8U);
    if (i != kMost) users.clear();
  }

  EXPECT_TRUE(act(ann, operation::Watch{users}).refusals.empty());
  EXPECT_EQ(read(ann).size(), 8U);
  EXPECT_EQ(act(ann, operation::Watch{{"user1", "one more"}}).refusals,
            std::vector{ErrorCode::TooLarge});
  act(ann, operation::Unwatch{{"user1"}});
  EXPECT_TRUE(act(ann, operation::Watch{{"new", "user2", "new"}}).refusals.empty());
  EXPECT_EQ(read(ann).size(), 4U);
}

TEST_P(StateContract, AnswersWatchAtOnceAndTellsChanges) {
  OpenRequest alice_request;
  alice_request.user = "alice";
  SessionInfo bob = open();
  act(bob, operation::Watch{{"alice"}});
  EXPECT_FALSE(only<server::UserPresence>(bob).online);

  SessionInfo alice = open(alice_request);
  SessionInfo second = open(alice_request);
  EXPECT_TRUE(only<server::UserPresence>(bob).online);
  act(alice, operation::Bye{});
  EXPECT_TRUE(read(bob).empty());
  act(second, operation::Bye{});
  EXPECT_FALSE(only<server::UserPresence>(bob).online);
  act(bob, operation::Unwatch{{"alice"}});
  open(alice_request);
  EXPECT_TRUE(read(bob).empty());
}

TEST_P(StateContract, RecreatesAPeerAndEndsItsOtherSession) {
  auto [ann, bob] = pair();
  OpenRequest request;
  request.recreate =
      Standing{bob.standing.peer, "", Membership{"lobby", "Bob", Role::Polite, 2}, ""};

  const SessionInfo again = open(request);

  EXPECT_EQ(again.standing.peer, bob.standing.peer);
  EXPECT_EQ(only<server::Joined>(again).role, Role::Polite);
  EXPECT_EQ(resume(bob, 0).error(), StateError::SessionLost);
  EXPECT_TRUE(read(ann).empty());
  request.recreate->membership->room = "other";
  EXPECT_EQ(only<server::Joined>(open(request)).room, "other");
  EXPECT_EQ(only<server::PeerLeft>(ann).reason, LeaveReason::Replaced);
}

TEST_P(StateContract, EndsASessionThatCannotBeToldAnyMore) {
  auto [ann, bob] = pair();
  for (int i = 0; i < 8; ++i) act(ann, to(bob, "{}"));
  // Twice the mailbox is the server's own; 9 refusals do not fit.
  for (int i = 0; i < 8; ++i) act(bob, operation::Join{"lobby", "", 2});
  EXPECT_TRUE(submit(bob, {}));

  act(bob, operation::Join{"lobby", "", 2});

  EXPECT_EQ(submit(bob, {}).error(), StateError::SessionLost);
  EXPECT_EQ(only<server::PeerLeft>(ann).reason, LeaveReason::Expired);
}

TEST_P(StateContract, ForgetsEverythingAfterTheLeases) {
  auto [ann, bob] = pair();
  act(ann, to(bob, "{}", Candidate, 1));
  SessionInfo eve = open({"eve", "", "rooms=a", std::nullopt});
  EXPECT_FALSE(charge({{"open:eve", 1, kFourAMinute}}));
  act(eve, operation::Watch{{"alice", "eve"}});
  act(eve, operation::Match{"chess", 2, {{}, 1.0, 1.0}});
  for (const SessionInfo& each : {ann, bob, eve}) detach(each, attach(each)->receive);
  EXPECT_FALSE(engine_->is_empty());

  engine_->advance(62s);
  engine_->advance(62s);

  EXPECT_TRUE(engine_->is_empty());
}

}  // namespace
}  // namespace icebreaker::signaling::testing
