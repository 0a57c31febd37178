// Queues: who is matched with whom, and that nobody is matched with a ghost.
#include "tests/unit/signaling/state/state_contract.hpp"

namespace icebreaker::signaling::testing {
namespace {

TEST_P(StateContract, MatchesEqualAttributesOnly) {
  SessionInfo ann = open();
  SessionInfo bob = open();
  SessionInfo eve = open();
  act(ann, operation::Match{"chess", 2, {{{"mode", "\"blitz\""}}, {}, {}}});
  act(eve, operation::Match{"chess", 2, {{{"mode", "\"slow\""}}, {}, {}}});
  EXPECT_EQ(only<server::Matching>(ann).position, 1U);
  EXPECT_EQ(only<server::Matching>(eve).position, 2U);

  act(bob, operation::Match{"chess", 2, {{{"mode", "\"blitz\""}}, {}, {}}});

  const auto matched = only<server::Matched>(ann);
  EXPECT_EQ(matched.role, Role::Impolite);
  EXPECT_EQ(matched.peers.at(0).peer, bob.standing.peer);
  EXPECT_EQ(std::get<server::Matched>(read(bob).at(1)).room, matched.room);
  EXPECT_TRUE(read(eve).empty());
  EXPECT_TRUE(act(bob, to(ann, "{}")).refusals.empty());
}

TEST_P(StateContract, WidensRatingWindowsWithWaiting) {
  SessionInfo ann = open();
  SessionInfo bob = open();
  EXPECT_TRUE(attach(ann));
  EXPECT_TRUE(attach(bob));
  act(ann, operation::Match{"chess", 2, {{}, 1000.0, 100.0}});
  act(bob, operation::Match{"chess", 2, {{}, 1150.0, 100.0}});
  EXPECT_EQ(read(ann).size(), 1U);

  engine_->advance(4s);
  EXPECT_TRUE(read(ann).empty());
  engine_->advance(3s);
  EXPECT_EQ(only<server::Matched>(ann).peers.size(), 1U);
}

TEST_P(StateContract, WidensTheWindowsOfThoseBehindManyThatNeverMeet) {
  for (int i = 1; i <= 100; ++i) {
    SessionInfo loner = open();
    act(loner, operation::Match{"chess", 2, {{}, i * 1e6, 1.0}});
  }
  SessionInfo ann = open();
  SessionInfo bob = open();
  EXPECT_TRUE(attach(ann));
  EXPECT_TRUE(attach(bob));
  act(ann, operation::Match{"chess", 2, {{}, 1000.0, 100.0}});
  act(bob, operation::Match{"chess", 2, {{}, 1150.0, 100.0}});

  engine_->advance(10s);

  EXPECT_TRUE(std::holds_alternative<server::Matched>(read(ann).back()));
  EXPECT_TRUE(std::holds_alternative<server::Matched>(read(bob).back()));
}

TEST_P(StateContract, QueuesAgainWhenAPartnerVanishesUnacknowledged) {
  SessionInfo ann = open();
  SessionInfo bob = open();
  act(ann, operation::Match{"chess", 2, {}});
  act(bob, operation::Match{"chess", 2, {}});
  read(ann);

  act(bob, operation::Bye{});

  const auto messages = read(ann);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(std::get<server::PeerLeft>(messages[0]).reason, LeaveReason::Unmatched);
  EXPECT_EQ(std::get<server::Matching>(messages[1]).position, 1U);
  EXPECT_EQ(act(ann, operation::Match{"chess", 2, {}}).refusals,
            std::vector{ErrorCode::AlreadyMatching});
  read(ann);
  act(ann, operation::MatchCancel{"chess"});
  only<server::MatchCancelled>(ann);
  EXPECT_EQ(act(ann, operation::MatchCancel{"chess"}).refusals,
            std::vector{ErrorCode::NotMatching});
}

TEST_P(StateContract, KeepsTheMatchOnceAllHaveAcknowledgedIt) {
  SessionInfo ann = open();
  SessionInfo bob = open();
  act(ann, operation::Match{"chess", 2, {}});
  act(bob, operation::Match{"chess", 2, {}});
  read(ann);
  read(bob);

  act(bob, operation::Leave{});

  EXPECT_EQ(only<server::PeerLeft>(ann).reason, LeaveReason::Left);
}

TEST_P(StateContract, MatchesNobodyWhoIsAway) {
  const SessionInfo ann = away_in_queue({"chess", 2, {}});
  SessionInfo bob = open();
  EXPECT_TRUE(attach(bob));

  act(bob, operation::Match{"chess", 2, {}});

  EXPECT_EQ(only<server::Matching>(bob).position, 2U);
  EXPECT_EQ(only<server::Matched>(ann).peers.at(0).peer, bob.standing.peer);
  EXPECT_EQ(only<server::Matched>(bob).peers.at(0).peer, ann.standing.peer);
}

TEST_P(StateContract, FillsAGroupOnlyWhenAllAreBack) {
  const SessionInfo ann = away_in_queue({"chess", 3, {}});
  const SessionInfo bob = away_in_queue({"chess", 3, {}});
  SessionInfo eve = open();
  EXPECT_TRUE(attach(eve));
  act(eve, operation::Match{"chess", 3, {}});
  EXPECT_EQ(only<server::Matching>(eve).position, 3U);

  EXPECT_TRUE(read(ann).empty());
  EXPECT_TRUE(read(eve).empty());

  EXPECT_EQ(only<server::Matched>(bob).peers.size(), 2U);
  EXPECT_EQ(only<server::Matched>(ann).role, Role::Impolite);
  EXPECT_EQ(only<server::Matched>(eve).peers.size(), 2U);
}

TEST_P(StateContract, MeetsThoseItFitsByNowWhenItComesBack) {
  const SessionInfo ann = away_in_queue({"chess", 2, {{}, 1000.0, 100.0}});
  SessionInfo bob = open();
  EXPECT_TRUE(attach(bob));
  act(bob, operation::Match{"chess", 2, {{}, 1150.0, 100.0}});
  engine_->advance(10s);
  only<server::Matching>(bob);

  EXPECT_EQ(only<server::Matched>(ann).peers.size(), 1U);
  EXPECT_EQ(only<server::Matched>(bob).peers.size(), 1U);
}

TEST_P(StateContract, LetsOneThatIsAwayItselfWaitUntilItComes) {
  SessionInfo ann = open();
  SessionInfo bob = open();
  EXPECT_TRUE(attach(ann));
  act(ann, operation::Match{"chess", 2, {}});
  engine_->advance(5s);

  act(bob, operation::Match{"chess", 2, {}});

  only<server::Matching>(ann);
  const auto messages = read(bob);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(std::get<server::Matching>(messages[0]).position, 2U);
  EXPECT_EQ(std::get<server::Matched>(messages[1]).peers.at(0).peer, ann.standing.peer);
  EXPECT_EQ(only<server::Matched>(ann).peers.at(0).peer, bob.standing.peer);
}

TEST_P(StateContract, MatchesThoseThatAreBetweenTwoPolls) {
  SessionInfo ann = open();
  SessionInfo bob = open();
  SessionInfo eve = open();
  SessionInfo joe = open();
  act(ann, operation::Match{"chess", 2, {}});
  EXPECT_TRUE(attach(ann, ReceiveMode::Poll));
  engine_->advance(2s);
  act(bob, operation::Match{"chess", 2, {}});
  act(eve, operation::Match{"go", 2, {}});  // has not polled at all yet

  act(joe, operation::Match{"go", 2, {}});

  for (const SessionInfo& each : {ann, bob, eve, joe}) {
    const auto messages = read(each);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<server::Matched>(messages[1]));
  }
}

TEST_P(StateContract, LeavesTheQueueThoughItIsAway) {
  SessionInfo ann = away_in_queue({"chess", 2, {{}, 1.0, 1.0}});
  act(ann, operation::MatchCancel{"chess"});
  SessionInfo bob = open();
  act(bob, operation::Match{"chess", 2, {}});

  EXPECT_EQ(only<server::Matching>(bob).position, 1U);
  only<server::MatchCancelled>(ann);
  EXPECT_TRUE(read(bob).empty());
}

TEST_P(StateContract, QueuesNobodyBehindOneWhoseLeaseHasEnded) {
  const SessionInfo ann = away_in_queue({"chess", 2, {}});
  engine_->advance(61s);
  SessionInfo bob = open();
  act(bob, operation::Match{"chess", 2, {}});

  EXPECT_EQ(only<server::Matching>(bob).position, 1U);
  EXPECT_EQ(attach(ann).error(), StateError::SessionLost);
}

TEST_P(StateContract, GivesUpAMatchThatOneGoesAwayWithoutHearingOf) {
  SessionInfo ann = open();
  SessionInfo bob = open();
  SessionInfo eve = open();
  act(ann, operation::Match{"chess", 2, {}});
  act(bob, operation::Match{"chess", 2, {}});
  read(bob);

  engine_->advance(5s);

  const auto messages = read(bob);
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_EQ(std::get<server::PeerLeft>(messages[0]).reason, LeaveReason::Unmatched);
  EXPECT_EQ(std::get<server::PeerLeft>(messages[0]).peer, ann.standing.peer);
  EXPECT_EQ(std::get<server::Matching>(messages[1]).position, 2U);
  EXPECT_TRUE(attach(eve));
  act(eve, operation::Match{"chess", 2, {}});
  EXPECT_EQ(only<server::Matched>(bob).peers.at(0).peer, eve.standing.peer);
  const auto missed = read(ann);
  ASSERT_EQ(missed.size(), 4U);
  EXPECT_TRUE(std::holds_alternative<server::Matched>(missed[1]));
  EXPECT_EQ(std::get<server::PeerLeft>(missed[2]).peer, bob.standing.peer);
  EXPECT_EQ(std::get<server::PeerLeft>(missed[2]).reason, LeaveReason::Unmatched);
  EXPECT_EQ(std::get<server::Matching>(missed[3]).position, 1U);
}

TEST_P(StateContract, KeepsAMatchOfOneThatGoesAwayAfterHearingOfIt) {
  SessionInfo ann = open();
  SessionInfo bob = open();
  act(ann, operation::Match{"chess", 2, {}});
  act(bob, operation::Match{"chess", 2, {}});
  EXPECT_TRUE(submit(ann, {}, 2));
  EXPECT_TRUE(attach(bob));

  engine_->advance(5s);

  EXPECT_EQ(read(bob).size(), 3U);
  EXPECT_TRUE(attach(ann));
  EXPECT_EQ(only<server::PeerBack>(bob).peer, ann.standing.peer);
  EXPECT_TRUE(act(ann, to(bob, "{}")).refusals.empty());
}

TEST_P(StateContract, KeepsASettledMatchWhenOneIsRecreated) {
  SessionInfo ann = open();
  SessionInfo bob = open();
  act(ann, operation::Match{"chess", 2, {}});
  act(bob, operation::Match{"chess", 2, {}});
  read(ann);
  read(bob);
  OpenRequest request;
  request.recreate = resume(ann, std::nullopt)->standing;
  SessionInfo again = open(request);

  act(again, operation::Bye{});

  EXPECT_EQ(only<server::PeerLeft>(bob).reason, LeaveReason::Bye);
}

TEST_P(StateContract, GivesUpAMatchOfOneThatIsRecreatedBeforeItHeardOfIt) {
  SessionInfo ann = open();
  SessionInfo bob = open();
  act(ann, operation::Match{"chess", 2, {}});
  act(bob, operation::Match{"chess", 2, {}});
  read(bob);
  OpenRequest request;
  request.recreate = resume(ann, std::nullopt)->standing;
  SessionInfo again = open(request);

  act(again, operation::Bye{});

  EXPECT_EQ(std::get<server::PeerLeft>(read(bob).at(0)).reason, LeaveReason::Unmatched);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
