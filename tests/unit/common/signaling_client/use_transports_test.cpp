// Moving among transports by will, and what a wake-up does.
#include <gtest/gtest.h>

#include "tests/support/client_scene.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
using testing::ClientScene;
using Sockets = testing::ModelSignalServer::Sockets;
using Numbers = std::vector<int>;
namespace server = signaling::server;

TEST(UseTransports, HoldsAPickAndGoesBackToTheBestWhenItIsGivenUp) {
  ClientScene scene;
  scene.start();
  for (const TransportChoice& choice : testing::kEachTransport) {
    scene.client.use_transports(scene.now(), choice);
    scene.deliver(1);
    scene.advance(60s);
    EXPECT_EQ(scene.client.transport(), choice.best());
  }
  const auto sockets = scene.server.opened_sockets.size();
  EXPECT_EQ(sockets, 1U);

  scene.client.use_transports(scene.now(), TransportChoice::kAny);
  scene.settle();

  EXPECT_EQ(scene.client.transport(), TransportKind::WebSocket);
  EXPECT_EQ(scene.server.sessions.size(), 1U);
}

TEST(UseTransports, DoesNothingWhenTheSessionRunsOnTheBestAlready) {
  ClientScene scene;
  scene.start();

  scene.client.use_transports(scene.now(), {.event_stream = false});
  scene.settle();

  EXPECT_EQ(scene.server.hellos.size(), 1U);
}

TEST(UseTransports, ConnectsNothingBeforeTheStartAndAfterTheEnd) {
  ClientScene scene;
  scene.client.use_transports(scene.now(), TransportChoice::kLongPollOnly);
  scene.settle();
  EXPECT_TRUE(scene.server.hellos.empty());
  scene.start();
  EXPECT_EQ(scene.client.transport(), TransportKind::LongPoll);
  scene.client.stop(scene.now());

  scene.client.use_transports(scene.now(), TransportChoice::kWebSocketOnly);
  scene.settle();

  EXPECT_EQ(scene.client.state(), ClientState::Stopped);
  EXPECT_EQ(scene.server.hellos.size(), 1U);
}

TEST(UseTransports, EndsATryToGoBackToWebSocket) {
  for (const Sockets sockets : {Sockets::Hang, Sockets::Mute, Sockets::Deaf}) {
    ClientScene scene;
    scene.server.sockets = Sockets::Refused;
    scene.start();
    scene.server.sockets = sockets;
    scene.advance(10s);

    scene.client.use_transports(scene.now(), TransportChoice::kEventStreamOnly);
    scene.deliver(1);
    scene.advance(15s);
    const auto opened = scene.server.opened_sockets.size();
    scene.advance(600s);

    EXPECT_EQ(scene.client.transport(), TransportKind::EventStream);
    EXPECT_EQ(scene.heard(), Numbers{1});
    EXPECT_EQ(scene.server.opened_sockets.size(), opened);
  }
}

TEST(Wake, LeavesAServerAloneThatAskedForIt) {
  for (const TransportChoice& choice : testing::kEachTransport) {
    ClientScene scene{choice};
    scene.random.set_fraction(0.0);
    scene.server.refusal =
        server::Error{signaling::ErrorCode::Unavailable, "later", {}, {}, 7'000ms};
    scene.start();
    const auto hellos = scene.server.hellos.size();

    scene.client.wake(scene.now());
    scene.client.use_transports(scene.now(), choice);
    scene.advance(6'999ms);
    EXPECT_EQ(scene.server.hellos.size(), hellos);
    scene.server.refusal.reset();
    scene.advance(1ms);

    EXPECT_EQ(scene.client.state(), ClientState::Open);
  }
}

TEST(Wake, AsksAnewSinceTheOpenRequestMayBeDead) {
  for (const auto& choice : {TransportChoice::kEventStreamOnly, TransportChoice::kLongPollOnly}) {
    ClientScene scene{choice};
    scene.start();
    scene.advance(2s);
    scene.server.forget_receive();
    scene.deliver(1);
    scene.settle();
    EXPECT_EQ(scene.heard(), Numbers{});

    scene.client.wake(scene.now());
    scene.settle();

    EXPECT_EQ(scene.heard(), Numbers{1});
    EXPECT_EQ(scene.server.hellos.size(), 1U);
  }
}

TEST(Goaway, IsDoneWhenTheSessionMovedByItself) {
  ClientScene scene;
  scene.server.sockets = Sockets::Refused;
  scene.start();
  scene.advance(9s);
  scene.server.send_unnumbered(server::Goaway{10s});
  scene.server.sockets = Sockets::Work;

  scene.advance(60s);

  EXPECT_EQ(scene.client.transport(), TransportKind::WebSocket);
  EXPECT_EQ(scene.server.hellos.size(), 2U);
}

}  // namespace
}  // namespace icebreaker::signaling_client
