#include <numeric>

#include "tests/unit/signaling/core/hub_fixture.hpp"

namespace icebreaker::signaling::testing {
namespace {

class HubEventsTest : public HubTest {
 protected:
  ConnectionId events_of(const TestClient& client, std::string_view after = "0") {
    return shell_.events(path_of(client), epoch_of(client), after);
  }

  FakeShell::Stream stream(ConnectionId id) {
    auto stream = shell_.stream(id);
    if (!stream) return ADD_FAILURE() << "no stream", FakeShell::Stream{};
    return *std::move(stream);
  }

  ErrorCode last_error(const FakeShell::Stream& stream) {
    if (stream.events.empty()) return ADD_FAILURE() << "no event", ErrorCode::BadMessage;
    EXPECT_FALSE(stream.events.back().id) << "an error about the transport has no number";
    const auto message = FakeShell::decoded(stream.events.back().text).message;
    return std::get<server::Error>(message).code;
  }
};

TEST_F(HubEventsTest, StreamsWhatComesWithItsNumberAsId) {
  auto [ann, bob] = pair();
  const auto request = events_of(bob, "1");
  EXPECT_TRUE(stream(request).events.empty());

  signal(ann, bob, R"({"a":1})");
  signal(ann, bob, R"({"a":2})");

  const auto events = stream(request).events;
  ASSERT_EQ(events.size(), 2U);
  EXPECT_EQ(events[0].id, 2U);
  EXPECT_EQ(events[1].id, 3U);
  const auto message = FakeShell::decoded(events[1].text);
  EXPECT_EQ(message.seq, 3U);
  EXPECT_EQ(std::get<server::Signal>(message.message).data, R"({"a":2})");
}

TEST_F(HubEventsTest, RepeatsWhatWasNotAcknowledged) {
  auto [ann, bob] = pair();
  for (const char* data : {"{}", "{}", "{}"}) signal(ann, bob, data);

  EXPECT_EQ(stream(events_of(bob, "1")).events.size(), 3U);
  EXPECT_EQ(stream(events_of(bob, "3")).events.size(), 1U);
}

TEST_F(HubEventsTest, TakesAcknowledgementsInPosts) {
  auto [ann, bob] = pair();
  const auto request = events_of(bob, "1");
  signal(ann, bob, "{}");
  EXPECT_EQ(stream(request).events.size(), 1U);

  shell_.post(path_of(bob), encode(PostBody{bob.welcome.epoch, 2, {}}));

  const auto again = shell_.events(path_of(bob), epoch_of(bob));
  EXPECT_TRUE(stream(again).events.empty());
}

TEST_F(HubEventsTest, SaysSupersededWithoutAnIdAndEnds) {
  const TestClient ann = open_by_http();
  const auto older = events_of(ann);

  const auto newer = events_of(ann);

  const auto ended = stream(older);
  EXPECT_EQ(last_error(ended), ErrorCode::Superseded);
  EXPECT_TRUE(ended.ended);
  EXPECT_FALSE(stream(newer).ended);
  EXPECT_EQ(shell_.hub().receives(Transport::Events), 1U);
  EXPECT_EQ(shell_.hub().counters().superseded, (HubCounters::Table<kTransportCount>{0, 0, 1}));
}

TEST_F(HubEventsTest, MovesBetweenAllTransportsAtAnyMessage) {
  auto [ann, bob] = pair();
  signal(ann, bob, R"({"a":1})");
  const auto first = events_of(bob, "1");
  EXPECT_EQ(shell_.closed(bob.connection), CloseCode::Superseded);
  EXPECT_EQ(stream(first).events.at(0).id, 2U);

  signal(ann, bob, R"({"a":2})");
  EXPECT_EQ(polled(shell_.poll(path_of(bob), epoch_of(bob), "2")).at(0).seq, 3U);
  EXPECT_TRUE(stream(first).ended);

  const auto second = events_of(bob, "3");
  signal(ann, bob, R"({"a":3})");
  EXPECT_EQ(stream(second).events.at(0).id, 4U);
  signal(ann, bob, R"({"a":4})");
  const TestClient again = hello(resume_of(bob, 4));
  ASSERT_EQ(backlog_.size(), 1U);
  EXPECT_EQ(backlog_[0].seq, 5U);
  EXPECT_TRUE(stream(second).ended);
  EXPECT_FALSE(shell_.closed(again.connection));
}

TEST_F(HubEventsTest, RefusesLikeAPollBeforeTheStreamIsOpen) {
  const TestClient ann = open_by_http();

  EXPECT_EQ(shell_.response(events_of(ann, "x"))->status, 400);
  EXPECT_EQ(shell_.response(shell_.events(path_of(ann), "x"))->status, 400);
  EXPECT_EQ(shell_.response(events_of(ann, "1"))->status, 410);
  EXPECT_EQ(shell_.response(shell_.events("nobody", "1"))->status, 404);
  EXPECT_EQ(shell_.hub().receives(Transport::Events), 0U);
}

TEST_F(HubEventsTest, CommentsEveryPing) {
  const TestClient ann = open_by_http();
  const auto request = events_of(ann);

  shell_.advance(24'999ms);
  EXPECT_EQ(stream(request).comments, 0);
  shell_.advance(25'001ms);
  EXPECT_EQ(stream(request).comments, 2);
}

TEST_F(HubEventsTest, CountsAsPresentUntilTheClientHangsUp) {
  auto [ann, bob] = pair();
  const auto request = events_of(bob, "1");
  shell_.advance(10min);
  EXPECT_FALSE(stream(request).ended);
  take(ann);

  shell_.hub().on_request_gone(shell_.now(), request);
  shell_.advance(3s);

  EXPECT_EQ(only<server::PeerAway>(ann).peer, bob.welcome.peer);
  EXPECT_EQ(shell_.hub().receives(Transport::Events), 0U);
}

TEST_F(HubEventsTest, EndsWithTheSession) {
  const TestClient ann = open_by_http();
  const auto request = events_of(ann);

  shell_.remove(path_of(ann), epoch_of(ann));

  const auto ended = stream(request);
  EXPECT_EQ(last_error(ended), ErrorCode::SessionLost);
  EXPECT_TRUE(ended.ended);
}

TEST_F(HubEventsTest, SaysGoawayAndEndsWithinTheDrain) {
  const TestClient ann = open_by_http();
  const auto request = events_of(ann);

  shell_.hub().drain(shell_.now(), 10s);

  const auto before = stream(request);
  ASSERT_EQ(before.events.size(), 1U);
  EXPECT_FALSE(before.events[0].id);
  const auto goaway = FakeShell::decoded(before.events[0].text).message;
  EXPECT_LT(std::get<server::Goaway>(goaway).after, 10s);
  EXPECT_FALSE(before.ended);
  shell_.advance(10s);
  EXPECT_TRUE(stream(request).ended);
  EXPECT_EQ(shell_.response(events_of(ann))->status, 503);
}

TEST_F(HubEventsTest, OpensNoStreamThatTheEngineAnswersDuringTheDrain) {
  const TestClient ann = open_by_http();
  shell_.state().delay();
  const auto request = events_of(ann);
  shell_.hub().drain(shell_.now(), 10s);

  shell_.state().release();

  EXPECT_EQ(shell_.response(request)->status, 503);
  EXPECT_FALSE(shell_.stream(request));
}

TEST_F(HubEventsTest, RenewsIceServersInTime) {
  shell_.ice_ttl = 100s;
  const TestClient ann = open_by_http();
  const auto request = events_of(ann);

  shell_.advance(74s);
  EXPECT_TRUE(stream(request).events.empty());
  shell_.advance(1s);

  const auto events = stream(request).events;
  ASSERT_EQ(events.size(), 1U);
  EXPECT_TRUE(
      std::holds_alternative<server::IceServers>(FakeShell::decoded(events[0].text).message));
}

TEST_F(HubEventsTest, MeasuresHoldsWakesAndMailboxes) {
  auto [ann, bob] = pair();
  for (int i = 0; i < 3; ++i) signal(ann, bob, "{}");
  const HubCounters before = shell_.hub().counters();

  shell_.poll(path_of(bob), epoch_of(bob), "1");  // three wait: no hold
  const auto poll = shell_.poll(path_of(bob), epoch_of(bob), "4");
  shell_.advance(2s);
  signal(ann, bob, "{}");

  EXPECT_EQ(polled(poll).size(), 1U);
  const HubCounters after = shell_.hub().counters();
  EXPECT_DOUBLE_EQ(after.poll_hold.sum() - before.poll_hold.sum(), 2.0);
  EXPECT_DOUBLE_EQ(after.mailbox_depth.sum() - before.mailbox_depth.sum(), 3.0);
  const auto woken = [](const HubCounters& counters) {
    const auto counts = counters.wake_delivery.counts();
    return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
  };
  EXPECT_EQ(woken(after), woken(before) + 1);
}

TEST_F(HubEventsTest, DetachesWhenTheClientLeftBeforeTheEngineAnswered) {
  const TestClient ann = open_by_http();
  shell_.state().delay();
  const auto request = events_of(ann);
  shell_.hub().on_request_gone(shell_.now(), request);
  shell_.state().release();

  shell_.advance(60s);

  EXPECT_EQ(shell_.memory().sizes().sessions, 0U);
  EXPECT_FALSE(shell_.stream(request));
}

}  // namespace
}  // namespace icebreaker::signaling::testing
