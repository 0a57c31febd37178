// Which transport the client takes, and when.
#include <gtest/gtest.h>

#include "tests/support/client_scene.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
using testing::ClientScene;
using Sockets = testing::ModelSignalServer::Sockets;

constexpr auto kWebSocket = TransportKind::WebSocket;
constexpr auto kEventStream = TransportKind::EventStream;

TEST(ChooseTransport, TakesAWebSocketThatWorksAndAsksNothingOverHttp) {
  ClientScene scene;

  scene.start();

  EXPECT_EQ(scene.client.state(), ClientState::Open);
  EXPECT_EQ(scene.client.transport(), kWebSocket);
  EXPECT_TRUE(scene.server.requests.empty());
}

TEST(ChooseTransport, TakesAnEventStreamAtOnceWhenAWebSocketIsRefused) {
  ClientScene scene;
  scene.server.sockets = Sockets::Refused;

  scene.start();

  EXPECT_EQ(scene.client.transport(), kEventStream);
  EXPECT_EQ(scene.server.hellos.size(), 1U);
}

TEST(ChooseTransport, TakesAnEventStreamAfterASecondWhenAWebSocketHangs) {
  ClientScene scene;
  scene.server.sockets = Sockets::Hang;
  scene.start();

  scene.advance(999ms);
  EXPECT_EQ(scene.client.state(), ClientState::Connecting);
  scene.advance(1ms);

  EXPECT_EQ(scene.client.transport(), kEventStream);
}

TEST(ChooseTransport, LeavesAWebSocketThatOpensAndPassesNothingWithOneSessionOnly) {
  ClientScene scene;
  scene.server.sockets = Sockets::Mute;
  scene.start();

  scene.advance(5s);

  EXPECT_EQ(scene.client.transport(), kEventStream);
  EXPECT_EQ(scene.server.sessions.size(), 1U);
}

TEST(ChooseTransport, KeepsAFixedTransportForGood) {
  ClientScene socket_only{TransportChoice::kWebSocketOnly};
  ClientScene stream_only{TransportChoice::kEventStreamOnly};
  ClientScene poll_only{TransportChoice::kLongPollOnly};
  for (ClientScene* scene : {&socket_only, &stream_only, &poll_only}) {
    scene->start();
    scene->advance(60s);
    scene->server.drop_connections();
    scene->advance(60s);
  }

  EXPECT_EQ(socket_only.client.transport(), kWebSocket);
  EXPECT_TRUE(socket_only.server.requests.empty());
  EXPECT_EQ(stream_only.client.transport(), kEventStream);
  EXPECT_TRUE(stream_only.server.opened_sockets.empty());
  EXPECT_EQ(poll_only.client.transport(), TransportKind::LongPoll);
  EXPECT_TRUE(poll_only.server.opened_sockets.empty());
}

TEST(ChooseTransport, SaysTheStateAtEachChange) {
  ClientScene scene;
  scene.random.set_fraction(0.0);
  scene.start();
  scene.server.drop_connections();
  scene.settle();

  std::vector<ClientState> states;
  for (const Notice& each : scene.server.notices) {
    if (const auto* changed = std::get_if<notice::StateChanged>(&each)) {
      states.push_back(changed->state);
    }
  }

  EXPECT_EQ(states,
            (std::vector{ClientState::Connecting, ClientState::Open, ClientState::Reconnecting}));
}

}  // namespace
}  // namespace icebreaker::signaling_client
