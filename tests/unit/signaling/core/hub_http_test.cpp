#include "tests/unit/signaling/core/hub_fixture.hpp"

namespace icebreaker::signaling::testing {
namespace {

constexpr std::string_view kJoin = R"({"type":"join","n":1,"room":"lobby"})";

TEST_F(HubTest, HoldsAPollUntilThereIsSomething) {
  const TestClient ann = open_by_http();
  const auto poll = shell_.poll(path_of(ann), epoch_of(ann), "0");
  EXPECT_FALSE(shell_.response(poll));

  const auto post = shell_.post(path_of(ann), post_body(ann, {std::string{kJoin}}));

  EXPECT_EQ(shell_.response(post)->status, 202);
  EXPECT_EQ(decode_received(shell_.response(post)->body), 1U);
  const auto messages = polled(poll);
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(messages[0].seq, 1U);
  EXPECT_EQ(std::get<server::Joined>(messages[0].message).room, "lobby");
}

TEST_F(HubTest, AnswersAHeldPollAfter80To100PercentOfTheHold) {
  const TestClient ann = open_by_http();
  const auto poll = shell_.poll(path_of(ann), epoch_of(ann));

  shell_.advance(15'999ms);
  EXPECT_FALSE(shell_.response(poll));
  shell_.advance(4'001ms);
  EXPECT_TRUE(polled(poll).empty());
}

TEST_F(HubTest, RepeatsWhatAPollDidNotAcknowledge) {
  const TestClient ann = open_by_http();
  shell_.post(path_of(ann), post_body(ann, {std::string{kJoin}}));

  EXPECT_EQ(polled(shell_.poll(path_of(ann), epoch_of(ann), "0")).size(), 1U);
  EXPECT_EQ(polled(shell_.poll(path_of(ann), epoch_of(ann))).size(), 1U);
  const auto acknowledging = shell_.poll(path_of(ann), epoch_of(ann), "1");
  EXPECT_FALSE(shell_.response(acknowledging));
  const auto older = shell_.poll(path_of(ann), epoch_of(ann), "0");
  EXPECT_FALSE(shell_.response(older));
  EXPECT_EQ(shell_.response(acknowledging)->status, 409);
  EXPECT_EQ(error_of(shell_.response(acknowledging)), ErrorCode::Superseded);
}

TEST_F(HubTest, RefusesPollsWithBadNumbers) {
  const TestClient ann = open_by_http();

  for (const std::string_view after : {"x", "", "-1", "1x", "99999999999999999999"}) {
    const auto poll = shell_.poll(path_of(ann), epoch_of(ann), after);
    EXPECT_EQ(shell_.response(poll)->status, 400) << after;
  }
  EXPECT_EQ(shell_.response(shell_.poll(path_of(ann), "x"))->status, 400);
  EXPECT_EQ(shell_.response(shell_.poll(path_of(ann), epoch_of(ann), "1"))->status, 410);
  EXPECT_EQ(shell_.response(shell_.poll(path_of(ann), "1"))->status, 410);
  EXPECT_EQ(shell_.response(shell_.poll("nobody", "1"))->status, 404);
}

TEST_F(HubTest, TakesNothingOfAPostWithAnUnusableMessage) {
  const TestClient ann = open_by_http();

  for (const char* bad : {R"({"type":"leave"})", R"({"type":"ack","seq":0})", "7"}) {
    const auto post = shell_.post(path_of(ann), post_body(ann, {std::string{kJoin}, bad}));
    EXPECT_EQ(shell_.response(post)->status, 400) << bad;
  }
  EXPECT_EQ(shell_.memory().sizes().rooms, 0U);
  const auto post = shell_.post(path_of(ann), std::string(Limits{}.body_bytes + 1, ' '));
  EXPECT_EQ(shell_.response(post)->status, 413);
}

TEST_F(HubTest, TakesWhatCameBeforeAGapInAPost) {
  const TestClient ann = open_by_http();

  const auto post =
      shell_.post(path_of(ann), post_body(ann, {std::string{kJoin}, R"({"type":"leave","n":3})"}));

  EXPECT_EQ(shell_.response(post)->status, 409);
  const auto error =
      std::get<server::Error>(FakeShell::decoded(shell_.response(post)->body).message);
  EXPECT_EQ(error.code, ErrorCode::BadSequence);
  EXPECT_EQ(error.expected, 2U);
  EXPECT_EQ(shell_.memory().sizes().rooms, 1U);
}

TEST_F(HubTest, NamesThePeerInIceServersAskedForByPost) {
  const TestClient ann = open_by_http();

  shell_.post(path_of(ann), post_body(ann, {R"({"type":"ice","n":1})"}));

  const auto messages = polled(shell_.poll(path_of(ann), epoch_of(ann)));
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(std::get<server::IceServers>(messages[0].message).ice.servers.at(0).username,
            "u:" + ann.welcome.peer.value);
}

TEST_F(HubTest, MovesASessionBetweenTransportsAtAnyMessage) {
  auto [ann, bob] = pair();
  signal(ann, bob, R"({"a":1})");
  const auto poll = shell_.poll(path_of(bob), epoch_of(bob), "1");
  EXPECT_EQ(polled(poll).size(), 1U);
  EXPECT_EQ(shell_.closed(bob.connection), CloseCode::Superseded);
  signal(ann, bob, R"({"a":2})");

  bob = hello(resume_of(bob, 2));

  ASSERT_EQ(backlog_.size(), 1U);
  EXPECT_EQ(std::get<server::Signal>(backlog_[0].message).data, R"({"a":2})");
  EXPECT_EQ(backlog_[0].seq, 3U);
}

TEST_F(HubTest, ClosesOnDelete) {
  auto [ann, bob] = pair();

  const auto removed = shell_.remove(path_of(bob), epoch_of(bob));

  EXPECT_EQ(shell_.response(removed)->status, 204);
  EXPECT_EQ(shell_.closed(bob.connection), CloseCode::Normal);
  EXPECT_EQ(only<server::PeerLeft>(ann).reason, LeaveReason::Bye);
  EXPECT_EQ(shell_.response(shell_.remove(path_of(bob), epoch_of(bob)))->status, 404);
}

TEST_F(HubTest, CountsAnAbandonedPollAsTheEndOfTheReceive) {
  const TestClient ann = open_by_http();
  const auto poll = shell_.poll(path_of(ann), epoch_of(ann));
  shell_.advance(10s);

  shell_.hub().on_request_gone(shell_.now(), poll);
  shell_.advance(60s);

  EXPECT_FALSE(shell_.response(poll));
  EXPECT_EQ(shell_.response(shell_.poll(path_of(ann), epoch_of(ann)))->status, 410);
}

TEST_F(HubTest, StaysPresentBetweenPolls) {
  auto [ann, bob] = pair();
  shell_.poll(path_of(bob), epoch_of(bob), "1");
  take(ann);

  for (Seq after = 1; after < 6; ++after) {
    signal(ann, bob, "{}");
    shell_.advance(2s);
    shell_.poll(path_of(bob), epoch_of(bob), std::to_string(after + 1));
  }

  for (const auto& each : take(ann)) {
    EXPECT_TRUE(std::holds_alternative<server::Ack>(each.message)) << encode(each);
  }
}

TEST_F(HubTest, AnswersHeldPollsWhenItDrains) {
  const TestClient ann = open_by_http();
  const auto poll = shell_.poll(path_of(ann), epoch_of(ann));

  shell_.hub().drain(shell_.now(), 10s);

  EXPECT_TRUE(polled(poll).empty());
  const auto late = shell_.poll(path_of(ann), epoch_of(ann));
  EXPECT_EQ(shell_.response(late)->status, 503);
  EXPECT_EQ(shell_.response(late)->retry_after, 1s);
}

// ------------------------------------------------------------- an engine that answers late
TEST_F(HubTest, KeepsTheOrderOfMessagesWhileTheEngineIsSlow) {
  auto [ann, bob] = pair();
  shell_.state().delay();
  for (int i = 0; i < 5; ++i) signal(ann, bob, R"({"a":)" + std::to_string(i) + "}");
  shell_.state().release();

  const auto messages = take(bob);
  ASSERT_EQ(messages.size(), 5U);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(std::get<server::Signal>(messages[i].message).data,
              R"({"a":)" + std::to_string(i) + "}");
  }
}

TEST_F(HubTest, LosesNoWakeThatOvertakesItsAttach) {
  auto [ann, bob] = pair();
  shell_.hang_up(bob.connection);
  shell_.state().delay();
  const auto poll = shell_.poll(path_of(bob), epoch_of(bob), "1");
  signal(ann, bob, "{}");

  shell_.state().release();

  EXPECT_EQ(polled(poll).size(), 1U);
}

TEST_F(HubTest, DetachesWhenTheClientLeftBeforeTheEngineAnswered) {
  const TestClient ann = open_by_http();
  shell_.state().delay();
  const auto poll = shell_.poll(path_of(ann), epoch_of(ann));
  shell_.hub().on_request_gone(shell_.now(), poll);
  shell_.state().release();

  shell_.advance(60s);

  EXPECT_EQ(shell_.memory().sizes().sessions, 0U);
  EXPECT_FALSE(shell_.response(poll));
}

}  // namespace
}  // namespace icebreaker::signaling::testing
