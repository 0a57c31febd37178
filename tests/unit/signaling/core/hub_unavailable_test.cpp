// What clients see while the state engine cannot be reached, and after.
#include "tests/unit/signaling/core/hub_fixture.hpp"

namespace icebreaker::signaling::testing {
namespace {

constexpr ReceiveId kFirst{1};

TEST_F(HubTest, HandsOverAfterAnOutageWhatCameMeanwhile) {
  auto [ann, bob] = pair();
  shell_.state().cut();
  shell_.memory().submit(
      shell_.now(),
      {ann.welcome.session,
       ann.welcome.epoch,
       {},
       {{ann.n + 1, operation::Signal{bob.welcome.peer, "{}", SignalKind::Other, {}}}}},
      [](Now, const auto& submitted) { EXPECT_TRUE(submitted); });
  shell_.state().hint(shell_.now(), bob.welcome.session, kFirst);
  EXPECT_TRUE(take(bob).empty());

  shell_.state().mend();
  shell_.state().hint(shell_.now(), bob.welcome.session, kFirst);

  EXPECT_EQ(only<server::Signal>(bob).from, ann.welcome.peer);
  EXPECT_FALSE(shell_.closed(bob.connection));
}

TEST_F(HubTest, HoldsAPollThroughAnOutage) {
  const TestClient ann = open_by_http();
  const auto poll = shell_.poll(path_of(ann), epoch_of(ann));
  shell_.state().cut();
  shell_.state().hint(shell_.now(), ann.welcome.session, kFirst);
  EXPECT_FALSE(shell_.response(poll));

  shell_.advance(20s);

  EXPECT_TRUE(polled(poll).empty());
}

TEST_F(HubTest, ClosesAWebSocketWhoseMessagesCannotBeTaken) {
  auto [ann, bob] = pair();
  shell_.state().cut();
  signal(ann, bob, R"({"a":1})");
  EXPECT_EQ(only<server::Error>(ann).code, ErrorCode::Unavailable);
  EXPECT_EQ(shell_.closed(ann.connection), CloseCode::Unavailable);

  shell_.state().mend();
  TestClient again = hello(resume_of(ann, 0));
  EXPECT_EQ(again.welcome.received, ann.n - 1);
  signal(again, bob, R"({"a":1})");

  EXPECT_EQ(only<server::Signal>(bob).data, R"({"a":1})");
}

TEST_F(HubTest, Answers503WhileTheEngineCannotBeReached) {
  const TestClient ann = open_by_http();
  shell_.state().cut();

  const std::vector requests{
      shell_.open(R"({"type":"hello","protocol":1})"), shell_.poll(path_of(ann), epoch_of(ann)),
      shell_.post(path_of(ann), post_body(ann, {R"({"type":"leave","n":1})"})),
      shell_.remove(path_of(ann), epoch_of(ann))};

  for (const ConnectionId request : requests) {
    const auto response = shell_.response(request);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 503);
    EXPECT_EQ(response->retry_after, 1s);
    EXPECT_EQ(error_of(response), ErrorCode::Unavailable);
  }
}

TEST_F(HubTest, GivesFreshIceServersSoonAfterAnOutage) {
  shell_.ice_ttl = 1000s;
  const TestClient ann = hello();
  shell_.state().cut();
  shell_.advance(751s);
  EXPECT_TRUE(take(ann).empty());

  shell_.state().mend();
  shell_.advance(10s);

  EXPECT_EQ(only<server::IceServers>(ann).ice.ttl, 1000s);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
