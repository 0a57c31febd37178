// What ends a transport, and what the client makes of it.
#include <gtest/gtest.h>

#include "tests/support/client_scene.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
using testing::ClientScene;
using testing::ModelSignalServer;
using Confirmations = ModelSignalServer::Confirmations;
using Numbers = std::vector<int>;
using signaling::ErrorCode;
namespace server = signaling::server;

constexpr auto kLongestBackoff = 15s;

server::Error error(ErrorCode code) {
  return {code, "told by the test", {}, {}, {}};
}

std::vector<ErrorCode> stops(const ClientScene& scene) {
  std::vector<ErrorCode> codes;
  for (const Notice& each : scene.server.notices) {
    if (const auto* stopped = std::get_if<notice::Stopped>(&each)) {
      codes.push_back(stopped->why.code);
    }
  }
  return codes;
}

TEST(Recovery, MovesFromWebSocketToHttpWithoutLosingOrRepeatingAnything) {
  ClientScene scene;
  scene.start();
  scene.deliver(1);
  scene.settle();
  scene.server.sockets = ModelSignalServer::Sockets::Refused;
  scene.server.confirmations = Confirmations::GetLost;
  scene.say("p2", 10);
  scene.settle();
  scene.server.confirmations = Confirmations::Arrive;
  scene.server.drop_connections();
  scene.deliver(2);

  scene.advance(2s);
  scene.say("p2", 11);
  scene.settle();

  EXPECT_EQ(scene.client.transport(), TransportKind::EventStream);
  EXPECT_EQ(scene.heard(), (Numbers{1, 2}));
  EXPECT_EQ(scene.said(), (Numbers{10, 11}));
}

TEST(Recovery, AcknowledgesWithinASecondOr32Messages) {
  ClientScene scene{TransportChoice::kWebSocketOnly};
  scene.start();

  scene.deliver(1);
  scene.advance(1s);
  EXPECT_EQ(scene.server.session().acknowledged, 1U);
  for (int number = 2; number <= 33; ++number) scene.deliver(number);
  scene.settle();

  EXPECT_EQ(scene.server.session().acknowledged, 33U);
}

TEST(Recovery, GivesUpAWebSocketThatStopsConfirming) {
  ClientScene scene{TransportChoice::kWebSocketOnly};
  scene.start();
  scene.server.confirmations = Confirmations::GetLost;
  scene.say("p2", 1);
  scene.advance(7'999ms);
  EXPECT_EQ(scene.client.state(), ClientState::Open);

  scene.server.confirmations = Confirmations::Arrive;
  scene.advance(1ms);
  EXPECT_EQ(scene.client.state(), ClientState::Reconnecting);
  scene.advance(kLongestBackoff);

  EXPECT_EQ(scene.client.state(), ClientState::Open);
  EXPECT_EQ(scene.said(), Numbers{1});
}

TEST(Recovery, StopsWhenSupersededThreeTimesWithinTenSeconds) {
  ClientScene scene{TransportChoice::kWebSocketOnly};
  scene.random.set_fraction(0.0);
  scene.start();

  for (int round = 0; round < 3; ++round) {
    scene.server.send_unnumbered(error(ErrorCode::Superseded));
    scene.advance(100ms);
  }

  EXPECT_EQ(scene.client.state(), ClientState::Stopped);
  EXPECT_EQ(stops(scene), std::vector{ErrorCode::Superseded});
}

TEST(Recovery, ComesBackWhenSupersededNowAndThen) {
  ClientScene scene{TransportChoice::kWebSocketOnly};
  scene.start();

  for (int round = 0; round < 6; ++round) {
    scene.server.close_socket(4409);
    scene.advance(kLongestBackoff);
  }

  EXPECT_EQ(scene.client.state(), ClientState::Open);
}

TEST(Recovery, MovesBeforeTheInstanceEndsAtAGoaway) {
  ClientScene scene{TransportChoice::kWebSocketOnly};
  scene.start();

  scene.server.send_unnumbered(server::Goaway{4s});
  scene.advance(1'999ms);
  EXPECT_EQ(scene.server.opened_sockets.size(), 1U);
  scene.advance(1ms);

  EXPECT_EQ(scene.server.opened_sockets.size(), 2U);
  EXPECT_EQ(scene.client.state(), ClientState::Open);
  EXPECT_EQ(scene.client.counters().connection.resumed, 1U);
}

TEST(Recovery, LeavesAServerAloneUntilItWantsToBeAskedAgain) {
  ClientScene scene{TransportChoice::kLongPollOnly};
  scene.random.set_fraction(0.0);
  scene.server.refusal = error(ErrorCode::Unavailable);
  scene.server.refusal->retry_after = 7s;
  scene.start();
  scene.advance(6'999ms);
  EXPECT_EQ(scene.server.hellos.size(), 1U);

  scene.server.refusal.reset();
  scene.advance(1ms);

  EXPECT_EQ(scene.client.state(), ClientState::Open);
}

TEST(Recovery, StopsAtOnceWhenTheServerRefusesTheClient) {
  ClientScene scene;
  scene.server.refusal = error(ErrorCode::OriginRefused);

  scene.start();
  scene.advance(60s);

  EXPECT_EQ(stops(scene), std::vector{ErrorCode::OriginRefused});
  EXPECT_EQ(scene.server.hellos.size(), 1U);
  EXPECT_EQ(scene.client.next_deadline(), std::nullopt);
}

TEST(Recovery, WaitsLongerEachTimeAndStartsAnewAfterASteadyConnection) {
  ClientScene scene{TransportChoice::kLongPollOnly};
  scene.random.set_fraction(0.999);
  scene.server.http = ModelSignalServer::Http::Refused;
  scene.start();

  std::vector<std::chrono::milliseconds> waits;
  for (int attempt = 0; attempt < 9; ++attempt) {
    const auto wait = *scene.client.next_deadline() - scene.now().mono;
    waits.push_back(std::chrono::floor<std::chrono::milliseconds>(wait));
    scene.advance(waits.back());
  }
  scene.server.http = ModelSignalServer::Http::Works;
  scene.advance(kLongestBackoff);
  scene.advance(15s);
  scene.server.drop_connections();
  scene.settle();

  waits.resize(5);
  EXPECT_EQ(waits,
            (std::vector<std::chrono::milliseconds>{499ms, 999ms, 1'998ms, 3'996ms, 7'992ms}));
  EXPECT_EQ(*scene.client.next_deadline() - scene.now().mono, 499ms);
}

TEST(Recovery, SkipsAGapByResuming) {
  ClientScene scene{TransportChoice::kWebSocketOnly};
  scene.start();
  scene.deliver(1);
  scene.settle();
  ++scene.server.session().seq;
  scene.deliver(3);
  scene.settle();

  EXPECT_EQ(scene.heard(), Numbers{1});
  EXPECT_EQ(scene.client.state(), ClientState::Reconnecting);
  EXPECT_EQ(scene.client.counters().connection.gaps, 1U);
}

TEST(Recovery, GoesAroundAnIntermediaryThatAnswersHeldPollsAtOnce) {
  ClientScene scene{TransportChoice::kLongPollOnly};
  scene.start();
  const auto polls = [&] {
    return std::ranges::count_if(scene.server.requests,
                                 [](const auto& each) { return each.starts_with("GET"); });
  };
  const auto before = polls();

  for (int i = 0; i < 20; ++i) {
    scene.server.answer_poll_early();
    scene.advance(100ms);
  }

  EXPECT_LE(polls() - before, 4);
}

TEST(Recovery, AcknowledgesMessagesOfANewerServer) {
  ClientScene scene;
  scene.start();

  scene.server.deliver_text(R"({"type":"weather"})");
  scene.deliver(1);
  scene.advance(1s);

  EXPECT_EQ(scene.heard(), Numbers{1});
  EXPECT_EQ(scene.server.session().acknowledged, 2U);
  EXPECT_EQ(scene.client.counters().connection.gaps, 0U);
}

TEST(Recovery, StopsAfterThreeMessagesInARowThatAreNone) {
  ClientScene scene{TransportChoice::kWebSocketOnly};
  scene.random.set_fraction(0.0);
  scene.start();

  for (int round = 0; round < 3; ++round) {
    scene.server.deliver_text("[]");
    scene.advance(10s);
  }

  EXPECT_EQ(stops(scene), std::vector{ErrorCode::BadMessage});
}

}  // namespace
}  // namespace icebreaker::signaling_client
