// One session over each transport: nothing lost, nothing doubled.
#include <gtest/gtest.h>

#include "tests/support/client_scene.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
using testing::ClientScene;
using Confirmations = testing::ModelSignalServer::Confirmations;
using Numbers = std::vector<int>;
namespace client = signaling::client;
namespace server = signaling::server;

constexpr auto kLongestBackoff = 15s;

class Session : public ::testing::TestWithParam<TransportChoice> {
 protected:
  ClientScene scene_{GetParam()};
};

INSTANTIATE_TEST_SUITE_P(Over, Session, ::testing::ValuesIn(testing::kEachTransport),
                         [](const auto& each) { return testing::name_of(each.param); });

TEST_P(Session, DeliversWhatWasSentBeforeTheConnectionInOrder) {
  scene_.client.send(scene_.now(), client::Join{"lobby", "", {}});
  scene_.say("p2", 1);

  scene_.start();

  EXPECT_EQ(scene_.types_taken(), (std::vector<std::string>{"join", "signal"}));
  EXPECT_EQ(scene_.client.unconfirmed(), 0U);
}

TEST_P(Session, GetsOnceAfterADropWhatItMissed) {
  scene_.start();
  scene_.deliver(1);
  scene_.settle();
  scene_.server.drop_connections();
  scene_.deliver(2);
  scene_.deliver(3);

  scene_.advance(kLongestBackoff);
  scene_.deliver(4);
  scene_.settle();

  EXPECT_EQ(scene_.heard(), (Numbers{1, 2, 3, 4}));
  EXPECT_EQ(scene_.client.counters().connection.resumed, 1U);
  EXPECT_EQ(scene_.server.sessions.size(), 1U);
}

TEST_P(Session, SendsAgainWhatWasNotConfirmedAndItIsTakenOnce) {
  scene_.start();
  scene_.server.confirmations = Confirmations::GetLost;
  scene_.say("p2", 1);
  scene_.settle();
  scene_.server.drop_connections();
  scene_.server.confirmations = Confirmations::Arrive;
  scene_.say("p2", 2);

  scene_.advance(kLongestBackoff);

  EXPECT_EQ(scene_.said(), (Numbers{1, 2}));
}

TEST_P(Session, ComesBackWithTheSamePeerAndRoomWhenTheServerForgotIt) {
  scene_.client.send(scene_.now(), client::Join{"lobby", "", {}});
  scene_.start();
  const auto peer = scene_.client.peer();
  scene_.server.crash();

  scene_.advance(kLongestBackoff);
  scene_.say("p2", 7);
  scene_.settle();

  EXPECT_EQ(scene_.client.peer(), peer);
  EXPECT_EQ(scene_.client.counters().connection.anew, 1U);
  EXPECT_EQ(scene_.client.room().room(), "lobby");
  EXPECT_EQ(scene_.server.session().room, "lobby");
  EXPECT_EQ(scene_.types_taken(), (std::vector<std::string>{"join", "signal"}));
  EXPECT_EQ(scene_.server.taken.back().n, 1U);
}

TEST_P(Session, JoinsAgainAsAnotherPeerWhenTheTokenIsNotTaken) {
  scene_.client.send(scene_.now(), client::Join{"lobby", "", {}});
  scene_.start();
  scene_.server.tokens_valid = false;
  scene_.server.crash();

  scene_.advance(2 * kLongestBackoff);

  EXPECT_EQ(scene_.client.state(), ClientState::Open);
  EXPECT_EQ(scene_.types_taken(), (std::vector<std::string>{"join", "join"}));
  EXPECT_EQ(scene_.client.room().room(), "lobby");
}

TEST_P(Session, GoesOnFromTheNumberThatBadSequenceExpects) {
  scene_.start();
  scene_.server.swallow = 1;
  scene_.say("p2", 1);
  scene_.settle();
  scene_.say("p2", 2);
  scene_.advance(1s);

  EXPECT_EQ(scene_.said(), (Numbers{1, 2}));
  EXPECT_EQ(scene_.client.state(), ClientState::Open);
}

TEST_P(Session, TakesAServerThatForgotWhatItConfirmedForASessionLost) {
  scene_.client.send(scene_.now(), client::Join{"lobby", "", {}});
  scene_.say("p2", 1);
  scene_.start();
  const auto peer = scene_.client.peer();
  scene_.server.session().received = 1;

  scene_.say("p2", 2);
  scene_.advance(kLongestBackoff);

  EXPECT_EQ(scene_.client.state(), ClientState::Open);
  EXPECT_EQ(scene_.client.peer(), peer);
  EXPECT_EQ(scene_.client.counters().connection.anew, 1U);
  EXPECT_EQ(scene_.server.hellos.back().resume, std::nullopt);
}

TEST_P(Session, EndsOnTheServerAtStop) {
  scene_.start();

  scene_.client.stop(scene_.now());
  scene_.settle();

  EXPECT_TRUE(scene_.server.sessions.empty());
  EXPECT_EQ(scene_.client.state(), ClientState::Stopped);
  EXPECT_EQ(scene_.client.next_deadline(), std::nullopt);
  EXPECT_EQ(scene_.client.send(scene_.now(), client::Ice{}), SendResult::Stopped);
}

TEST_P(Session, EndsOnTheServerWhenStoppedWhileTheConnectionIsLost) {
  scene_.start();
  scene_.server.drop_connections();
  scene_.settle();

  scene_.client.stop(scene_.now());
  scene_.settle();

  EXPECT_TRUE(scene_.server.sessions.empty());
}

TEST_P(Session, RefusesAMessageAboveTheServersLimitWithoutUsingANumber) {
  scene_.start();
  const std::string large = R"({"text":")" + std::string(3'000, 'x') + R"("})";

  const auto result = scene_.client.send(scene_.now(), client::Signal{{"p2"}, large, {}, {}});
  scene_.say("p2", 1);
  scene_.settle();

  EXPECT_EQ(result, SendResult::TooLarge);
  ASSERT_EQ(scene_.server.taken.size(), 1U);
  EXPECT_EQ(scene_.server.taken.front().n, 1U);
}

TEST_P(Session, TriesAtOnceWhenItWakesUp) {
  scene_.random.set_fraction(0.99);
  scene_.start();
  scene_.server.drop_connections();
  scene_.settle();
  ASSERT_EQ(scene_.client.state(), ClientState::Reconnecting);

  scene_.client.wake(scene_.now());
  scene_.settle();

  EXPECT_EQ(scene_.client.state(), ClientState::Open);
}

TEST_P(Session, SplitsWhatIsLargerThanABody) {
  for (int number = 1; number <= 200; ++number) scene_.say("p2", number);

  scene_.start();

  EXPECT_EQ(scene_.said().size(), 200U);
  EXPECT_EQ(scene_.said().back(), 200);
}

TEST_P(Session, AsksForIceServersWhenTheListGetsOldAndForgetsAnExpiredOne) {
  scene_.start();
  ASSERT_TRUE(scene_.client.ice_servers(scene_.now()).has_value());

  scene_.advance(3'240s);
  EXPECT_EQ(scene_.types_taken(), std::vector<std::string>{"ice"});
  scene_.advance(361s);
  EXPECT_EQ(scene_.client.ice_servers(scene_.now()), std::nullopt);
  scene_.server.deliver(server::IceServers{{{{{"stun:s"}, "", ""}}, 600s}});
  scene_.settle();

  ASSERT_TRUE(scene_.client.ice_servers(scene_.now()).has_value());
  EXPECT_EQ(scene_.client.ice_servers(scene_.now())->servers.front().urls.front(), "stun:s");
}

}  // namespace
}  // namespace icebreaker::signaling_client
