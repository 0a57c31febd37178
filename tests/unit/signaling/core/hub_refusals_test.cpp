// What a refusal for a rate does to the messages around it.
#include "tests/unit/signaling/core/hub_rates_fixture.hpp"

namespace icebreaker::signaling::testing {
namespace {

TEST_F(HubRatesTest, RefusesWhatWaitsBehindARefusedJoin) {
  limit([](HubConfig& config) { config.joins_per_minute = 1; });
  TestClient ann = hello();
  shell_.state().delay();
  say(ann, client::Watch{{"eve"}});
  say(ann, client::Join{"lobby", "", {}});
  say(ann, client::Leave{});
  say(ann, client::Join{"other", "", {}});
  say(ann, client::Watch{{"bob"}});
  shell_.state().release();

  const auto messages = take(ann);
  ASSERT_EQ(messages.size(), 4U);
  EXPECT_EQ(std::get<server::UserPresence>(messages[0].message).user, "eve");
  EXPECT_EQ(std::get<server::Joined>(messages[1].message).room, "lobby");
  EXPECT_EQ(std::get<server::Error>(messages[2].message).code, ErrorCode::RateLimited);
  EXPECT_EQ(std::get<server::Error>(messages[2].message).n, 4U);
  EXPECT_EQ(std::get<server::Error>(messages[3].message).code, ErrorCode::RateLimited);
  EXPECT_EQ(std::get<server::Error>(messages[3].message).n, 5U);
  EXPECT_EQ(std::get<server::Error>(messages[3].message).retry_after, 60s);
  EXPECT_EQ(joins_refused(ErrorCode::RateLimited), 1U);
  shell_.advance(1s);
  take(ann);  // an ack
  say(ann, client::Watch{{"bob"}});
  EXPECT_EQ(only<server::UserPresence>(ann).user, "bob");
}

// At 2 a second a message would be let through after each half second: the receiver would get every
// second one of them.
TEST_F(HubRatesTest, LetsNoMessagePassAnotherThatWasRefused) {
  limit([](HubConfig& config) { config.messages_per_second = 2; });
  auto [ann, bob] = pair();
  for (int n = 0; n < 7; ++n) signal(ann, bob, "{}");
  EXPECT_EQ(take(bob).size(), 7U);
  EXPECT_TRUE(take(ann).empty());

  EXPECT_EQ(refused(ann, client::Watch{{"eve"}}).retry_after, 1s);
  shell_.advance(600ms);
  take(ann);  // an ack
  EXPECT_EQ(refused(ann, client::Watch{{"eve"}}).retry_after, 400ms);
  EXPECT_EQ(refused(ann, client::Join{"lobby", "", {}}).retry_after, 400ms);
  EXPECT_EQ(limited(Limited::Message), 3U);
  EXPECT_EQ(joins_refused(ErrorCode::RateLimited), 1U);
  shell_.advance(400ms);
  take(ann);
  take(bob);
  signal(ann, bob, R"({"late":1})");
  EXPECT_EQ(only<server::Signal>(bob).data, R"({"late":1})");
}

TEST_F(HubRatesTest, CountsRefusedJoinsByTheirReason) {
  limit([](HubConfig& config) { config.joins_per_minute = 4; });
  const TestClient ann = open_by_http();
  const std::vector<std::string> messages{
      R"({"type":"match","n":1,"queue":"chess"})",
      R"({"type":"join","n":2,"room":"lobby"})",  // refused: it is matching
      R"({"type":"match-cancel","n":3,"queue":"chess"})", R"({"type":"join","n":4,"room":"lobby"})",
      R"({"type":"match","n":5,"queue":"chess"})"};  // refused likewise, but no join
  EXPECT_EQ(shell_.response(shell_.post(path_of(ann), post_body(ann, messages)))->status, 202);
  EXPECT_EQ(joins_refused(ErrorCode::AlreadyJoined), 1U);

  const std::vector<std::string> more(3, R"({"type":"join","n":6,"room":"lobby"})");
  EXPECT_EQ(shell_.response(shell_.post(path_of(ann), post_body(ann, more)))->status, 429);
  EXPECT_EQ(joins_refused(ErrorCode::RateLimited), 3U);
}

TEST_F(HubRatesTest, ForgetsAChargeWhoseConnectionIsGone) {
  limit([](HubConfig& config) { config.joins_per_minute = 1; });
  TestClient ann = hello();
  shell_.state().delay();
  say(ann, client::Join{"lobby", "", {}});
  shell_.hang_up(ann.connection);
  shell_.state().release();

  const TestClient again = hello(resume_of(ann, 0));
  EXPECT_EQ(again.welcome.received, 0U);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
