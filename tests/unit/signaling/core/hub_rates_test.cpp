// What the hub limits, and how a refusal reaches the client.
#include "tests/unit/signaling/core/hub_rates_fixture.hpp"

namespace icebreaker::signaling::testing {
namespace {

constexpr std::string_view kHello = R"({"type":"hello","protocol":1})";

TEST_F(HubRatesTest, LimitsOpensPerAddressOnAllTransports) {
  limit([](HubConfig& config) { config.opens_per_minute = 2; });
  hello();
  EXPECT_EQ(shell_.response(shell_.open(kHello))->status, 201);

  const auto response = shell_.response(shell_.open(kHello));
  EXPECT_EQ(response->status, 429);
  EXPECT_EQ(response->retry_after, 30s);
  EXPECT_EQ(error_of(response), ErrorCode::RateLimited);
  const ConnectionId connection = shell_.connect();
  shell_.send(connection, kHello);
  EXPECT_EQ(std::get<server::Error>(shell_.received(connection).at(0).message).retry_after, 30s);
  EXPECT_EQ(shell_.closed(connection), CloseCode::RateLimited);
  EXPECT_EQ(limited(Limited::Open), 2U);
  come_from("127.0.0.2");
  EXPECT_EQ(shell_.response(shell_.open(kHello))->status, 201);
  come_from("127.0.0.1");
  shell_.advance(30s);
  EXPECT_EQ(shell_.response(shell_.open(kHello))->status, 201);
}

TEST_F(HubRatesTest, CountsANetworkOfIpv6AsOne) {
  limit([](HubConfig& config) { config.opens_per_minute = 1; });
  come_from("2001:db8:0:1::1");
  EXPECT_EQ(shell_.response(shell_.open(kHello))->status, 201);

  come_from("2001:db8:0:1:ffff::2");
  EXPECT_EQ(shell_.response(shell_.open(kHello))->status, 429);
  come_from("2001:db8:0:2::1");
  EXPECT_EQ(shell_.response(shell_.open(kHello))->status, 201);
  come_from("192.0.2.1");
  EXPECT_EQ(shell_.response(shell_.open(kHello))->status, 201);
  come_from("::ffff:192.0.2.1");
  EXPECT_EQ(shell_.response(shell_.open(kHello))->status, 429);
}

TEST_F(HubRatesTest, LimitsJoinsAndMatches) {
  limit([](HubConfig& config) {
    config.joins_per_minute = 2;
    config.matches_per_minute = 1;
  });
  TestClient ann = hello();
  join_and_leave(ann);
  join_and_leave(ann);

  EXPECT_EQ(refused(ann, client::Join{"lobby", "", {}}).retry_after, 30s);
  EXPECT_EQ(limited(Limited::Join), 1U);
  shell_.advance(1s);  // what is sent behind a refusal is refused
  take(ann);           // an ack
  say(ann, client::Match{"chess", 2, {}});
  only<server::Matching>(ann);
  TestClient bob = hello();
  EXPECT_EQ(refused(bob, client::Match{"chess", 2, {}}).retry_after, 60s);
  EXPECT_EQ(limited(Limited::Match), 1U);
  EXPECT_EQ(joins_refused(ErrorCode::RateLimited), 1U);
}

TEST_F(HubRatesTest, AnswersAPostWithTooManyJoinsWith429AndTakesNothing) {
  limit([](HubConfig& config) { config.joins_per_minute = 2; });
  const TestClient ann = open_by_http();
  const std::vector<std::string> join{R"({"type":"join","n":1,"room":"lobby"})",
                                      R"({"type":"leave","n":2})"};
  const std::vector<std::string> more{R"({"type":"join","n":3,"room":"lobby"})",
                                      R"({"type":"leave","n":4})",
                                      R"({"type":"join","n":5,"room":"lobby"})"};
  EXPECT_EQ(shell_.response(shell_.post(path_of(ann), post_body(ann, join)))->status, 202);

  const auto refused = shell_.response(shell_.post(path_of(ann), post_body(ann, more)));
  EXPECT_EQ(refused->status, 429);
  EXPECT_EQ(refused->retry_after, 30s);

  shell_.advance(30s);
  const auto taken = shell_.response(shell_.post(path_of(ann), post_body(ann, more)));
  EXPECT_EQ(taken->status, 202);
  EXPECT_EQ(decode_received(taken->body), 5U);
}

TEST_F(HubRatesTest, ResumesAreNoOpens) {
  limit([](HubConfig& config) { config.opens_per_minute = 1; });
  TestClient ann = hello();

  for (int i = 0; i < 5; ++i) ann = hello(resume_of(ann, 0));

  EXPECT_TRUE(ann.welcome.resumed);
  EXPECT_EQ(limited(Limited::Open), 0U);
}

TEST_F(HubRatesTest, LimitsAllThatAsksTheStatePerAddress) {
  const TestClient ann = open_by_http();
  limit([](HubConfig& config) { config.messages_per_second_per_address = 1; });
  for (int i = 0; i < 4; ++i) hello(resume_of(ann, 0));

  const std::vector requests{
      shell_.open(R"({"type":"hello","protocol":1})"), shell_.poll(path_of(ann), epoch_of(ann)),
      shell_.events(path_of(ann), epoch_of(ann)), shell_.remove(path_of(ann), epoch_of(ann))};

  for (const ConnectionId request : requests) {
    const auto response = shell_.response(request);
    ASSERT_TRUE(response);
    EXPECT_EQ(response->status, 429);
    EXPECT_EQ(response->retry_after, 1s);
  }
  const ConnectionId connection = shell_.connect();
  shell_.send(connection, {std::nullopt, resume_of(ann, 0)});
  EXPECT_EQ(std::get<server::Error>(shell_.received(connection).at(0).message).code,
            ErrorCode::RateLimited);
  EXPECT_EQ(shell_.closed(connection), CloseCode::RateLimited);
  EXPECT_EQ(limited(Limited::Request), 5U);
  come_from("192.0.2.7");
  EXPECT_TRUE(hello(resume_of(ann, 0)).welcome.resumed);
}

TEST_F(HubRatesTest, LetsManyBehindOneAddressHaveARateEach) {
  limit([](HubConfig& config) {
    config.messages_per_second = 1;
    config.messages_per_second_per_address = 3;
  });
  std::vector<TestClient> office;
  for (int i = 0; i < 3; ++i) office.push_back(hello());  // hellos count for the address, too
  for (TestClient& each : office) {
    for (int n = 0; n < 3; ++n) say(each, client::Watch{{"eve"}});
    const auto answers = take(each);
    ASSERT_EQ(answers.size(), 3U);
    EXPECT_TRUE(std::holds_alternative<server::UserPresence>(answers.back().message));
  }

  refused(office[0], client::Watch{{"eve"}});
  EXPECT_EQ(shell_.response(shell_.open(kHello))->status, 429);
}

TEST_F(HubRatesTest, ChargesARepeatedJoinOnce) {
  limit([](HubConfig& config) { config.joins_per_minute = 1; });
  TestClient ann = hello();
  say(ann, client::Join{"lobby", "", {}});
  only<server::Joined>(ann);

  shell_.send(ann.connection, {1, client::Join{"lobby", "", {}}});

  EXPECT_TRUE(take(ann).empty());
  EXPECT_EQ(limited(Limited::Join), 0U);
}

TEST_F(HubRatesTest, AnswersAMessageAboveTheRateUnderItsNumber) {
  limit([](HubConfig& config) { config.messages_per_second = 2; });
  TestClient ann = hello();
  for (int n = 1; n <= 8; ++n) say(ann, client::Watch{{"eve"}});
  EXPECT_EQ(take(ann).size(), 8U);

  EXPECT_EQ(refused(ann, client::Watch{{"eve"}}).retry_after, 1s);
  EXPECT_EQ(limited(Limited::Message), 1U);
  shell_.advance(1s);
  take(ann);  // an ack
  say(ann, client::Watch{{"eve"}});
  only<server::UserPresence>(ann);
}

TEST_F(HubRatesTest, CountsMessagesThatCannotBeUsed) {
  limit([](HubConfig& config) { config.messages_per_second = 2; });
  TestClient ann = hello();
  for (int n = 1; n <= 9; ++n) {
    shell_.send(ann.connection, R"({"type":"nonsense","n":)" + std::to_string(++ann.n) + "}");
  }

  const auto messages = take(ann);
  ASSERT_EQ(messages.size(), 9U);
  EXPECT_EQ(std::get<server::Error>(messages[7].message).code, ErrorCode::UnknownType);
  EXPECT_EQ(std::get<server::Error>(messages[8].message).code, ErrorCode::RateLimited);
}

TEST_F(HubRatesTest, CountsMessagesOfASessionWhereverItIs) {
  limit([](HubConfig& config) { config.messages_per_second = 2; });
  TestClient ann = hello();
  for (int n = 1; n <= 8; ++n) say(ann, client::Watch{{"eve"}});
  shell_.hang_up(ann.connection);
  come_from("192.0.2.7");

  TestClient moved = hello(resume_of(ann, 8));

  refused(moved, client::Watch{{"eve"}});
  const auto posted = shell_.response(
      shell_.post(path_of(ann), post_body(ann, {R"({"type":"watch","n":10,"users":["eve"]})"})));
  EXPECT_EQ(posted->status, 429);
  EXPECT_EQ(posted->retry_after, 1s);
}

TEST_F(HubRatesTest, CountsAUserOfATokenWhereverItIs) {
  limit([](HubConfig& config) {
    config.access.auth = AuthMode::Token;
    config.opens_per_minute = 3;
    config.joins_per_minute = 1;
    config.messages_per_second = 1;
  });
  TestClient first = hello_as("ann");
  say(first, client::Join{"lobby", "", {}});
  only<server::Joined>(first);
  say(first, client::Leave{});
  come_from("192.0.2.7");

  TestClient second = hello_as("ann");
  EXPECT_EQ(refused(second, client::Join{"lobby", "", {}}).retry_after, 60s);
  come_from("192.0.2.8");
  TestClient third = hello_as("ann");
  say(third, client::Watch{{"eve"}});
  only<server::UserPresence>(third);
  refused(third, client::Watch{{"eve"}});
  EXPECT_EQ(shell_.response(shell_.open(R"({"type":"hello","protocol":1,"token":"ann"})"))->status,
            429);
}

TEST_F(HubRatesTest, CountsPostsOfAUserWithItsOtherMessages) {
  limit([](HubConfig& config) {
    config.access.auth = AuthMode::Token;
    config.messages_per_second = 1;
  });
  TestClient first = hello_as("ann");
  for (int n = 0; n < 3; ++n) say(first, client::Watch{{"eve"}});
  EXPECT_EQ(take(first).size(), 3U);
  come_from("192.0.2.7");
  const TestClient second = hello_as("ann");
  const auto watch = [&](int n) {
    return shell_.response(shell_.post(
        path_of(second),
        post_body(second, {R"({"type":"watch","users":["eve"],"n":)" + std::to_string(n) + "}"})));
  };

  EXPECT_EQ(watch(1)->status, 202);
  EXPECT_EQ(watch(2)->status, 429);
  EXPECT_EQ(limited(Limited::Message), 1U);
  // What the URL says is no user.
  EXPECT_EQ(shell_.response(shell_.post("user:bob", post_body(second, {})))->status, 404);
  TestClient bob = hello_as("bob");
  for (int n = 0; n < 4; ++n) say(bob, client::Watch{{"eve"}});
  for (const auto& answer : take(bob)) {
    EXPECT_TRUE(std::holds_alternative<server::UserPresence>(answer.message));
  }
}

TEST_F(HubRatesTest, CountsNobodyTogetherBeforeTheirWelcome) {
  limit([](HubConfig& config) { config.messages_per_second = 1; });
  shell_.state().delay();
  std::vector<ConnectionId> early;
  for (int i = 0; i < 6; ++i) {
    early.push_back(shell_.connect());
    shell_.send(early.back(), kHello);
    shell_.send(early.back(), {1, client::Watch{{"eve"}}});
  }
  shell_.state().release();

  for (const ConnectionId connection : early) {
    const auto messages = shell_.received(connection);
    ASSERT_EQ(messages.size(), 2U);
    EXPECT_TRUE(std::holds_alternative<server::UserPresence>(messages[1].message));
  }
}

TEST_F(HubRatesTest, DoesNotCountUsersThatAnybodyMayClaim) {
  limit([](HubConfig& config) { config.opens_per_minute = 1; });
  client::Hello as_ann;
  as_ann.user = "ann";
  hello(as_ann);
  come_from("192.0.2.7");

  hello(as_ann);
}

TEST_F(HubRatesTest, CountsForgedTokensAgainstTheirAddress) {
  limit([](HubConfig& config) {
    config.access.auth = AuthMode::Token;
    config.opens_per_minute = 1;
  });
  const std::string_view forged = R"({"type":"hello","protocol":1,"token":"forged"})";
  EXPECT_EQ(shell_.response(shell_.open(forged))->status, 401);
  EXPECT_EQ(shell_.response(shell_.open(forged))->status, 429);
}

}  // namespace
}  // namespace icebreaker::signaling::testing
