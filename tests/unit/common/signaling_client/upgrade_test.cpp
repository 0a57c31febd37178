// From long-poll back to WebSocket.
#include <gtest/gtest.h>

#include "tests/support/client_scene.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
using testing::ClientScene;
using testing::ModelSignalServer;
using Sockets = ModelSignalServer::Sockets;
using Numbers = std::vector<int>;

constexpr auto kFirstTry = 12'500ms;
constexpr auto kMute = 4s;
constexpr auto kLongestBackoff = 15s;

// A session over HTTP whose WebSocket may work from now on.
class Upgrade : public ::testing::TestWithParam<TransportChoice> {
 protected:
  void SetUp() override {
    scene_.server.sockets = Sockets::Refused;
    scene_.start();
    ASSERT_EQ(scene_.client.transport(), http_);
  }

  // GETs; an event stream is acknowledged by POST meanwhile.
  [[nodiscard]] std::ptrdiff_t receives() const {
    return std::ranges::count_if(scene_.server.requests,
                                 [](const std::string& each) { return each.starts_with("GET"); });
  }

  ClientScene scene_{GetParam()};
  TransportKind http_ =
      GetParam().event_stream ? TransportKind::EventStream : TransportKind::LongPoll;
};

INSTANTIATE_TEST_SUITE_P(From, Upgrade,
                         ::testing::Values(TransportChoice{.long_poll = false},
                                           TransportChoice{.event_stream = false}),
                         [](const auto& parameter) {
                           return parameter.param.event_stream ? "EventStream" : "LongPoll";
                         });

TEST_P(Upgrade, LosesRepeatsAndReordersNothing) {
  scene_.deliver(1);
  scene_.say("p2", 1);
  scene_.settle();
  scene_.server.sockets = Sockets::Work;
  scene_.deliver(2);
  scene_.say("p2", 2);

  scene_.advance(kFirstTry);
  scene_.deliver(3);
  scene_.say("p2", 3);
  scene_.settle();

  EXPECT_EQ(scene_.client.transport(), TransportKind::WebSocket);
  EXPECT_EQ(scene_.server.sessions.size(), 1U);
  EXPECT_EQ(scene_.client.counters().connection.resumed, 1U);
  EXPECT_EQ(scene_.client.counters().connection.anew, 0U);
  EXPECT_EQ(scene_.heard(), (Numbers{1, 2, 3}));
  EXPECT_EQ(scene_.said(), (Numbers{1, 2, 3}));
}

TEST_P(Upgrade, IsTriedAtGrowingIntervalsWhileHttpWorksOn) {
  std::vector<int> tries;
  auto known = scene_.server.opened_sockets.size();

  for (int second = 1; second <= 700; ++second) {
    scene_.advance(1s);
    if (scene_.server.opened_sockets.size() > known) tries.push_back(second);
    known = scene_.server.opened_sockets.size();
  }
  scene_.deliver(1);
  scene_.settle();

  EXPECT_EQ(tries, (std::vector<int>{10, 30, 70, 150, 310, 630}));
  EXPECT_EQ(scene_.heard(), Numbers{1});
  EXPECT_EQ(scene_.client.counters().connection.resumed, 0U);
}

TEST_P(Upgrade, LeavesTheSessionOnHttpWhenTheSocketPassesNothing) {
  scene_.server.sockets = Sockets::Mute;

  scene_.advance(kFirstTry);
  scene_.deliver(1);
  scene_.say("p2", 1);
  scene_.advance(kMute);
  scene_.deliver(2);
  scene_.settle();

  EXPECT_EQ(scene_.client.transport(), http_);
  EXPECT_EQ(scene_.heard(), (Numbers{1, 2}));
  EXPECT_EQ(scene_.said(), Numbers{1});
}

TEST_P(Upgrade, StartsNoPollThatWouldTakeTheSessionBackWhileHelloIsSaid) {
  scene_.server.sockets = Sockets::Mute;
  scene_.advance(10s);
  const auto before = receives();

  scene_.deliver(1);
  scene_.advance(3'999ms);
  EXPECT_EQ(receives(), before);
  scene_.deliver(2);
  scene_.advance(1ms);

  EXPECT_EQ(scene_.client.transport(), http_);
  EXPECT_EQ(scene_.heard(), (Numbers{1, 2}));
}

TEST_P(Upgrade, CostsOneReconnectWhenHelloEndsTheReceiveAndIsNeverAnswered) {
  scene_.server.sockets = Sockets::Deaf;

  scene_.advance(kFirstTry);
  scene_.deliver(1);
  scene_.say("p2", 1);
  scene_.advance(kMute + kLongestBackoff);

  EXPECT_EQ(scene_.client.transport(), http_);
  EXPECT_EQ(scene_.client.state(), ClientState::Open);
  EXPECT_EQ(scene_.heard(), Numbers{1});
  EXPECT_EQ(scene_.said(), Numbers{1});
}

TEST_P(Upgrade, IsTriedAtOnceAfterWakingUp) {
  scene_.server.sockets = Sockets::Work;

  scene_.client.wake(scene_.now());
  scene_.settle();

  EXPECT_EQ(scene_.client.transport(), TransportKind::WebSocket);
}

TEST_P(Upgrade, EndsWithTheClient) {
  scene_.server.sockets = Sockets::Hang;
  scene_.advance(kFirstTry);

  scene_.client.stop(scene_.now());
  scene_.settle();

  EXPECT_TRUE(scene_.server.sessions.empty());
  EXPECT_EQ(scene_.client.next_deadline(), std::nullopt);
}

TEST(ShortSockets, GiveWayToHttpForAWhile) {
  ClientScene scene;
  scene.random.set_fraction(0.01);
  scene.start();

  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(scene.client.transport(), TransportKind::WebSocket);
    scene.server.drop_connections();
    scene.advance(1s);
  }

  EXPECT_EQ(scene.client.transport(), TransportKind::EventStream);
  scene.advance(kFirstTry);
  EXPECT_EQ(scene.client.transport(), TransportKind::WebSocket);
  scene.advance(10'001ms);
  scene.server.drop_connections();
  scene.advance(1s);
  EXPECT_EQ(scene.client.transport(), TransportKind::WebSocket);
}

}  // namespace
}  // namespace icebreaker::signaling_client
