// Messages that the server refuses for their rate.
#include <numeric>

#include <gtest/gtest.h>

#include "tests/support/client_scene.hpp"

namespace icebreaker::signaling_client {
namespace {

using namespace std::chrono_literals;
using testing::ClientScene;
namespace client = signaling::client;
namespace server = signaling::server;

std::vector<int> up_to(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 1);
  return numbers;
}

class Throttle : public ::testing::TestWithParam<TransportChoice> {};

INSTANTIATE_TEST_SUITE_P(Over, Throttle, ::testing::ValuesIn(testing::kEachTransport),
                         [](const auto& each) { return testing::name_of(each.param); });

TEST_P(Throttle, SendsAgainInOrderAndTheApplicationHearsNoError) {
  ClientScene scene{GetParam()};
  scene.random.set_fraction(0.0);
  scene.start();
  scene.server.budget = 3;
  scene.client.send(scene.now(), client::Join{"lobby", "", {}});
  for (const int number : up_to(5)) scene.say("p2", number);
  scene.settle();
  scene.say("p2", 6);
  scene.advance(699ms);
  ASSERT_EQ(scene.said(), up_to(2));

  scene.server.budget = UINT32_MAX;
  scene.advance(1ms);

  EXPECT_EQ(scene.said(), up_to(6));
  EXPECT_EQ(scene.client.counters().throttled, 3U);
  ASSERT_EQ(scene.server.received().size(), 1U);
  EXPECT_TRUE(std::holds_alternative<server::Joined>(scene.server.received().front()));
}

TEST(Throttling, TriesAJoinAgain) {
  ClientScene scene;
  scene.start();
  scene.server.budget = 0;
  scene.server.retry_after = 5s;
  scene.client.send(scene.now(), client::Join{"lobby", "", {}});
  scene.settle();
  scene.server.budget = 1;

  scene.advance(7s);

  EXPECT_EQ(scene.client.room().room(), "lobby");
}

TEST(Throttling, SendsSmallBatchesUntilNothingWaits) {
  ClientScene scene;
  scene.random.set_fraction(0.0);
  scene.start();
  scene.server.budget = 0;
  for (const int number : up_to(40)) scene.say("p2", number);
  scene.settle();
  scene.server.budget = UINT32_MAX;

  scene.advance(700ms);
  EXPECT_EQ(scene.said().size(), 16U);
  scene.advance(500ms);
  EXPECT_EQ(scene.said().size(), 32U);
  scene.advance(1s);
  for (const int number : {41, 42}) scene.say("p2", number);
  scene.settle();

  EXPECT_EQ(scene.said(), up_to(42));
}

TEST(Throttling, TellsOfARefusalWhoseMessageIsNotKnown) {
  ClientScene scene;
  scene.start();
  const server::Error refusal{signaling::ErrorCode::RateLimited, "slower", 77, {}, 10ms};

  scene.server.deliver(refusal);
  scene.settle();

  EXPECT_EQ(scene.server.received(), std::vector<signaling::ServerMessage>{refusal});
}

TEST(Throttling, DoesNotKeepTheEndFromBeingSaid) {
  ClientScene scene{TransportChoice::kWebSocketOnly};
  scene.start();
  scene.server.budget = 0;
  scene.say("p2", 1);
  scene.settle();
  scene.server.budget = UINT32_MAX;

  scene.client.stop(scene.now());
  scene.settle();

  EXPECT_TRUE(scene.server.sessions.empty());
  EXPECT_EQ(scene.client.next_deadline(), std::nullopt);
}

}  // namespace
}  // namespace icebreaker::signaling_client
